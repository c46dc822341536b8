package io.veloz.wal.archive.internal.follow;

import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.FollowState;
import io.veloz.wal.archive.internal.format.FollowState.Place;
import io.veloz.wal.archive.internal.format.FollowState.Promotion;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.format.Witness;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.ObjectFiles;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.internal.shiplog.Witnesses;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Follows an archive into a directory, one step at a time. It has the lock of the log, so no engine and no other follower
 * uses the directory. It belongs to one thread.
 *
 * <p>The next slot is read by its number. That alone would miss that a shipper has dropped it, because its segment is
 * committed: then no slot ever has that number, and the standby would seem to have everything. So only a list shows that
 * the standby has caught up.
 */
public final class Follower implements AutoCloseable {
    private final ShipLog log;
    private final LogIdentity identity;
    private final Retries retries;
    private final Standby standby;
    private final StorageLock lock;
    private final CatchUp catchUp;

    /** Whether the last applied slot was missing in the last list. */
    private boolean isSuspect;

    private volatile long seenSequence;

    /** The result of a step. */
    public enum Step {
        /** There may be more to apply. */
        MORE,
        /** The next slot does not exist. It may have been dropped. */
        NOTHING,
        /** Everything in the archive is applied. */
        CAUGHT_UP
    }

    private Follower(ShipLog log, LogIdentity identity, Retries retries, Standby standby, StorageLock lock) {
        this.log = log;
        this.identity = identity;
        this.retries = retries;
        this.standby = standby;
        this.lock = lock;
        this.catchUp = new CatchUp(log, identity, retries, standby);
    }

