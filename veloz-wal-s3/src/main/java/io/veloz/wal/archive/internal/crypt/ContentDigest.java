package io.veloz.wal.archive.internal.crypt;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;

/**
 * The digest of content in the clear, as a slot states it: SHA-256, or HMAC-SHA-256 under the data key if the content is
 * encrypted. With a plain digest a reader of the slots could test a guess of the content. Confined
 * to one thread.
 */
public final class ContentDigest {
    private static final int BUFFER_BYTES = 64 * 1024;

    private final @Nullable MessageDigest plain;
    private final @Nullable Mac keyed;

    private ContentDigest(@Nullable MessageDigest plain, @Nullable Mac keyed) {
        this.plain = plain;
        this.keyed = keyed;
    }

    /** Returns the digest of content that is not encrypted. */
    public static ContentDigest plain() {
        try {
            return new ContentDigest(MessageDigest.getInstance("SHA-256"), null);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    static ContentDigest keyed(Mac mac) {
        return new ContentDigest(null, mac);
    }

    /** Returns a digest of the same content so far. */
    public ContentDigest copy() {
        try {
            return new ContentDigest(
                    plain == null ? null : (MessageDigest) plain.clone(), keyed == null ? null : (Mac) keyed.clone());
        } catch (CloneNotSupportedException e) {
            throw new AssertionError("the digests of the Java platform can be copied", e);
        }
    }

    public void update(byte[] bytes, int from, int length) {
        if (plain != null) {
            plain.update(bytes, from, length);
        } else if (keyed != null) {
            keyed.update(bytes, from, length);
        }
    }

    public void update(ByteBuffer bytes) {
        if (plain != null) {
            plain.update(bytes);
        } else if (keyed != null) {
            keyed.update(bytes);
        }
    }

    /** Adds a number of bytes of a stream. Returns false if it ends before. */
    public boolean update(InputStream in, long length) throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        for (long left = length; left > 0; ) {
            int count = in.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (count < 0) {
                return false;
            }
            update(buffer, 0, count);
            left -= count;
        }
        return true;
    }

    /** Returns the digest of a stream, which is read to its end. */
    public String of(InputStream in) throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            update(buffer, 0, count);
        }
        return hex();
    }

    /** Returns the digest of all bytes that were added since the last call, as 64 hex digits. */
    public String hex() {
        byte[] digest =
                plain != null ? plain.digest() : Objects.requireNonNull(keyed).doFinal();
        return HexFormat.of().formatHex(digest);
    }
}
