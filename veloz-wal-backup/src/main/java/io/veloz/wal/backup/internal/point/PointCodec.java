package io.veloz.wal.backup.internal.point;

import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.internal.store.Digests;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The bytes of a recovery point: two skippable frames of LZ4 (magic, length, content), the first with a JSON object, the
 * second with the SHA-256 of the first frame. So it has the form of a slot of the archive, and every lz4 tool skips it.
 * Stateless.
 */
final class PointCodec {
    /** A point of 60,000 chunks, which is 3.8 TB, has some 6 MB. */
    static final int MAX_BYTES = 16 * 1024 * 1024;

    private static final int HEAD_MAGIC = 0x184D2A57;
    private static final int DIGEST_MAGIC = 0x184D2A58;
    private static final int FRAME_HEADER_BYTES = 8;
    private static final int DIGEST_BYTES = 32;

    private PointCodec() {}

    // ---- write

    static byte[] encode(RecoveryPoint point) {
        byte[] head = PointJson.write(point);
        ByteBuffer out = ByteBuffer.allocate(2 * FRAME_HEADER_BYTES + head.length + DIGEST_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(HEAD_MAGIC).putInt(head.length).put(head);
        byte[] digest = HexFormat.of().parseHex(Digests.of(Arrays.copyOf(out.array(), out.position())));
        out.putInt(DIGEST_MAGIC).putInt(DIGEST_BYTES).put(digest);
        return out.array();
    }

    // ---- read

    /**
     * Returns the point that the bytes contain.
     *
     * @throws BadPointException if the bytes are not a recovery point of a format that this version knows
     */
    static RecoveryPoint decode(byte[] bytes) throws BadPointException {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < 2 * FRAME_HEADER_BYTES + DIGEST_BYTES || in.getInt(0) != HEAD_MAGIC) {
            throw new BadPointException("is not a recovery point");
        }
        int headBytes = in.getInt(4);
        int digestAt = FRAME_HEADER_BYTES + headBytes;
        if (headBytes < 2 || digestAt != bytes.length - FRAME_HEADER_BYTES - DIGEST_BYTES) {
            throw new BadPointException("has " + bytes.length + " bytes; its head says " + headBytes);
        }
        String computed = Digests.of(Arrays.copyOf(bytes, digestAt));
        String stored = HexFormat.of().formatHex(bytes, digestAt + FRAME_HEADER_BYTES, bytes.length);
        if (in.getInt(digestAt) != DIGEST_MAGIC
                || in.getInt(digestAt + 4) != DIGEST_BYTES
                || !computed.equals(stored)) {
            throw new BadPointException("SHA-256 mismatch: stored " + stored + ", computed " + computed);
        }
        return PointJson.read(bytes, FRAME_HEADER_BYTES, headBytes);
    }
}
