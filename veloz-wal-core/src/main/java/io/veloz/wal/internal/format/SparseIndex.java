package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A sparse index of a segment by sequence and by time, with one entry per {@code spacingBytes}. It is confined to one
 * thread while entries are added, and immutable afterwards. When the index is full, every second entry is dropped, so
 * that it stays small for segments of any size.
 */
public final class SparseIndex {
    public static final int ENTRY_BYTES = 24;
    public static final int MAX_ENTRIES = 4096;
    public static final SparseIndex NONE = new SparseIndex();
    private static final long FIRST_SPACING_BYTES = 64 * 1024;

    private long[] sequences = new long[16];
    private long[] positions = new long[16];
    private long[] timestampsBefore = new long[16];
    private int size;
    private long spacingBytes = FIRST_SPACING_BYTES;

    /**
     * Adds a batch, unless the last entry is too close.
     *
     * @param maxTimestampBeforeNanos the highest timestamp of any record before the batch, in this segment
     */
    public void add(long sequence, long position, long maxTimestampBeforeNanos) {
        if (size > 0 && position - positions[size - 1] < spacingBytes) {
            return;
        }
        if (size == MAX_ENTRIES) {
            halve();
        }
        if (size == sequences.length) {
            sequences = Arrays.copyOf(sequences, size * 2);
            positions = Arrays.copyOf(positions, size * 2);
            timestampsBefore = Arrays.copyOf(timestampsBefore, size * 2);
        }
        sequences[size] = sequence;
        positions[size] = position;
        timestampsBefore[size] = maxTimestampBeforeNanos;
        size++;
    }

    private void halve() {
        size /= 2;
        for (int i = 0; i < size; i++) {
            sequences[i] = sequences[2 * i];
            positions[i] = positions[2 * i];
            timestampsBefore[i] = timestampsBefore[2 * i];
        }
        spacingBytes *= 2;
    }

    public int size() {
        return size;
    }

    /** Returns the position of a batch at or before the one with this sequence. */
    public long positionForSequence(long sequence) {
        long position = SegmentHeader.BYTES;
        for (int i = 0; i < size && sequences[i] <= sequence; i++) {
            position = positions[i];
        }
        return position;
    }

    /** Returns the position of a batch at or before the first one with a record of this time or later. */
    public long positionForTime(long timestampNanos) {
        long position = SegmentHeader.BYTES;
        for (int i = 0; i < size && timestampsBefore[i] < timestampNanos; i++) {
            position = positions[i];
        }
        return position;
    }

    /**
     * Returns the first sequence of the batch at an indexed position, or {@code otherwise} if the position has
     * no entry.
     */
    public long sequenceAt(long position, long otherwise) {
        for (int i = 0; i < size; i++) {
            if (positions[i] == position) {
                return sequences[i];
            }
        }
        return otherwise;
    }

    void encode(ByteBuffer out) {
        for (int i = 0; i < size; i++) {
            out.putLong(sequences[i]).putLong(positions[i]).putLong(timestampsBefore[i]);
        }
    }

    /** Returns whether both indexes have the same entries. */
    public boolean hasSameEntriesAs(SparseIndex other) {
        return Arrays.equals(sequences, 0, size, other.sequences, 0, other.size)
                && Arrays.equals(positions, 0, size, other.positions, 0, other.size)
                && Arrays.equals(timestampsBefore, 0, size, other.timestampsBefore, 0, other.size);
    }

    /**
     * @param dataEnd the position after the last batch
     * @throws DamagedException if the entries are not in order, or lie outside the data
     */
    static SparseIndex decode(ByteBuffer in, int at, int entries, long dataEnd) throws DamagedException {
        SparseIndex index = new SparseIndex();
        index.size = entries;
        index.sequences = new long[Math.max(1, entries)];
        index.positions = new long[Math.max(1, entries)];
        index.timestampsBefore = new long[Math.max(1, entries)];
        for (int i = 0; i < entries; i++) {
            index.sequences[i] = in.getLong(at + i * ENTRY_BYTES);
            index.positions[i] = in.getLong(at + i * ENTRY_BYTES + 8);
            index.timestampsBefore[i] = in.getLong(at + i * ENTRY_BYTES + 16);
            index.check(i, dataEnd);
        }
        return index;
    }

    private void check(int entry, long dataEnd) throws DamagedException {
        long sequenceBefore = entry == 0 ? 0 : sequences[entry - 1];
        long leastPosition = entry == 0 ? SegmentHeader.BYTES : positions[entry - 1] + BatchHeader.BYTES;
        if (sequences[entry] <= sequenceBefore || positions[entry] < leastPosition || positions[entry] >= dataEnd) {
            throw new DamagedException("index entry " + entry + " with sequence " + sequences[entry] + " at position "
                    + positions[entry] + "; expected a sequence above " + sequenceBefore + ", and a position from "
                    + leastPosition + " to " + dataEnd);
        }
    }
}
