package io.veloz.wal.archive.internal.format;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/**
 * The header of an LZ4 frame. Immutable. Source: the LZ4 frame format description, 1.6.
 *
 * @param hasBlockChecksums whether a checksum follows each block
 * @param hasContentChecksum whether a checksum follows the end mark
 * @param maxBlockBytes the maximum content of a block
 * @param bytes the length of the header
 */
public record Lz4FrameHeader(boolean hasBlockChecksums, boolean hasContentChecksum, int maxBlockBytes, int bytes) {
    private static final int MAGIC = 0x184D2204;
    private static final int[] BLOCK_BYTES = {64 * 1024, 256 * 1024, 1024 * 1024};
    private static final XXHash32 HASH = XXHashFactory.safeInstance().hash32();

    /**
     * Reads a header, and refuses what the archive does not use.
     *
     * @param limit the length of the content; {@link Long#MAX_VALUE} if it is not known
     */
    public static Lz4FrameHeader read(InputStream source, long limit) throws IOException {
        byte[] header = new byte[14];
        int magic = readInt(source);
        check(magic == MAGIC, "magic 0x" + Integer.toHexString(magic) + "; expected 0x184d2204");
        fill(source, header, 0, 2);
        int flags = header[0] & 0xFF;
        int sizes = header[1] & 0xFF;
        int code = (sizes >>> 4) - 4;
        check(flags >>> 6 == 1, "frame version " + (flags >>> 6) + "; expected 1");
        check((flags & 0x20) != 0, "the blocks depend on each other");
        check((flags & 0x03) == 0, "flags 0x" + Integer.toHexString(flags) + ": a dictionary, or a reserved bit");
        check((sizes & 0x8F) == 0, "block size 0x" + Integer.toHexString(sizes) + ": a reserved bit");
        check(code >= 0 && code < BLOCK_BYTES.length, "block size code " + (code + 4) + "; expected 4 to 6");
        int length = 2;
        if ((flags & 0x08) != 0) {
            fill(source, header, 2, 8);
            length = 10;
            long stated = 0;
            for (int i = 9; i >= 2; i--) {
                stated = (stated << 8) | (header[i] & 0xFF);
            }
            // Without a limit the caller does not know the size, and counts the content itself.
            check(
                    limit == Long.MAX_VALUE ? stated >= 0 : stated == limit,
                    "content size " + Long.toUnsignedString(stated) + "; expected " + limit);
        }
        fill(source, header, length, 1);
        int checksum = (HASH.hash(header, 0, length, 0) >>> 8) & 0xFF;
        check((header[length] & 0xFF) == checksum, "header checksum mismatch");
        return new Lz4FrameHeader((flags & 0x10) != 0, (flags & 0x04) != 0, BLOCK_BYTES[code], 4 + length + 1);
    }

    static int readInt(InputStream source) throws IOException {
        byte[] bytes = new byte[4];
        fill(source, bytes, 0, 4);
        return (bytes[0] & 0xFF) | ((bytes[1] & 0xFF) << 8) | ((bytes[2] & 0xFF) << 16) | (bytes[3] << 24);
    }

    static void fill(InputStream source, byte[] target, int from, int length) throws IOException {
        if (source.readNBytes(target, from, length) < length) {
            throw new EOFException("the source ends inside the frame");
        }
    }

    static void check(boolean right, String why) throws IOException {
        if (!right) {
            throw new IOException(why);
        }
    }
}
