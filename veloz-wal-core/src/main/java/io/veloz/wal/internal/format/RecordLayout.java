package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;

/**
 * The bytes of one record: a header of 24 bytes, the payload, and zeros up to a multiple of 8. See
 * docs/format.md, "Record".
 */
public final class RecordLayout {
    public static final int HEADER_BYTES = 24;

    /** More records of the same atomic group follow. */
    public static final int GROUP_CONTINUES = 1;

    public static final int MAX_TYPE = 0xFFFF;

    private static final int LENGTH_AT = 0;
    private static final int CRC_AT = 4;
    private static final int TIMESTAMP_AT = 8;
    private static final int TYPE_AT = 16;
    private static final int FLAGS_AT = 18;
    private static final int RESERVED_AT = 20;

    private RecordLayout() {}

    /** Returns the size of a record in a file, padding included. */
    public static int size(int payloadBytes) {
        return HEADER_BYTES + padded(payloadBytes);
    }

    public static int padded(int bytes) {
        return (bytes + 7) & ~7;
    }

    /** Writes the header. The checksum field is set to zero, and {@link #putCrc} fills it in later. */
    public static void putHeader(
            ByteBuffer buffer, int at, int payloadBytes, int type, int flags, long timestampNanos) {
        buffer.putInt(at + LENGTH_AT, payloadBytes);
        buffer.putInt(at + CRC_AT, 0);
        buffer.putLong(at + TIMESTAMP_AT, timestampNanos);
        buffer.putShort(at + TYPE_AT, (short) type);
        buffer.putShort(at + FLAGS_AT, (short) flags);
        buffer.putInt(at + RESERVED_AT, 0);
    }

    public static int payloadBytes(ByteBuffer buffer, int at) {
        return buffer.getInt(at + LENGTH_AT);
    }

    public static int crc(ByteBuffer buffer, int at) {
        return buffer.getInt(at + CRC_AT);
    }

    public static void putCrc(ByteBuffer buffer, int at, int crc) {
        buffer.putInt(at + CRC_AT, crc);
    }

    public static long timestampNanos(ByteBuffer buffer, int at) {
        return buffer.getLong(at + TIMESTAMP_AT);
    }

    public static int type(ByteBuffer buffer, int at) {
        return buffer.getShort(at + TYPE_AT) & 0xFFFF;
    }

    public static boolean groupContinues(ByteBuffer buffer, int at) {
        return (buffer.getShort(at + FLAGS_AT) & GROUP_CONTINUES) != 0;
    }

    /**
     * Computes the checksum of a record over salt, sequence, length, header fields, payload and padding. A record that
     * was copied from another file, moved, or given another length therefore fails the check.
     */
    public static int computeCrc(ByteBuffer buffer, int at, long salt, long sequence, Checksum checksum) {
        int payloadBytes = payloadBytes(buffer, at);
        return checksum.start(salt, sequence)
                .add(payloadBytes)
                .add(buffer, at + TIMESTAMP_AT, size(payloadBytes) - TIMESTAMP_AT)
                .value();
    }

    /** Returns whether the record's length keeps it inside its batch. */
    public static boolean fits(ByteBuffer buffer, int at, int end) {
        if (end - at < HEADER_BYTES) {
            return false;
        }
        int payloadBytes = payloadBytes(buffer, at);
        return payloadBytes >= 0 && payloadBytes <= end - at - HEADER_BYTES && size(payloadBytes) <= end - at;
    }
}
