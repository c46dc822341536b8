package io.veloz.wal.archive.internal.follow;

import io.veloz.wal.WalException;
import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.format.FollowState;
import io.veloz.wal.archive.internal.format.FollowState.Promotion;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.ship.DirectoryFile;
import io.veloz.wal.archive.internal.ship.StandbyClaim;
import io.veloz.wal.archive.internal.ship.StandbyClaim.Acquired;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;

/**
 * Turns a standby into the log that continues the archive. It belongs to one thread.
 *
 * <p>Checks first that this directory can become the log, see {@link PromotionChecks}. Fences then: an EPOCH slot over the one
 * that the operator has seen. Catches up afterwards: then no other writer can add a slot, so what is applied then is everything
 * that was ever archived. If it only caught up before the fence, the old writer could confirm further records, and the log
 * would open without them.
 *
 * <p>Crash table. The same command continues.
 *
 * <pre>
 *   crash after                        the next run of the same command
 *   some slots are applied             checks and applies the others; the standby may also follow: nothing has begun
 *   the promotion is recorded          fences; before that the old writer continues
 *   the writer is recorded             fences with another writer
 *   the EPOCH slot is put              finds an epoch of a writer of this directory, and acquires a further one
 *   the epoch is confirmed             the same
 *   some slots are applied             the same, and applies the others
 *   the log is completed               the same
 *   the promotion is complete          removes the marker; changes nothing else, as an engine may have appended records
 *   the marker is removed              the same
 *   the state is removed               the directory is a log, and opens
 * </pre>
 */
public final class StandbyPromotion {
    private final Follower follower;
    private final Standby standby;
    private final Clock clock;
    private final boolean requiresEscrow;

    /**
     * The result of a promotion.
     *
     * @param epoch the acquired epoch; 0 if an earlier run had completed the promotion
     * @param over the epoch that it replaces
     * @param lastSequence the last record of the log
     */
    public record Result(long epoch, long over, long lastSequence) {}

    /** @param requiresEscrow whether the archive must have a copy of the key that the log would be encrypted by */
    public StandbyPromotion(Follower follower, Clock clock, boolean requiresEscrow) {
        this.follower = follower;
        this.standby = follower.standby();
        this.clock = clock;
        this.requiresEscrow = requiresEscrow;
    }

    /**
     * Promotes the standby. Afterwards the log opens, and a shipper in its directory continues the archive.
     *
     * @param over the epoch to replace
     * @throws ArchiveFollowException if another epoch is the last one. The standby continues to follow
     * @throws IOException if the store or the disk failed; run it again
     */
    public Result run(long over) throws IOException {
        if (standby.state().promotion().isComplete()) {
            return open(0, standby.state().promotion().over());
        }
        DirectoryFile file = DirectoryFile.open(standby.files().names(), follower.identity());
        check();
        Acquired acquired = acquire(file, over);
        try {
            catchUp(acquired.slot(), over);
            complete();
        } catch (ArchiveFollowException e) {
            throw e.reason() == Reason.LOST_PROMOTION ? e : fenced(acquired.epoch(), e);
        }
        standby.save(standby.state().promoting(standby.state().promotion().completed()));
        return open(acquired.epoch(), over);
    }

    private void check() throws IOException {
        try {
            new PromotionChecks(follower, requiresEscrow).run();
        } catch (ArchiveFollowException e) {
            long slot = standby.state().promotion().slot();
            throw slot == 0
                    ? e
                    : new ArchiveFollowException(
                            e.reason(),
                            e.getMessage() + "; an earlier run has put a slot up to " + slot
                                    + ", so the writer before it may be fenced: promote another standby over the last"
                                    + " epoch of the archive, or let the old primary take it over");
        }
    }