    /**
     * Opens a standby, or begins one in a directory without a log.
     *
     * @throws ArchiveFollowException if the directory is not a standby of this archive
     * @throws io.veloz.wal.WalLockedException if another process uses the directory
     */
    public static Follower open(ObjectStore store, Storage storage, Retries retries) throws IOException {
        ShipLog log = new ShipLog(store);
        LogIdentity identity = retries.call(log::identity)
                .orElseThrow(() -> new WalRestoreException(
                        WalRestoreException.Reason.NOT_AN_ARCHIVE,
                        store.describe() + " is not an archive (it has no log.json); correct the URI",
                        null));
        ObjectFiles objects = new ObjectFiles(store, retries, Long.MAX_VALUE);
        StandbyFiles files = new StandbyFiles(storage, identity.prefix(), objects);
        StorageLock lock = files.names().lock();
        try {
            FollowState state = state(files, identity, store);
            return new Follower(log, identity, retries, new Standby(files, state), lock);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private static FollowState state(StandbyFiles files, LogIdentity identity, ObjectStore store) throws IOException {
        Optional<FollowState> found = files.state();
        if (found.isEmpty()) {
            return begin(files, identity);
        }
        FollowState state = found.get();
        if (!state.logId().equals(identity.logId()) || !state.origin().equals(identity.origin())) {
            throw new ArchiveFollowException(
                    Reason.OTHER_LOG,
                    files.describe() + " follows log " + state.logId() + ", origin " + state.origin() + "; "
                            + store.describe() + " is the archive of log " + identity.logId() + ", origin "
                            + identity.origin() + ": follow it into another directory");
        }
        if (!state.promotion().isComplete() && !files.names().isRestoring()) {
            throw files.damaged(
                    files.names().restoreMarkName() + " is missing, so an engine may have written into this standby");
        }
        files.deleteTemporary();
        return state;
    }

    private static FollowState begin(StandbyFiles files, LogIdentity identity) throws IOException {
        if (!files.isFree()) {
            throw new ArchiveFollowException(
                    Reason.NOT_A_STANDBY,
                    files.describe()
                            + " has files of a log, and is not a standby (a promoted one is not any more): follow into an"
                            + " empty directory");
        }
        files.deleteTemporary();
        files.begin();
        FollowState initial = FollowState.initial(identity);
        files.save(initial);
        return initial;
    }

    /** Returns what is applied. Any thread may call it. */
    public FollowState state() {
        return standby.state();
    }

    /** Returns the last record that is known to be archived. Any thread may call it. */
    public long archivedSequence() {
        return Math.max(
                Math.max(catchUp.archivedSequence(), seenSequence),
                state().end().sequence());
    }

    /** Finds out up to which record the archive goes, for the lag. Makes two requests. */
    public Step lookAhead() throws IOException {
        long from = state().place().slot().number();
        List<Long> listed = retries.call(() -> log.page(from));
        if (!listed.isEmpty()) {
            long last = listed.get(listed.size() - 1);
            retries.call(() -> log.check(last))
                    .filter(slot -> isOfThisLog(slot.slot()))
                    .ifPresent(slot -> seenSequence = slot.slot().archived().sequence());
        }
        return Step.MORE;
    }

    /** Returns the beat interval of the writer in milliseconds; 0 if none of its BEATs was applied. Any thread may call it. */
    public long beatMillis() {
        return standby.beatMillis();
    }

    /** Returns when the writer of the last applied slot ended on purpose; empty if it has not recorded it. */
    public Optional<Instant> endedAt() throws IOException {
        Place place = state().place();
        return retries.call(() -> Witnesses.end(log.store(), identity, place.epoch()))
                .filter(end -> end.tip().equals(place.slot()))
                .map(Witness::written);
    }

    Standby standby() {
        return standby;
    }

    ShipLog log() {
        return log;
    }

    LogIdentity identity() {
        return identity;
    }

    Retries retries() {
        return retries;
    }

    /** Throws if a promotion has begun: following would apply slots of another writer after its epoch. */
    public void checkNoPromotion() {
        Promotion promotion = state().promotion();
        if (promotion.over() > 0) {
            throw new ArchiveFollowException(
                    Reason.PROMOTION_BEGUN,
                    standby.files().describe() + ": a promotion over epoch " + promotion.over()
                            + " has begun; continue it with the same command (follow URI DIR --promote)");
        }
    }

    /**
     * Applies the next slot, or everything up to the end of the archive if that slot was dropped.
     *
     * @param list whether to list the slots if the next one does not exist
     * @throws ArchiveFollowException if the standby cannot continue; do not call again
     * @throws IOException if the store or the disk failed; call again after a delay
     */
    public Step step(boolean list) throws IOException {
        FollowState state = state();
        if (state.isSearching()) {
            // Slot 1 is never deleted, so an archive without it is empty, and nothing has to be listed.
            if (!list && state.place().slot().number() == 0 && next().isEmpty()) {
                return Step.NOTHING;
            }
            boolean isComplete = catchUp.run();
            return isComplete && state().isSearching() ? Step.CAUGHT_UP : Step.MORE;
        }
        Optional<Decoded> next = next();
        if (next.isPresent()) {
            if (!next.get().slot().previous().equals(state.place().slot().sha256())) {
                // The last applied slot is a stray: a writer put it, and acquired its epoch again after the last slot.
                // Or the
                // archive was replaced, which the search finds out.
                standby.save(state.searching());
            } else {
                checkLog(next.get());
                apply(next.get());
            }
            return Step.MORE;
        }
        return list ? list(state.place()) : Step.NOTHING;
    }

    private void apply(Decoded next) throws IOException {
        try {
            standby.apply(next);
        } catch (BadObjectException e) {
            if (!(next.slot().part() instanceof Segment)) {
                throw e;
            }
            // The object is damaged, or missing because retention has removed it, which a search finds out.
            standby.save(state().searching());
        } catch (WalCorruptException e) {
            // The local bytes before this slot are damaged. The search writes them again.
            standby.save(state().searching());
        }
    }

    private Optional<Decoded> next() throws IOException {
        long number = state().place().slot().number() + 1;
        return retries.call(() -> log.slot(number));
    }

    private boolean isOfThisLog(Slot slot) {
        return slot.logId().equals(identity.logId())
                && (slot.origin().isEmpty() || slot.origin().equals(identity.origin()));
    }

    private void checkLog(Decoded next) {
        if (!isOfThisLog(next.slot())) {
            throw new ArchiveFollowException(
                    Reason.OTHER_LOG,
                    log.where("slot " + next.slot().number()) + " is of log "
                            + next.slot().logId() + "; expected " + identity.logId());
        }
    }

    /** Lists the slots from the last applied one on. */
    private Step list(Place place) throws IOException {
        long last = place.slot().number();
        List<Long> listed = retries.call(() -> log.page(last - 1));
        boolean isMissing = listed.isEmpty();
        if (isMissing && isSuspect) {
            throw new ArchiveFollowException(
                    Reason.LOST_SLOTS,
                    log.store().describe() + " ends before slot " + last + ", which "
                            + standby.files().describe()
                            + " has applied. Slots were deleted, or the archive was replaced by an older copy. Restore"
                            + " the slots from a version or a copy");
        }
        isSuspect = isMissing;
        if (isMissing) {
            return Step.NOTHING;
        }
        if (listed.get(listed.size() - 1) == last) {
            return compare(place.slot());
        }
        if (next().isEmpty()) {
            // Later slots exist: the next one was dropped, or the last one is a stray.
            standby.save(state().searching());
        }
        return Step.MORE;
    }

    /** Compares the last slot of the archive with the one that was applied. If it is another one, a search finds out why. */
    private Step compare(SlotRef place) throws IOException {
        Optional<Decoded> found = retries.call(() -> log.check(place.number()));
        if (found.isEmpty()) {
            return Step.NOTHING;
        } else if (found.get().sha256().equals(place.sha256())) {
            return Step.CAUGHT_UP;
        }
        standby.save(state().searching());
        return Step.MORE;
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
