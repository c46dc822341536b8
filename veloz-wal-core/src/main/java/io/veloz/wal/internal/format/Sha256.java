package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A SHA-256 digest (FIPS 180-4). Immutable. */
public record Sha256(long first, long second, long third, long fourth) {
    public static final int BYTES = 32;
    public static final Sha256 ZERO = new Sha256(0, 0, 0, 0);

    public static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    public static Sha256 of(MessageDigest digest) {
        return decode(ByteBuffer.wrap(digest.digest()).order(ByteOrder.LITTLE_ENDIAN), 0);
    }

    /** Returns the digest of the remaining bytes of a buffer, whose position does not change. */
    public static Sha256 of(ByteBuffer bytes) {
        MessageDigest digest = newDigest();
        digest.update(bytes.duplicate());
        return of(digest);
    }

    void encode(ByteBuffer out) {
        out.putLong(first).putLong(second).putLong(third).putLong(fourth);
    }

    static Sha256 decode(ByteBuffer in, int at) {
        return new Sha256(in.getLong(at), in.getLong(at + 8), in.getLong(at + 16), in.getLong(at + 24));
    }

    /** Returns the digest in the output format of sha256sum. */
    @Override
    public String toString() {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        encode(bytes);
        return HexFormat.of().formatHex(bytes.array());
    }
}
