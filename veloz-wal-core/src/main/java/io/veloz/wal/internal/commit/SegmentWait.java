package io.veloz.wal.internal.commit;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Measures how long appends wait because the active segment is full and the next one is not prepared: from the first append
 * that waits until the segment is prepared, or until an append fits into the active one. Thread-safe.
 */
public final class SegmentWait {
    private static final long NONE = Long.MIN_VALUE;

    private final Handover handover;
    private final LongSupplier clockNanos;

    /** When the first append began to wait; {@link #NONE} if none waits. */
    private final AtomicLong since = new AtomicLong(NONE);

    /** The time of the waits that have ended, and that no commit has taken into account. */
    private final AtomicLong waitedNanos = new AtomicLong();

    public SegmentWait(Handover handover, LongSupplier clockNanos) {
        this.handover = handover;
        this.clockNanos = clockNanos;
    }

    /** Notes that an append waits for the next segment. */
    void begin() {
        if (since.get() != NONE) {
            return;
        }
        since.compareAndSet(NONE, clockNanos.getAsLong());
        // Checked again: if the segment was prepared just before, nothing would end this wait until the one after it
        // is.
        if (handover.isPrepared()) {
            since.set(NONE);
        }
    }

    /** Notes that the next segment is prepared, or that an append fits into the active one. */
    public void end() {
        if (since.get() == NONE) {
            return;
        }
        long started = since.getAndSet(NONE);
        if (started != NONE) {
            waitedNanos.addAndGet(clockNanos.getAsLong() - started);
        }
    }

    /** Returns the time of the waits that have ended since the last call. */
    long take() {
        return waitedNanos.get() == 0 ? 0 : waitedNanos.getAndSet(0);
    }
}
