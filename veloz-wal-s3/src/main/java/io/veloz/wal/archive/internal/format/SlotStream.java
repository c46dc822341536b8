package io.veloz.wal.archive.internal.format;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;

/**
 * Computes the digests of a slot while it is read. The digest in the trailer, the last
 * 40 bytes, does not cover the trailer. Its position is known only at the end of the
 * stream, so the digest lags 40 bytes behind. An instance is confined to one thread.
 */
final class SlotStream extends FilterInputStream {
    private final long limit;
    private final MessageDigest digest = Digest.sha256();
    private final byte[] last = new byte[SlotCodec.TRAILER_BYTES];
    private int lastBytes;
    private long total;
    private boolean failed;
    private String sha256 = Digest.NONE;

    SlotStream(InputStream source, long limit) {
        super(source);
        this.limit = limit;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        int got;
        try {
            got = in.read(target, from, (int) Math.min(length, limit + 1 - total));
        } catch (IOException e) {
            failed = true;
            throw e;
        }
        if (got > 0) {
            total += got;
            add(target, from, got);
        }
        return total > limit ? -1 : got;
    }

    /** Reads bytes that are not decoded, so that the digest covers them. */
    void discard(String where, long count) throws IOException {
        byte[] chunk = new byte[(int) Math.min(8192, count)];
        for (long left = count; left > 0; ) {
            int got = read(chunk, 0, (int) Math.min(chunk.length, left));
            if (got < 0) {
                throw new BadObjectException(where + " ends inside the encrypted content");
            }
            left -= got;
        }
    }

    private void add(byte[] bytes, int from, int length) {
        int over = Math.max(0, lastBytes + length - last.length);
        int old = Math.min(over, lastBytes);
        digest.update(last, 0, old);
        digest.update(bytes, from, over - old);
        System.arraycopy(last, old, last, 0, lastBytes - old);
        System.arraycopy(bytes, from + over - old, last, lastBytes - old, length - (over - old));
        lastBytes += length - over;
    }

    /** Returns whether reading the source failed. Then the bytes that were read are no evidence of damage. */
    boolean hasFailed() {
        return failed;
    }

    /** Checks that only the trailer follows. */
    void expectTrailer(String where) throws IOException {
        long content = total;
        skipToEnd();
        if (total - content != last.length) {
            throw new BadObjectException(where + ": " + (total - content) + " bytes after the content; expected the "
                    + last.length + " bytes of the trailer");
        }
    }

    private void skipToEnd() throws IOException {
        byte[] chunk = new byte[8192];
        int got = 0;
        while (got >= 0) {
            got = read(chunk, 0, chunk.length);
        }
    }

    /** Reads to the end, and compares the digest with the one in the trailer. */
    void finish(String where) throws IOException {
        skipToEnd();
        if (total > limit) {
            throw new BadObjectException(where + ": more than " + limit + " bytes");
        }
        ByteBuffer trailer = ByteBuffer.wrap(last).order(ByteOrder.LITTLE_ENDIAN);
        if (lastBytes < last.length
                || trailer.getInt(0) != SlotCodec.DIGEST_MAGIC
                || trailer.getInt(4) != SlotCodec.DIGEST_BYTES) {
            throw new BadObjectException(where + ": " + total + " bytes that do not end with the trailer of a slot");
        }
        byte[] body = cloned(digest).digest();
        byte[] stated = new byte[SlotCodec.DIGEST_BYTES];
        trailer.get(last.length - stated.length, stated);
        if (!MessageDigest.isEqual(body, stated)) {
            throw new BadObjectException(
                    where + ": SHA-256 mismatch: stored " + Digest.hex(stated) + ", computed " + Digest.hex(body));
        }
        digest.update(last);
        sha256 = Digest.hex(digest);
    }

    /** Returns the digest of the whole object, after {@link #finish}. */
    String sha256() {
        return sha256;
    }

    private static MessageDigest cloned(MessageDigest digest) {
        try {
            return (MessageDigest) digest.clone();
        } catch (CloneNotSupportedException e) {
            throw new AssertionError("the SHA-256 of the JDK can be cloned", e);
        }
    }
}
