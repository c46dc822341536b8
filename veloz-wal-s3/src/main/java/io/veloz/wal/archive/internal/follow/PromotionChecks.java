package io.veloz.wal.archive.internal.follow;

import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.follow.Follower.Step;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.FollowState;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SealedSegment;
import io.veloz.wal.spi.SegmentReader;
import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFullException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Checks, before a promotion fences the writer, everything that could prevent the log from opening afterwards: a writer that is
 * fenced by a standby which cannot replace it is an outage. It belongs to one thread.
 *
 * <p>It catches up as well. So it finds out whether everything can be read, decrypted and written, and little is left to apply
 * after the fence. That replaces neither the fence nor the catching up after it: the old writer may add slots meanwhile.
 */
final class PromotionChecks {
    /** For the slots that are archived meanwhile, a footer, the next segment and the state. */
    private static final long LEAST_FREE_BYTES = 16L << 20;

    private final Follower follower;
    private final Standby standby;
    private final boolean requiresEscrow;

    PromotionChecks(Follower follower, boolean requiresEscrow) {
        this.follower = follower;
        this.standby = follower.standby();
        this.requiresEscrow = requiresEscrow;
    }

    /**
     * @throws ArchiveFollowException if the directory cannot become the log
     * @throws IOException if the store or the disk failed
     */
    void run() throws IOException {
        checkEscrow();
        catchUp();
        FollowState state = standby.state();
        if (!state.isEmpty()) {
            checkSealed(state);
            checkActive(state);
        }
        long free = standby.files().names().storage().usableBytes();
        if (free < LEAST_FREE_BYTES) {
            throw new StorageFullException(
                    standby.files().describe() + " has " + free + " free bytes; a promotion needs " + LEAST_FREE_BYTES,
                    null);
        }
    }

    private void checkEscrow() throws IOException {
        ShipLog log = follower.log();
        String active = log.keys().activeId();
        if (active != null && requiresEscrow && !isEscrowed(active)) {
            throw new ArchiveFollowException(
                    Reason.KEY_NOT_ESCROWED,
                    log.store().describe() + " has no " + ArchiveKeys.escrow(active) + ", so a shipper that encrypts by"
                            + " the key \"" + active
                            + "\" would be refused. Put the key there, encrypted to the recovery"
                            + " keys (keys URI --escrow), or do without with FollowerConfig.requireEscrow(false)"
                            + " (follow --no-escrow)");
        }
    }

    private boolean isEscrowed(String key) throws IOException {
        return follower.retries()
                .call(() -> follower.log().store().head(ArchiveKeys.escrow(key)).isPresent());
    }

    /** Applies what is archived now. */
    private void catchUp() throws IOException {
        long last = lastListed();
        Step step = Step.MORE;
        while (step != Step.CAUGHT_UP && !hasApplied(last)) {
            step = follower.step(true);
        }
    }

    private boolean hasApplied(long slot) {
        FollowState state = standby.state();
        // The last slot itself may be a stray, and may be lost: only a list shows that it is the end.
        return !state.isSearching() && state.place().slot().number() > slot;
    }

    private long lastListed() throws IOException {
        long last = standby.state().place().slot().number();
        while (true) {
            long from = last;
            List<Long> page = follower.retries().call(() -> follower.log().page(from));
            if (page.isEmpty()) {
                return last;
            }
            last = page.get(page.size() - 1);
        }
    }

    /**
     * Checks that all sealed segments exist, and reads the header and footer of the last two, and of those that are not committed
     * yet. The files of the others were compared with their SHA-256 when they were completed. To read them again would take the
     * longer, the older the log is.
     */
    private void checkSealed(FollowState state) throws IOException {
        LogFiles names = standby.files().names();
        long begin = state.begin().segment();
        long end = state.end().segment();
        Set<Long> present = Set.copyOf(names.sealed());
        for (long number = begin; number < end; number++) {
            if (!present.contains(number)) {
                throw standby.files().damaged(names.sealedName(number) + " is missing");
            }
        }
        long from = Math.max(begin, Math.min(end - 1, state.verified() + 1));
        checkHeads(
                names,
                from,
                present.contains(end) ? end : end - 1,
                from == begin ? state.begin().sequence() : -1);
    }

