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
 * The body of an answer, which must be as long as its head said: the JDK's own client takes a connection that ends early
 * for the end. It belongs to one thread at a time.
 *
 * <p>A body that comes a byte a second is never silent, and would take days: below {@link #SLOWEST_BYTES_PER_SECOND}, over
 * half a minute of waiting, it ends with an error. Time between two reads is the reader's, and does not count.
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
    public int read(byte[] target, int offset, int wanted) throws IOException {
        Objects.checkFromIndexSize(offset, wanted, target.length);
        if (wanted == 0) {
            return 0;
        }
        int read;
        // The SDK gives up in an interrupted thread, and takes the flag away.
        boolean wasInterrupted = Thread.interrupted();
        long before = nanoTime.getAsLong();
        try {
            read = body.read(target, offset, wanted);
        } catch (AbortedException e) {
            wasInterrupted = true;
            throw new IOException("interrupted while reading " + what, e);
        } catch (IOException | SdkException e) {
            throw new IOException("cannot read on in " + what + " at " + count + " of " + length + " bytes: " + e, e);
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
            throw new IOException(what + " has more than the " + length + " bytes it said");
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
                    + " s, at " + count + " of " + length + "; expected " + SLOWEST_BYTES_PER_SECOND
                    + " bytes a second or more");
        }
        windowNanos = 0;
        windowBytes = 0;
    }

    @Override
    public void close() throws IOException {
        if (count < length) {
            // Else the rest would be fetched, only to use the connection again.
            body.abort();
        } else {
            body.close();
        }
    }
}
