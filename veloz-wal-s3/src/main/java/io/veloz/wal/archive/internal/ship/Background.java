package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.ship.ShipProgress.Job;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.util.function.LongSupplier;

/**
 * The work of a writer that has no slot to put: the fence check, reading back gaps as far as a caller needs them, reading the
 * slots for the next SUMMARY, and deleting tails. Confined to the shipping thread.
 */
final class Background {
    private static final long SECOND_NANOS = 1_000_000_000;

    /** The interval of the fence check while no slot is put. */
    private static final long FENCE_CHECK_NANOS = 30 * SECOND_NANOS;

    /** The same, while a caller waits for a record. */
    private static final long REQUESTED_FENCE_CHECK_NANOS = SECOND_NANOS;

    private static final long CLEAN_UP_RETRY_NANOS = 60 * SECOND_NANOS;
    private static final long SUMMARY_RETRY_NANOS = 60 * SECOND_NANOS;
    private static final long GAPS_RETRY_NANOS = 5 * SECOND_NANOS;

    /** A store that fails once to find an existing object must not end shipping. */
    private static final int MAX_MISSES = 3;

    private final LocalLog log;
    private final ShipLog shipLog;
    private final ShipProgress progress;
    private final LongSupplier nanoTime;
    private final TailCleanUp cleanUp;
    private boolean fenceCheckRequested;
    private int misses;
    private long fenceCheckedAt;
    private long cleanUpAt;
    private long gapsAt;
    private long summaryAt;

    Background(LocalLog log, ShipLog shipLog, ShipProgress progress, LongSupplier nanoTime, long tailGraceNanos) {
        this.log = log;
        this.shipLog = shipLog;
        this.progress = progress;
        this.nanoTime = nanoTime;
        this.cleanUp = new TailCleanUp(shipLog, tailGraceNanos);
        this.fenceCheckedAt = nanoTime.getAsLong();
        this.cleanUpAt = fenceCheckedAt;
        this.gapsAt = fenceCheckedAt;
        this.summaryAt = fenceCheckedAt;
    }

    /** Makes a following {@link #step} check the fence, unless it was checked within the last second. */
    void requestFenceCheck() {
        fenceCheckRequested = true;
    }

    long nanosToFenceCheck() {
        return Math.max(0, fenceCheckedAt + fenceCheckInterval() - nanoTime.getAsLong());
    }

    private long fenceCheckInterval() {
        return fenceCheckRequested ? REQUESTED_FENCE_CHECK_NANOS : FENCE_CHECK_NANOS;
    }

    /** The store confirmed a slot of ours, so no other writer had acquired a later epoch. */
    void confirmed() {
        fenceCheckedAt = nanoTime.getAsLong();
        fenceCheckRequested = false;
        progress.succeeded(Job.FENCE_CHECK);
    }

    /** Shipping continues after the slots of earlier writers. */
    void resumed(Tip tip, long nextSegment) {
        cleanUp.resume(tip);
        cleanUp.committed(nextSegment - 1, nanoTime.getAsLong());
    }

    /** A slot of ours is the tip. */
    void added(Slot slot) {
        cleanUp.endOfBeats(slot, nanoTime.getAsLong());
        if (slot.part() instanceof Tail tail) {
            cleanUp.tail(slot.number(), tail.segment());
        } else if (slot.part() instanceof Segment segment) {
            cleanUp.committed(segment.number(), nanoTime.getAsLong());
        } else if (slot.part() instanceof Gap) {
            cleanUp.keepUncommitted();
        }
    }

    /** Does the work that is due, if any. Returns whether there was any. */
    boolean step(SlotWriter writer, History history, Summarizer summarizer) throws IOException {
        long now = nanoTime.getAsLong();
        if (now - fenceCheckedAt >= fenceCheckInterval()) {
            fenceCheckRequested = false;
            fenceCheckedAt = now;
            checkFence(writer);
            return true;
        }
        boolean wanted = progress.gapsWantedFrom() < history.gapsKnownFrom() && !history.isComplete();
        if (wanted && now - gapsAt >= 0) {
            readGaps(history, now);
            return true;
        }
        if (summarizer.hasStep() && now - summaryAt >= 0) {
            readForSummary(summarizer, now);
            return true;
        }
        return cleanUp(now);
    }

    /** Reads a slot for a SUMMARY that is due. A writer that is never idle would otherwise put none. */
    void readForDueSummary(Summarizer summarizer) {
        long now = nanoTime.getAsLong();
        if (summarizer.isDue() && now - summaryAt >= 0) {
            readForSummary(summarizer, now);
        }
    }

    /** A failure to read a slot is a job of its own: slots are still put, and their success must not end it. */
    private void readGaps(History history, long now) {
        try {
            history.step();
            progress.succeeded(Job.GAPS);
        } catch (IOException e) {
            gapsAt = now + GAPS_RETRY_NANOS;
            progress.failed(Job.GAPS, e);
        }
    }

    /** Slots are put without a SUMMARY until it succeeds. Readers then read more of them one by one. */
    private void readForSummary(Summarizer summarizer, long now) {
        try {
            summarizer.step();
            progress.succeeded(Job.SUMMARY);
        } catch (IOException e) {
            summaryAt = now + SUMMARY_RETRY_NANOS;
            progress.failed(Job.SUMMARY, e);
        }
    }

    private void checkFence(SlotWriter writer) {
        try {
            boolean hasOwnSlot = writer.checkFence();
            misses = hasOwnSlot ? 0 : misses + 1;
            if (misses >= MAX_MISSES) {
                throw log.refused(
                        shipLog.store(),
                        Reason.BROKEN,
                        "slot " + writer.tip().number()
                                + ", which the store confirmed to this writer, is missing: slots"
                                + " were deleted, or the archive was replaced by an older copy. Nothing more is shipped;"
                                + " verify the archive");
            }
            if (hasOwnSlot) {
                progress.succeeded(Job.FENCE_CHECK);
                return;
            }
            fenceCheckRequested = true;
            progress.failed(
                    Job.FENCE_CHECK,
                    new StoreUnavailableException(
                            shipLog.store().describe() + ": slot "
                                    + writer.tip().number() + ", the last one of this writer, is missing",
                            null));
        } catch (IOException e) {
            progress.failed(Job.FENCE_CHECK, e);
        }
    }

    /** Nothing depends on it, so a failed request is not repeated at every step. */
    private boolean cleanUp(long now) {
        if (now - cleanUpAt < 0) {
            return false;
        }
        try {
            boolean done = cleanUp.step(now);
            if (done) {
                progress.succeeded(Job.CLEAN_UP);
            }
            return done;
        } catch (IOException e) {
            cleanUpAt = now + CLEAN_UP_RETRY_NANOS;
            progress.failed(Job.CLEAN_UP, e);
            return true;
        }
    }
}
