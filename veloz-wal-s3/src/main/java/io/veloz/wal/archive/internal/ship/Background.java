package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.ship.Reached.Job;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a writer does while it has no slot to put: looks whether another writer has taken over, reads back how far gaps are
 * asked for, drops tails. It belongs to the thread that ships.
 */
final class Background {
    private static final long SECOND_NANOS = 1_000_000_000;

    /** How long a writer that has nothing to put may not know that another one has taken over. */
    private static final long LOOK_NANOS = 30 * SECOND_NANOS;

    /** The same, when a caller waits for a record. */
    private static final long LOOK_PAUSE_NANOS = SECOND_NANOS;

    /** Between two clean-ups, if one failed. */
    private static final long DROP_PAUSE_NANOS = 60 * SECOND_NANOS;

    /** Between two tries to read back which gaps there are, if one failed. */
    private static final long GAPS_PAUSE_NANOS = 5 * SECOND_NANOS;

    /** A store that once does not find what it has must not end shipping. */
    private static final int MISSES_BELIEVED = 3;

    private final LocalLog log;
    private final ShipLog shipLog;
    private final Reached reached;
    private final LongSupplier nanoTime;
    private final CleanUp cleanUp;
    private @Nullable EarlierTails earlierTails;
    private boolean lookWanted;
    private int misses;
    private long lookedAt;
    private long dropAt;
    private long gapsAt;

    Background(LocalLog log, ShipLog shipLog, Reached reached, LongSupplier nanoTime, long tailGraceNanos) {
        this.log = log;
        this.shipLog = shipLog;
        this.reached = reached;
        this.nanoTime = nanoTime;
        this.cleanUp = new CleanUp(shipLog.store(), tailGraceNanos);
        this.lookedAt = nanoTime.getAsLong();
        this.dropAt = lookedAt;
        this.gapsAt = lookedAt;
    }

    /** Has {@link #step} look for another writer, unless that was seen a moment ago. */
    void look() {
        lookWanted = true;
    }

    long nanosToLook() {
        long pause = lookWanted ? LOOK_PAUSE_NANOS : LOOK_NANOS;
        return Math.max(0, lookedAt + pause - nanoTime.getAsLong());
    }

    /** The store confirmed a slot of ours: no other writer had taken over. */
    void confirmed() {
        lookedAt = nanoTime.getAsLong();
        lookWanted = false;
        reached.succeeded(Job.LOOK);
    }

    /** Shipping goes on after what earlier writers left. */
    void resumed(Tip tip, long nextSegment) {
        earlierTails = new EarlierTails(shipLog, tip, cleanUp);
        cleanUp.committed(nextSegment - 1, nanoTime.getAsLong());
    }

    /** A slot of ours is the tip. */
    void added(Slot slot) {
        if (slot.part() instanceof Tail tail) {
            cleanUp.tails(slot.number(), slot.number(), tail.segment());
        } else if (slot.part() instanceof Segment segment) {
            cleanUp.committed(segment.number(), nanoTime.getAsLong());
        } else if (slot.part() instanceof Gap) {
            cleanUp.keepUncommitted();
            if (earlierTails != null) {
                earlierTails.stop();
            }
        }
    }

    /** Returns whether it did something. */
    boolean step(Office office, History history) throws IOException {
        long now = nanoTime.getAsLong();
        if (now - lookedAt >= (lookWanted ? LOOK_PAUSE_NANOS : LOOK_NANOS)) {
            lookWanted = false;
            lookedAt = now;
            watch(office);
            return true;
        }
        boolean wanted = reached.gapsWantedFrom() < history.gapsKnownFrom() && !history.isWhole();
        if (wanted && now - gapsAt >= 0) {
            readGaps(history, now);
            return true;
        }
        return drop(now);
    }

    /** A slot that cannot be read must not count as a slot that cannot be put: those go on, and end no trouble of this. */
    private void readGaps(History history, long now) {
        try {
            history.step();
            reached.succeeded(Job.GAPS);
        } catch (IOException e) {
            gapsAt = now + GAPS_PAUSE_NANOS;
            reached.failed(Job.GAPS, e);
        }
    }

    private void watch(Office office) {
        try {
            boolean hasOwnSlot = office.watch();
            misses = hasOwnSlot ? 0 : misses + 1;
            if (misses >= MISSES_BELIEVED) {
                throw log.refused(
                        shipLog.store(),
                        Reason.BROKEN,
                        "slot " + office.tip().number() + ", which the store confirmed to us, is missing: slots were"
                                + " deleted, or an older copy took the archive's place. Nothing more is shipped; verify"
                                + " the archive");
            }
            if (hasOwnSlot) {
                reached.succeeded(Job.LOOK);
                return;
            }
            lookWanted = true;
            reached.failed(
                    Job.LOOK,
                    new StoreUnavailableException(
                            shipLog.store().describe() + ": slot "
                                    + office.tip().number() + ", our last one, is missing",
                            null));
        } catch (IOException e) {
            reached.failed(Job.LOOK, e);
        }
    }

    /** Nothing depends on it, so a store that refuses to delete is not asked at every step. */
    private boolean drop(long now) {
        if (now - dropAt < 0) {
            return false;
        }
        try {
            if (earlierTails != null && !earlierTails.isDone()) {
                earlierTails.step(now);
                reached.succeeded(Job.CLEAN_UP);
                return true;
            }
            boolean dropped = cleanUp.drop(now);
            if (dropped) {
                reached.succeeded(Job.CLEAN_UP);
            }
            return dropped;
        } catch (IOException e) {
            dropAt = now + DROP_PAUSE_NANOS;
            reached.failed(Job.CLEAN_UP, e);
            return true;
        }
    }
}