    private Acquired acquire(DirectoryFile file, long over) throws IOException {
        StandbyClaim claim = new StandbyClaim(
                follower.log(),
                follower.identity(),
                file,
                over,
                standby.state().place().slot().number(),
                clock,
                number -> begin(over, number));
        try {
            Optional<Acquired> acquired = Optional.empty();
            while (acquired.isEmpty()) {
                acquired = follower.retries().call(claim::step);
            }
            return acquired.get();
        } catch (ArchiveFollowException e) {
            throw e.reason() == Reason.LOST_PROMOTION ? lost(e, claim.last()) : e;
        }
    }

    /** From now on an EPOCH slot of this directory may arrive with that number, also after a crash. */
    private void begin(long over, long number) throws IOException {
        long highest = Math.max(number, standby.state().promotion().slot());
        standby.save(standby.state().promoting(new Promotion(over, highest, false)));
    }

    /**
     * Ends the promotion, unless an EPOCH slot of this directory may still become the next one: if the archive ends before its
     * number, a put whose answer was lost may arrive later. Then a standby that follows would apply slots after its own fence.
     */
    private ArchiveFollowException lost(ArchiveFollowException e, long last) throws IOException {
        Promotion begun = standby.state().promotion();
        if (begun.over() == 0) {
            return e;
        } else if (last >= begun.slot()) {
            standby.save(standby.state().promoting(Promotion.NONE));
            return e;
        }
        return new ArchiveFollowException(
                Reason.LOST_PROMOTION,
                e.getMessage() + "; the promotion over epoch " + begun.over() + " has put a slot up to " + begun.slot()
                        + ", which may still arrive and fence the writer: run that promotion again to know");
    }

    private static ArchiveFollowException fenced(long epoch, ArchiveFollowException e) {
        return new ArchiveFollowException(
                e.reason(),
                e.getMessage() + "; epoch " + epoch
                        + " was acquired, so the writer before it is fenced: promote another standby over epoch "
                        + epoch
                        + ", or let the old primary take it over");
    }

    /** Applies everything up to the EPOCH slot. */
    private void catchUp(SlotRef epoch, long over) throws IOException {
        boolean isSuspect = false;
        while (!standby.state().place().slot().equals(epoch)) {
            if (!standby.state().isSearching() && standby.state().place().slot().number() >= epoch.number()) {
                standby.save(standby.state().promoting(Promotion.NONE));
                throw new ArchiveFollowException(
                        Reason.LOST_PROMOTION,
                        follower.log().store().describe() + ": another writer acquired epoch "
                                + standby.state().place().epoch() + " after this promotion over epoch " + over
                                + " had acquired one. If it is stopped for good and this standby is to replace it, promote"
                                + " over that epoch");
            }
            if (follower.step(true) == Follower.Step.CAUGHT_UP
                    && !standby.state().place().slot().equals(epoch)
                    && standby.state().place().slot().number() < epoch.number()) {
                if (isSuspect) {
                    throw new ArchiveFollowException(
                            Reason.LOST_SLOTS,
                            follower.log().store().describe() + " ends with slot "
                                    + standby.state().place().slot().number() + ", and this promotion has put slot "
                                    + epoch.number()
                                    + ": slots were deleted. Restore them from a version or a copy, then"
                                    + " promote again");
                }
                isSuspect = true;
            }
        }
    }

    /** Makes the files a log that opens. Seals the segment that it ends in, as an open does, which checks all its records. */
    private void complete() throws IOException {
        FollowState state = standby.state();
        StandbyFiles files = standby.files();
        if (!state.isEmpty()) {
            if (!files.has(state.content())) {
                throw damaged(state, "does not have the bytes that were archived last");
            }
            try {
                standby.finish();
            } catch (WalException e) {
                throw damaged(state, "is damaged: " + e.getMessage());
            }
            files.dropCurrent();
        }
        files.names()
                .complete(state.logId(), state.begin().segment(), state.begin().sequence());
    }

    private ArchiveFollowException damaged(FollowState state, String how) {
        return standby.files().damaged("segment " + state.content().segment() + " " + how);
    }

    private Result open(long epoch, long over) throws IOException {
        LogFiles names = standby.files().names();
        names.endRestore();
        standby.files().deleteState();
        return new Result(epoch, over, standby.state().end().sequence());
    }
}