    /** @param expected the first record of the first segment; -1 if it is not known */
    private void checkHeads(LogFiles names, long from, long to, long expected) throws IOException {
        long sequence = expected;
        for (long number = from; number <= to; number++) {
            Optional<SealedSegment> sealed = sealed(names, number);
            if (sealed.isPresent() && sealed.get().records() > 0) {
                checkFirst(sealed.get(), sequence);
                // A segment may declare records inside of it as lost, so its records need not fill its span.
                sequence = sealed.get().lastSequence() + 1;
            }
        }
    }

    /** Checks that a segment begins with the record after the one before it, or declares the records between as lost. */
    private void checkFirst(SealedSegment segment, long expected) throws IOException {
        long first = segment.firstSequence();
        boolean follows = expected < 0 || first == expected;
        if (!follows && (first < expected || !declaresLoss(segment, expected))) {
            throw standby.files().damaged(segment.file() + " begins with record " + first + "; expected " + expected);
        }
    }

    /** Returns whether a segment begins with a batch that declares all records from one on as lost. */
    private boolean declaresLoss(SealedSegment segment, long lost) throws IOException {
        // A reader compares a batch with the one before it, so it begins with that one. 0 is the beginning of the log.
        boolean isBegin = lost <= standby.state().begin().sequence();
        try (SegmentReader reader = reader(segment.number(), isBegin ? 0 : lost - 2)) {
            while (reader.next()) {
                if (reader.lastSequence() >= lost) {
                    return reader.firstSequence() == segment.firstSequence();
                }
            }
            return false;
        } catch (WalCorruptException e) {
            return false;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private Optional<SealedSegment> sealed(LogFiles names, long number) throws IOException {
        try {
            return names.sealed(number);
        } catch (WalCorruptException e) {
            throw standby.files().damaged(names.sealedName(number) + " is damaged: " + e.getMessage());
        }
    }

    /** Checks the records of the active segment, and that it ends with the bytes that were archived last. */
    private void checkActive(FollowState state) throws IOException {
        StandbyFiles files = standby.files();
        Archived end = state.end();
        if (!files.has(state.content())) {
            throw files.damaged("segment " + end.segment() + " does not have the bytes that were archived last");
        }
        if (files.isSealed(end.segment())) {
            return;
        }
        long before = sequenceBefore(state);
        try {
            long read = lastRecord(before, end.sequence());
            if (read < end.sequence()) {
                throw files.damaged("segment " + end.segment() + " is damaged: its records end with " + read
                        + "; expected " + end.sequence());
            }
        } catch (WalCorruptException e) {
            throw files.damaged("segment " + end.segment() + " is damaged: " + e.getMessage());
        }
    }

    /** Reads the records after one, up to a last one. Returns the last intact one of them. */
    private long lastRecord(long before, long last) throws IOException {
        long read = before;
        try (SegmentReader reader = reader(standby.state().end().segment(), before)) {
            while (read < last && reader.next()) {
                read = reader.lastSequence();
            }
            return read;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Opens a segment for reading, from the end of the one before it. */
    private SegmentReader reader(long segment, long before) throws IOException {
        try {
            return SegmentReader.open(readable(standby.files().from(segment - 1)), 0, 0, before);
        } catch (WalOpenException e) {
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /** Returns the last record before the active segment. */
    private long sequenceBefore(FollowState state) throws IOException {
        Optional<SealedSegment> before =
                sealed(standby.files().names(), state.end().segment() - 1);
        return before.isPresent() && before.get().records() > 0
                ? before.get().lastSequence()
                : state.begin().sequence() - 1;
    }

    /** Returns the files as those of a log that no process has open: the directory is locked, and marked as unfinished. */
    private static LogFiles readable(LogFiles names) {
        Storage storage = new ForwardingStorage(names.storage()) {
            @Override
            public List<String> list() throws IOException {
                return super.list().stream()
                        .filter(name -> !name.equals(names.restoreMarkName()))
                        .toList();
            }

            @Override
            public boolean isLocked(String name) {
                return false;
            }
        };
        return LogFiles.of(storage, names.prefix());
    }
}
