package io.veloz.wal.independent;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;

/** Reads LZ4 frames with the limits in docs/archive.md. Throws IllegalStateException for any other frame. */
final class IndependentFrames {
    private static final XXHash32 HASH = XXHashFactory.safeInstance().hash32();
    private final ByteBuffer in;

    IndependentFrames(byte[] bytes) {
        in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    int position() {
        return in.position();
    }

    boolean isAtEnd() {
        return !in.hasRemaining();
    }

    boolean isSkippableNext(int magic) {
        return in.remaining() >= 8 && in.getInt(in.position()) == magic;
    }

    byte[] skippable(int magic, int most) {
        expect(isSkippableNext(magic), "a skippable frame");
        in.getInt();
        int length = in.getInt();
        expect(length >= 0 && length <= most && length <= in.remaining(), "the length of a skippable frame");
        byte[] content = new byte[length];
        in.get(content);
        return content;
    }

    /** Reads one frame, whose content has exactly that size. */
    byte[] frame(long size) {
        int start = in.position();
        expect(in.remaining() >= 7 && in.getInt() == 0x184D2204, "the magic of a frame");
        int flags = Byte.toUnsignedInt(in.get());
        int block = Byte.toUnsignedInt(in.get());
        boolean independent = flags >> 6 == 1 && (flags & 0x20) != 0 && (flags & 0x03) == 0;
        int code = block >> 4;
        expect(independent && (block & 0x8F) == 0 && code >= 4 && code <= 6, "the head of a frame");
        if ((flags & 0x08) != 0) {
            expect(in.remaining() >= 8 && in.getLong() == size, "the content size of a frame");
        }
        int headHash = HASH.hash(in.array(), start + 4, in.position() - start - 4, 0) >> 8 & 0xFF;
        expect(in.hasRemaining() && Byte.toUnsignedInt(in.get()) == headHash, "the checksum of a frame's head");
        byte[] content = blocks(1 << (8 + 2 * code), (flags & 0x10) != 0, size);
        if ((flags & 0x04) != 0) {
            boolean right = in.remaining() >= 4 && in.getInt() == HASH.hash(content, 0, content.length, 0);
            expect(right, "the checksum of a frame's content");
        }
        return content;
    }

    private byte[] blocks(int most, boolean checksums, long size) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] room = new byte[most];
        while (true) {
            expect(in.remaining() >= 4, "a block");
            int word = in.getInt();
            if (word == 0) {
                expect(out.size() == size, "the size of a frame");
                return out.toByteArray();
            }
            int length = word & 0x7FFF_FFFF;
            expect(length >= 1 && length <= most && length <= in.remaining(), "the length of a block");
            int at = in.position();
            in.position(at + length);
            if (checksums) {
                expect(
                        in.remaining() >= 4 && in.getInt() == HASH.hash(in.array(), at, length, 0),
                        "a block's checksum");
            }
            int count = length;
            if (word < 0) {
                System.arraycopy(in.array(), at, room, 0, length);
            } else {
                count = decompress(at, length, room);
            }
            expect(count > 0 && out.size() + (long) count <= size, "the content of a block");
            out.write(room, 0, count);
        }
    }

    private int decompress(int at, int length, byte[] room) {
        try {
            return LZ4Factory.safeInstance().safeDecompressor().decompress(in.array(), at, length, room, 0);
        } catch (LZ4Exception e) {
            throw new IllegalStateException("a block cannot be decompressed", e);
        }
    }

    static void expect(boolean condition, String what) {
        if (!condition) {
            throw new IllegalStateException("damaged: " + what);
        }
    }
}
