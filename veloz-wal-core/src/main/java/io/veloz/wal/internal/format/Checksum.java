package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** CRC32C (Castagnoli, RFC 3720 appendix B.4) over ranges of a buffer, without allocation. Confined to one thread. */
public final class Checksum {
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer words = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);

    /** Resets the checksum and adds two numbers as the first sixteen bytes. */
    public Checksum start(long first, long second) {
        crc.reset();
        words.clear();
        words.putLong(first).putLong(second).flip();
        crc.update(words);
        return this;
    }

    public Checksum start() {
        crc.reset();
        return this;
    }

    public Checksum add(int word) {
        words.clear();
        words.putInt(word).flip();
        crc.update(words);
        return this;
    }

    /** Adds a range. Position and limit of the buffer are unchanged afterwards. */
    public Checksum add(ByteBuffer buffer, int from, int length) {
        int position = buffer.position();
        int limit = buffer.limit();
        buffer.limit(from + length).position(from);
        crc.update(buffer);
        buffer.limit(limit).position(position);
        return this;
    }

    public int value() {
        return (int) crc.getValue();
    }

    /** Returns the checksum of one range. */
    public int of(ByteBuffer buffer, int from, int length) {
        return start().add(buffer, from, length).value();
    }
}
