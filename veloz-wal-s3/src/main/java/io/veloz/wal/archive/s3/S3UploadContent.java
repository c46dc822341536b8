package io.veloz.wal.archive.s3;

import io.veloz.wal.archive.store.ObjectContent;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.ContentStreamProvider;

/** The content of an upload, which is read once for the checksum and once to send it. It belongs to one thread. */
final class S3UploadContent implements ContentStreamProvider {
    private final ObjectContent content;
    private @Nullable InputStream open;

    /** The failure of the content itself, which is not an error of the store. */
    private @Nullable IOException failure;

    S3UploadContent(ObjectContent content) {
        this.content = content;
    }

    @Override
    public InputStream newStream() {
        try {
            close();
            InputStream opened = new Checked(content.open());
            open = opened;
            return opened;
        } catch (IOException e) {
            failure = e;
            throw new UncheckedIOException(e);
        }
    }

    /** Computes the Content-MD5, which reads the content once. */
    String md5() {
        try (InputStream in = newStream()) {
            MessageDigest digest = MessageDigest.getInstance("MD5");
            byte[] chunk = new byte[16 * 1024];
            for (int got = in.read(chunk); got >= 0; got = in.read(chunk)) {
                digest.update(chunk, 0, got);
            }
            return Base64.getEncoder().encodeToString(digest.digest());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JVM does not support MD5; use checksumMode crc32c", e);
        }
    }

    @Nullable
    IOException failure() {
        return failure;
    }

    void close() throws IOException {
        InputStream last = open;
        open = null;
        if (last != null) {
            last.close();
        }
    }

    /** Checks that the content has the announced length. */
    private final class Checked extends FilterInputStream {
        private long count;

        Checked(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            try {
                int read = super.read(target, offset, length);
                count += Math.max(0, read);
                if (count > content.length() || (read < 0 && count < content.length())) {
                    throw new IOException("the content has " + count + " bytes or more; expected " + content.length());
                }
                return read;
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }

        @Override
        public boolean markSupported() {
            return false;
        }
    }
}
