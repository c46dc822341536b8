package io.veloz.wal.archive.internal.format;

import java.io.IOException;
import java.io.InputStream;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/**
 * Decodes the blocks of LZ4 frames, which are independent of each other, one by one. Keeps one compressed block. An instance is
 * confined to one thread.
 */
public final class Lz4Blocks {
    private static final int UNCOMPRESSED = 0x80000000;
    private static final LZ4SafeDecompressor LZ4 = LZ4Factory.safeInstance().safeDecompressor();
    private static final XXHash32 HASH = XXHashFactory.safeInstance().hash32();

    private final long declared;
    private byte[] packed = new byte[0];

    /** @param declared the length of the whole content, for messages */
    public Lz4Blocks(long declared) {
        this.declared = declared;
    }

    /**
     * Decodes the next block of a source.
     *
     * @param target receives the content
     * @param room the maximum length of the content
     * @return the length of the content, at least 1; -1 at the end mark
     * @throws IOException if the block is damaged; exceptions of the source are passed through
     */
    public int next(InputStream source, Lz4FrameHeader header, byte[] target, int from, int room) throws IOException {
        int size = Lz4FrameHeader.readInt(source);
        if (size == 0) {
            return -1;
        }
        int bytes = size & ~UNCOMPRESSED;
        int most = header.maxBlockBytes();
        Lz4FrameHeader.check(bytes > 0 && bytes <= most, "block of " + bytes + " bytes; expected 1 to " + most);
        if (packed.length < bytes) {
            packed = new byte[bytes];
        }
        Lz4FrameHeader.fill(source, packed, 0, bytes);
        if (header.hasBlockChecksums()) {
            boolean same = Lz4FrameHeader.readInt(source) == HASH.hash(packed, 0, bytes, 0);
            Lz4FrameHeader.check(same, "block checksum mismatch");
        }
        int length = unpack((size & UNCOMPRESSED) != 0, bytes, target, from, Math.min(room, most));
        // Empty blocks would let a small object block a reader indefinitely.
        Lz4FrameHeader.check(length > 0, "a block without content");
        return length;
    }

    private int unpack(boolean stored, int bytes, byte[] target, int from, int room) throws IOException {
        if (stored) {
            Lz4FrameHeader.check(bytes <= room, "more content than the " + declared + " bytes declared");
            System.arraycopy(packed, 0, target, from, bytes);
            return bytes;
        }
        try {
            return LZ4.decompress(packed, 0, bytes, target, from, room);
        } catch (LZ4Exception e) {
            throw new IOException(
                    "a block is damaged, or contains more than the " + declared + " bytes declared: " + e.getMessage(),
                    e);
        }
    }
}
