package io.veloz.wal.archive.store;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The content of an object to store. It can be read repeatedly, and returns the same bytes every time. */
public interface ObjectContent {
    long length();

    /** The SHA-256 of the content as 64 hex digits. */
    String sha256();

    /** Opens a stream over the whole content. The caller closes it. */
    InputStream open() throws IOException;

    /** Returns content in memory. The array must not be modified afterwards. */
    static ObjectContent of(byte[] bytes) {
        String digest;
        try {
            digest = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
        return new ObjectContent() {
            @Override
            public long length() {
                return bytes.length;
            }

            @Override
            public String sha256() {
                return digest;
            }

            @Override
            public InputStream open() {
                return new ByteArrayInputStream(bytes);
            }
        };
    }
}
