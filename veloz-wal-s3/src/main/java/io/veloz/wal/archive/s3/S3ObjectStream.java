package io.veloz.wal.archive.s3;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * The body of an answer, which must be as long as its head said: the JDK's own client takes a connection that ends early
 * for the end. It belongs to one thread at a time.
 */
final class S3ObjectStream extends InputStream {
    private final ResponseInputStream<?> body;
    private final String what;
    private final long length;
    private long count;

    S3ObjectStream(ResponseInputStream<?> body, String what, long length) {
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
        if (count > length) {
            throw new IOException(what + " has more than the " + length + " bytes it said");
        }
        return read;
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
