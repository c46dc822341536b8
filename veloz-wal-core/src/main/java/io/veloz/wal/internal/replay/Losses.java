package io.veloz.wal.internal.replay;

import io.veloz.wal.LostRange;
import io.veloz.wal.internal.format.BatchHeader;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** The lost records that a cursor has detected. Confined to the cursor's thread. */
final class Losses {
    private static final String MISSING = "damaged or missing";

    private final List<LostRange> all = new ArrayList<>();
    private final List<LostRange> atEnd;

    /**
     * @param atEnd unreadable files after the last segment
     */
    Losses(List<LostRange> atEnd) {
        this.atEnd = new ArrayList<>(atEnd);
    }

    List<LostRange> all() {
        return all;
    }

    /** Adds the records between the expected one and a batch. */
    void before(BatchHeader batch, long expected, OpenSegment segment) {
        if (expected > 0 && batch.firstSequence > expected) {
            String why = batch.declaresLoss() ? "declared by a salvage" : MISSING;
            add(expected, batch.firstSequence - 1, segment, why);
        }
    }

    /** Adds the unreadable records of a damaged batch. */
    void unreadable(OpenSegment segment, BatchHeader batch, BitSet good, String reason) {
        for (int i = good.nextClearBit(0); i < batch.recordCount; ) {
            int end = good.nextSetBit(i);
            int last = end < 0 ? batch.recordCount - 1 : end - 1;
            add(batch.firstSequence + i, batch.firstSequence + last, segment, reason);
            i = good.nextClearBit(last + 1);
        }
    }

    /** Adds the losses at the end of the log, and returns the sequence expected next. A second call adds nothing. */
    long atEnd(OpenSegment segment, long expected, long lastKnown) {
        long next = expected;
        if (expected > 0 && expected <= lastKnown) {
            add(expected, lastKnown, segment, MISSING);
            next = lastKnown + 1;
        }
        for (LostRange range : atEnd) {
            all.add(new LostRange(Math.max(1, next), -1, range.file(), range.position(), range.reason()));
        }
        atEnd.clear();
        return next;
    }

    private void add(long first, long last, OpenSegment segment, String reason) {
        all.add(new LostRange(first, last, segment.name, segment.scanner.position(), reason));
    }
}
