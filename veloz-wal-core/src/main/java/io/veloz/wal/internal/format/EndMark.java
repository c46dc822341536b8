package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * How far an active segment was on disk at some time: the proof of its end that a cut of the file does not remove. It
 * stands in the segment's header page, in one of two places that are written in turn, so a torn write leaves the other.
 * Immutable. See docs/format.md, "End marks".
 *
 * @param durableSequence the last record that was on disk
 * @param end the position up to which the segment was on disk, with a whole batch
 */
public record EndMark(long durableSequence, long end, long timeNanos) {
    /** A sector, which no other bytes share. */
    public static final int BYTES = 512;

    private static final int FIRST_AT = 512;
    private static final int PLACES = 2;

    /** Behind the last place. */
    private static final int END_AT = FIRST_AT + PLACES * BYTES;

    private static final long MAGIC = SegmentHeader.magic("VELOZEMK");
    private static final int CRC_AT = BYTES - 4;

    /** Where the mark after so many others is written. */
    public static int position(int marksBefore) {
        return FIRST_AT + marksBefore % PLACES * BYTES;
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

    /** The mark that states the most; null if there is none, which proves nothing: a copy of the segment has none. */
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

    /** The checksum of a header page without its marks, which change while it stays. */
    static int checksumWithout(ByteBuffer page, int end) {
        return new Checksum()
                .start()
                .add(page, 0, FIRST_AT)
                .add(zeros(), 0, END_AT - FIRST_AT)
                .add(page, END_AT, end - END_AT)
                .value();
    }

    /** Zeros for both places, and where they go. */
    public static ByteBuffer zeros() {
        return ByteBuffer.allocate(END_AT - FIRST_AT).order(ByteOrder.LITTLE_ENDIAN);
    }

    public static int zerosAt() {
        return FIRST_AT;
    }

    /**
     * Has bytes of a segment be as those of every copy and of the sealed segment are: without marks.
     *
     * @param from where the first of the bytes is in the buffer
     * @param length how many there are
     * @param position where the first of them is in the segment
     */
    public static void remove(ByteBuffer buffer, int from, int length, long position) {
        int end = (int) Math.min(length, END_AT - position);
        for (int i = (int) Math.max(0, FIRST_AT - position); i < end; i++) {
            buffer.put(from + i, (byte) 0);
        }
    }
}
