package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The end of the durable data in an active segment at some moment. A mark proves where the data must reach even if the
 * file was truncated. Marks are stored in the header page of the segment, in two slots that are written alternately, so
 * that a torn write leaves the other slot intact. Immutable. See docs/format.md, "End marks".
 *
 * @param durableSequence the last durable record
 * @param end the position up to which the segment was durable, which is the end of a complete batch
 */
public record EndMark(long durableSequence, long end, long timeNanos) {
    /** One sector, so that a torn write affects no other bytes. */
    public static final int BYTES = 512;

    private static final int FIRST_AT = 512;
    private static final int SLOTS = 2;

    /** The position after the last slot. */
    private static final int END_AT = FIRST_AT + SLOTS * BYTES;

    private static final long MAGIC = SegmentHeader.magic("VELOZEMK");
    private static final int CRC_AT = BYTES - 4;

    /** Returns the position of the next mark after {@code marksBefore} earlier ones. */
    public static int position(int marksBefore) {
        return FIRST_AT + marksBefore % SLOTS * BYTES;
    }

    public void encode(ByteBuffer target, long salt, Checksum checksum) {
        target.clear().limit(BYTES);
        for (int i = 0; i < BYTES; i += 8) {
            target.putLong(i, 0);
        }
        target.putLong(0, MAGIC);
        target.putLong(8, salt);
        target.putLong(16, durableSequence);
        target.putLong(24, end);
        target.putLong(32, timeNanos);
        target.putInt(CRC_AT, checksum.of(target, 0, CRC_AT));
    }

    /**
     * Returns the valid mark with the highest position, or null if neither is valid. No mark proves nothing: a copy of
     * the segment has none.
     */
    static @Nullable EndMark newest(ByteBuffer page, long salt) {
        @Nullable EndMark newest = null;
        Checksum checksum = new Checksum();
        for (int at = FIRST_AT; at < END_AT; at += BYTES) {
            boolean whole = page.getLong(at) == MAGIC
                    && page.getLong(at + 8) == salt
                    && page.getInt(at + CRC_AT) == checksum.of(page, at, CRC_AT);
            if (whole && (newest == null || page.getLong(at + 24) > newest.end)) {
                newest = new EndMark(page.getLong(at + 16), page.getLong(at + 24), page.getLong(at + 32));
            }
        }
        return newest;
    }

    /**
     * Returns the checksum of a header page with zeros in place of the marks, which change during the life of
     * the segment.
     */
    static int checksumWithout(ByteBuffer page, int end) {
        return new Checksum()
                .start()
                .add(page, 0, FIRST_AT)
                .add(zeros(), 0, END_AT - FIRST_AT)
                .add(page, END_AT, end - END_AT)
                .value();
    }

    /** Returns zeros that overwrite both slots, to be written at {@link #zerosAt}. */
    public static ByteBuffer zeros() {
        return ByteBuffer.allocate(END_AT - FIRST_AT).order(ByteOrder.LITTLE_ENDIAN);
    }

    public static int zerosAt() {
        return FIRST_AT;
    }

    /**
     * Overwrites the end marks with zeros, as in every copy of a segment and in a sealed segment.
     *
     * @param from index of the first byte in the buffer
     * @param length number of bytes
     * @param position position of the first byte in the segment
     */
    public static void remove(ByteBuffer buffer, int from, int length, long position) {
        int end = (int) Math.min(length, END_AT - position);
        for (int i = (int) Math.max(0, FIRST_AT - position); i < end; i++) {
            buffer.put(from + i, (byte) 0);
        }
    }
}
