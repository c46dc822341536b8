package io.veloz.wal.internal.format;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.zip.CRC32C;

/**
 * CRC32C (Castagnoli, RFC 3720 appendix B.4) over numbers and ranges of a buffer, without allocation. Confined to one thread.
 *
 * <p>Numbers are collected and added together: a call of the JDK's checksum for four bytes costs as much as one for a
 * hundred.
 */
public final class Checksum {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final CRC32C crc = new CRC32C();
    private final byte[] numbers = new byte[512];
    private int numberBytes;

    /** Resets the checksum and adds two numbers as the first sixteen bytes. */
    public Checksum start(long first, long second) {
        crc.reset();
        LONG.set(numbers, 0, first);
        LONG.set(numbers, 8, second);
        numberBytes = 16;
        return this;
    }

    public Checksum start() {
        crc.reset();
        numberBytes = 0;
        return this;
    }

    /** Adds a number as four bytes, the lowest first. */
    public Checksum add(int number) {
        if (numberBytes == numbers.length) {
            addNumbers();
        }
        INT.set(numbers, numberBytes, number);
        numberBytes += 4;
        return this;
    }

    /** Adds a range. Position and limit of the buffer are unchanged afterwards. */
    public Checksum add(ByteBuffer buffer, int from, int length) {
        Objects.checkFromIndexSize(from, length, buffer.capacity());
        addNumbers();
        if (buffer.hasArray()) {
            crc.update(buffer.array(), buffer.arrayOffset() + from, length);
            return this;
        }
        int position = buffer.position();
        int limit = buffer.limit();
        buffer.limit(from + length).position(from);
        crc.update(buffer);
        buffer.limit(limit).position(position);
        return this;
    }

    private void addNumbers() {
        if (numberBytes > 0) {
            crc.update(numbers, 0, numberBytes);
            numberBytes = 0;
        }
    }

    public int value() {
        addNumbers();
        return (int) crc.getValue();
    }

    /** Returns the checksum of one range. */
    public int of(ByteBuffer buffer, int from, int length) {
        return start().add(buffer, from, length).value();
    }
}
