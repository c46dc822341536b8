package io.veloz.wal.archive.store;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The bytes of an object that is to be stored. They can be read as often as it takes, and are the same every time. */
public interface ObjectContent {
    long length();

    /** Of all bytes, 64 hex digits. */
    String sha256();

    /** From the beginning. Close the stream. */
    InputStream open() throws IOException;

    /** Bytes in memory, which must not change any more. */
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
