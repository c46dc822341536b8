package io.veloz.wal.archive.s3;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.function.LongSupplier;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * The body of a response, which must have the announced length: the HTTP client of the JDK reports a connection that is
 * closed early as a normal end. It belongs to one thread at a time.
 *
 * <p>A body of one byte per second never hits a read timeout, and would take days. A transfer rate below
 * {@link #SLOWEST_BYTES_PER_SECOND}, measured over half a minute spent in reads, is an error. Time between reads does not
 * count.
 */
final class S3ObjectStream extends InputStream {
    private static final long WINDOW_NANOS = 30_000_000_000L;
    private static final long SLOWEST_BYTES_PER_SECOND = 1024;

    private final ResponseInputStream<?> body;
    private final String what;
    private final long length;
    private final LongSupplier nanoTime;
    private long count;
    private long windowNanos;
    private long windowBytes;

    S3ObjectStream(ResponseInputStream<?> body, String what, long length) {
        this(body, what, length, System::nanoTime);
    }

    S3ObjectStream(ResponseInputStream<?> body, String what, long length, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.body = body;
        this.what = what;
        this.length = length;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int requested) throws IOException {
        Objects.checkFromIndexSize(offset, requested, target.length);
        if (requested == 0) {
            return 0;
        }
        int read;
        // The SDK aborts in an interrupted thread, and clears the flag.
        boolean wasInterrupted = Thread.interrupted();
        long before = nanoTime.getAsLong();
        try {
            read = body.read(target, offset, requested);
        } catch (AbortedException e) {
            wasInterrupted = true;
            throw new IOException("interrupted while reading " + what, e);
        } catch (IOException | SdkException e) {
            throw new IOException("cannot read " + what + " after " + count + " of " + length + " bytes: " + e, e);
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
        if (read < 0) {
            if (count < length) {
                throw new EOFException(what + " ended after " + count + " bytes; expected " + length);
            }
            return -1;
        }
        count += read;
        checkSpeed(nanoTime.getAsLong() - before, read);
        if (count > length) {
            throw new IOException(what + " has more than the announced " + length + " bytes");
        }
        return read;
    }

    private void checkSpeed(long nanos, int bytes) throws IOException {
        windowNanos += nanos;
        windowBytes += bytes;
        if (windowNanos < WINDOW_NANOS) {
            return;
        }
        if (windowBytes < WINDOW_NANOS / 1_000_000_000L * SLOWEST_BYTES_PER_SECOND) {
            throw new IOException(what + ": got " + windowBytes + " bytes in " + windowNanos / 1_000_000_000L
                    + " s, at " + count + " of " + length + "; expected at least " + SLOWEST_BYTES_PER_SECOND
                    + " bytes a second");
        }
        windowNanos = 0;
        windowBytes = 0;
    }

    @Override
    public void close() throws IOException {
        if (count < length) {
            // Closing would download the rest in order to reuse the connection.
            body.abort();
        } else {
            body.close();
        }
    }
}
