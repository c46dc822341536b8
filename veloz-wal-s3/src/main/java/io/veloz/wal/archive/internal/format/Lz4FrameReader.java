package io.veloz.wal.archive.internal.format;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import net.jpountz.xxhash.StreamingXXHash32;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/**
 * Reads the content of exactly one LZ4 frame. An instance is confined to one thread.
 *
 * <p>It is stricter than a general reader, because an archive may be hostile: the content ends at the declared size, blocks
 * have at most 1 MiB, which bounds memory, and no block is empty. It never reads past the end of the frame. An invalid frame
 * is reported as a plain {@link IOException}; exceptions of the source are passed through.
 */
final class Lz4FrameReader extends InputStream {
    private static final int MAGIC = 0x184D2204;
    private static final int UNCOMPRESSED = 0x80000000;
    private static final int[] BLOCK_BYTES = {64 * 1024, 256 * 1024, 1024 * 1024};

    private static final LZ4SafeDecompressor LZ4 = LZ4Factory.safeInstance().safeDecompressor();
    private static final XXHashFactory XXHASH = XXHashFactory.safeInstance();
    private static final XXHash32 HASH = XXHASH.hash32();

    private final InputStream source;
    private final long limit;
    private final boolean aloneInSource;
    private final StreamingXXHash32 contentHash = XXHASH.newStreamingHash32(0);
    private byte[] block = new byte[0];
    private byte[] packed = new byte[0];
    private boolean begun;
    private boolean ended;
    private boolean hasBlockChecksums;
    private boolean hasContentChecksum;
    private int maxBlockBytes;
    private int position;
    private int available;
    private long total;

    /**
     * @param limit the maximum length of the content
     * @param aloneInSource whether bytes after the frame are an error
     */
    Lz4FrameReader(InputStream source, long limit, boolean aloneInSource) {
        this.source = source;
        this.limit = limit;
        this.aloneInSource = aloneInSource;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!begun) {
            readHeader();
            begun = true;
        }
        if (position == available && !ended) {
            readBlock();
        }
        if (position == available) {
            return -1;
        }
        int count = Math.min(length, available - position);
        System.arraycopy(block, position, target, from, count);
        position += count;
        return count;
    }

    private void readHeader() throws IOException {
        byte[] header = new byte[14];
        int magic = readInt();
        check(magic == MAGIC, "magic 0x" + Integer.toHexString(magic) + "; expected 0x184d2204");
        fill(header, 0, 2);
        int flags = header[0] & 0xFF;
        int sizes = header[1] & 0xFF;
        int code = (sizes >>> 4) - 4;
        check(flags >>> 6 == 1, "frame version " + (flags >>> 6) + "; expected 1");
        check((flags & 0x20) != 0, "the blocks depend on each other");
        check((flags & 0x03) == 0, "flags 0x" + Integer.toHexString(flags) + ": a dictionary, or a reserved bit");
        check((sizes & 0x8F) == 0, "block size 0x" + Integer.toHexString(sizes) + ": a reserved bit");
        check(code >= 0 && code < BLOCK_BYTES.length, "block size code " + (code + 4) + "; expected 4 to 6");
        hasBlockChecksums = (flags & 0x10) != 0;
        hasContentChecksum = (flags & 0x04) != 0;
        maxBlockBytes = BLOCK_BYTES[code];
        int length = 2;
        if ((flags & 0x08) != 0) {
            fill(header, 2, 8);
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
        fill(header, length, 1);
        int checksum = (HASH.hash(header, 0, length, 0) >>> 8) & 0xFF;
        check((header[length] & 0xFF) == checksum, "header checksum mismatch");
        block = new byte[(int) Math.min(maxBlockBytes, limit)];
    }

    private void readBlock() throws IOException {
        int size = readInt();
        if (size == 0) {
            end();
            return;
        }
        boolean stored = (size & UNCOMPRESSED) != 0;
        int bytes = size & ~UNCOMPRESSED;
        check(bytes > 0 && bytes <= maxBlockBytes, "block of " + bytes + " bytes; expected 1 to " + maxBlockBytes);
        if (packed.length < bytes) {
            packed = new byte[bytes];
        }
        fill(packed, 0, bytes);
        if (hasBlockChecksums) {
            check(readInt() == HASH.hash(packed, 0, bytes, 0), "block checksum mismatch");
        }
        int room = (int) Math.min(block.length, limit - total);
        position = 0;
        available = 0;
        if (stored) {
            check(bytes <= room, "more content than the " + limit + " bytes declared");
            System.arraycopy(packed, 0, block, 0, bytes);
            available = bytes;
        } else {
            available = unpack(bytes, room);
        }
        // Empty blocks would let a small object block a reader indefinitely.
        check(available > 0, "a block without content");
        total += available;
        contentHash.update(block, 0, available);
    }

    private int unpack(int bytes, int room) throws IOException {
        try {
            return LZ4.decompress(packed, 0, bytes, block, 0, room);
        } catch (LZ4Exception e) {
            throw new IOException(
                    "a block is damaged, or contains more than the " + limit + " bytes declared: " + e.getMessage(), e);
        }
    }

    private void end() throws IOException {
        ended = true;
        if (hasContentChecksum) {
            check(readInt() == contentHash.getValue(), "content checksum mismatch");
        }
        check(!aloneInSource || source.read() < 0, "bytes after the frame");
    }

    private int readInt() throws IOException {
        byte[] bytes = new byte[4];
        fill(bytes, 0, 4);
        return (bytes[0] & 0xFF) | ((bytes[1] & 0xFF) << 8) | ((bytes[2] & 0xFF) << 16) | (bytes[3] << 24);
    }

    private void fill(byte[] target, int from, int length) throws IOException {
        if (source.readNBytes(target, from, length) < length) {
            throw new EOFException("the source ends inside the frame");
        }
    }

    private static void check(boolean right, String why) throws IOException {
        if (!right) {
            throw new IOException(why);
        }
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
