package io.veloz.wal.legacy;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The 40 bytes before each payload. Immutable.
 *
 * <p>The checksum covers the payload only, so it does not detect damage to the magic, version, sequence, time, type and
 * size. The last 4 bytes are uninitialised memory of the engine.
 */
record EntryHeader(
        long position,
        int magic,
        int version,
        long sequence,
        long timestampNanos,
        int type,
        long payloadBytes,
        int checksum) {
    static final int BYTES = 40;
    /** "ELAW" in the file. */
    static final int MAGIC = 0x57414C45;

    static final int VERSION = 1;

    static final int ORDER_NEW = 1;
    static final int ORDER_UPDATE = 2;
    static final int ORDER_FILL = 3;
    static final int ORDER_CANCEL = 4;
    static final int CHECKPOINT = 5;
    static final int ROTATION = 6;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    static EntryHeader read(long position, byte[] bytes, int at) {
        return new EntryHeader(
                position,
                (int) INT.get(bytes, at),
                (int) INT.get(bytes, at + 4),
                (long) LONG.get(bytes, at + 8),
                (long) LONG.get(bytes, at + 16),
                bytes[at + 24] & 0xFF,
                Integer.toUnsignedLong((int) INT.get(bytes, at + 28)),
                (int) INT.get(bytes, at + 32));
    }

    static int readInt(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    static long readLong(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    /** Whether the magic and the version are valid. */
    boolean hasMagic() {
        return magic == MAGIC && version == VERSION;
    }

    long payloadPosition() {
        return position + BYTES;
    }

    /** The size of header and payload. */
    long bytes() {
        return BYTES + payloadBytes;
    }

    /** The position after the payload. */
    long end() {
        return position + bytes();
    }

    EntryHeader withPayloadBytes(long changed) {
        return new EntryHeader(position, magic, version, sequence, timestampNanos, type, changed, checksum);
    }

    EntryHeader withSequence(long changed) {
        return new EntryHeader(position, magic, version, changed, timestampNanos, type, payloadBytes, checksum);
    }

    EntryHeader withTimestampNanos(long changed) {
        return new EntryHeader(position, magic, version, sequence, changed, type, payloadBytes, checksum);
    }
}
