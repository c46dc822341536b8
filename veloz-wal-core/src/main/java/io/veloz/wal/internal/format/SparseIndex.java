package io.veloz.wal.internal.format;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Where in a segment a sequence, or a time, is to be looked for: an entry every so many bytes. It belongs to one thread
 * while it grows, and is not changed afterwards. When it is full every second entry is dropped, so it stays small for
 * segments of any size.
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
     * Takes note of a batch.
     *
     * @param maxTimestampBeforeNanos the latest time of any record before the batch, in this segment
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

    /** Position of a batch at or before the one with that sequence. */
    public long positionForSequence(long sequence) {
        long position = SegmentHeader.BYTES;
        for (int i = 0; i < size && sequences[i] <= sequence; i++) {
            position = positions[i];
        }
        return position;
    }

    /** Position of a batch at or before the first one that has a record of that time or later. */
    public long positionForTime(long timestampNanos) {
        long position = SegmentHeader.BYTES;
        for (int i = 0; i < size && timestampsBefore[i] < timestampNanos; i++) {
            position = positions[i];
        }
        return position;
    }

    /** Of the first record at a position that was given out; otherwise as given. */
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

    /** Whether both have the same entries. */
    public boolean hasSameEntriesAs(SparseIndex other) {
        return Arrays.equals(sequences, 0, size, other.sequences, 0, other.size)
                && Arrays.equals(positions, 0, size, other.positions, 0, other.size)
                && Arrays.equals(timestampsBefore, 0, size, other.timestampsBefore, 0, other.size);
    }

    /**
     * @param dataEnd behind the last batch
     * @throws DamagedException if the entries are not those of batches in order
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
