package io.veloz.wal.archive.internal.fill;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.care.AcknowledgedGaps;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.FillState;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.io.StoppableStore;
import io.veloz.wal.archive.internal.io.StoppableStore.StoppedException;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.ObjectFiles;
import io.veloz.wal.archive.internal.restore.RestorePlanner;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreProgress.Stage;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.OlderSegments;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Fills in the segments before the first one of a log, the newest first: fetches some of them at a time into temporary files, and
 * adds one after the other. It belongs to one thread, which must not be interrupted, and starts reader threads.
 *
 * <p>Crash table. {@link OlderSegments} makes each addition atomic, so the log is complete from its first segment on at any time.
 *
 * <pre>
 *   crash after                       the next run
 *   the proof                         begins again
 *   a part of a segment was fetched   deletes it or fetches this segment again; at most as many as are fetched at a time
 *   a segment was fetched             compares its SHA-256, and does not fetch it again
 *   a segment was added               continues below it
 *   the last segment was added        finds nothing left, and ends the fill
 *   the fill was ended                does nothing
 * </pre>
 *
 * <p>A run that fails or is stopped deletes the temporary files, which would occupy the disk until the next run. A trim of the
 * log ends the fill, also one between two runs.
 */
public final class FillIn {
    private static final String CLOSED = "the log was closed";

    private final ObjectStore store;
    private final ShipLog log;
    private final Retries retries;
    private final LogFiles names;
    private final OlderSegments older;
    private final RestoreOptions options;
    private final long keepFreeBytes;
    private final BooleanSupplier stopped;
    private final FillFiles files;
    private final ObjectFiles objects;
    private final List<String> notes = new ArrayList<>();
    private List<Segment> left = List.of();
    private long filled;
    private int reused;

    /** How a run has ended. */
    public enum End {
        /** No fill was pending. */
        NOT_PENDING,
        /** Everything that was left in the archive is in the log. */
        COMPLETE,
        /** A trim has ended the fill. */
        TRIMMED,
        /** The older segments were retired from the archive. */
        RETIRED,
        /** The next older segment is lost, and an operator has acknowledged that. */
        LOST,
        /** It was stopped, or the log was closed. The next run continues. */
        STOPPED
    }

    /**
     * What a run has done.
     *
     * @param left the segments that a further run can fill in
     */
    public record Result(
            End end,
            long filled,
            int reused,
            long fetchedBytes,
            long firstSegment,
            long firstSequence,
            List<Segment> left,
            List<String> notes) {}

    /**
     * @param names the files of the log
     * @param options for their parallelism, bandwidth and progress
     * @param keepFreeBytes the free space that the log needs
     * @param stopped whether to end before the next request or segment
     */
    public FillIn(
            ObjectStore store,
            Retries retries,
            LogFiles names,
            OlderSegments older,
            RestoreOptions options,
            long keepFreeBytes,
            BooleanSupplier stopped) {
        this.store = new StoppableStore(store, stopped);
        this.log = new ShipLog(this.store);
        this.retries = retries;
        this.names = names;
        this.older = older;
        this.options = options;
        this.keepFreeBytes = keepFreeBytes;
        this.stopped = stopped;
        this.files = new FillFiles(names, older);
        this.objects = new ObjectFiles(this.store, retries, options.bytesPerSecond());
    }

    public Result run() throws IOException {
        Optional<FillState> state = state();
        if (state.isEmpty()) {
            return ended(End.NOT_PENDING, List.of());
        }
        try {
            // An earlier run may have died, and this one may end before it fetches anything.
            if (!isClosed()) {
                files.retain(older.firstSegment() - options.parallelism());
            }
            Result result = run(state.get());
            return result.end() == End.STOPPED ? stopped() : result;
        } catch (StoppedException e) {
            return stopped();
        } catch (IOException | RuntimeException e) {
            try {
                deleteTemporary();
            } catch (IOException | RuntimeException failure) {
                e.addSuppressed(failure);
            }
            throw e;
        }
    }

    /** Returns the result of a run that was stopped. The next one deletes the files that this one cannot delete. */
    private Result stopped() throws IOException {
        try {
            deleteTemporary();
        } catch (IOException | IllegalStateException e) {
            note("temporary files may be left until the next fill: " + e.getMessage());
        }
        return result(End.STOPPED, left.subList((int) filled, left.size()));
    }

    /** Deletes the files of segments that were not added, unless another process may have the log open. */
    private void deleteTemporary() throws IOException {
        if (!isClosed()) {
            files.retain(Long.MAX_VALUE);
        }
    }

    private Result run(FillState state) throws IOException {
        RestorePlanner planner = new RestorePlanner(store, log, options, retries, this::note);
        LogIdentity identity = planner.identity();
        checkIdentity(identity, state);
        Proof proof = planner.prove();
        // After the proof, because retention may raise the floor meanwhile.
        Floor floor = care(identity).floor();
        left = left(proof, state, floor);
        End end = fill(proof);
        List<Segment> rest = left.subList((int) filled, left.size());
        if (end == End.STOPPED) {
            return result(end, rest);
        }
        boolean isRetired = floor.cut().segment() > state.firstSegment();
        return ended(end == End.COMPLETE && isRetired ? End.RETIRED : end, rest);
    }

    private Optional<FillState> state() throws IOException {
        try {
            return FillFiles.state(names);
        } catch (BadObjectException e) {
            throw new WalRestoreException(
                    Reason.TARGET_UNUSABLE,
                    e.getMessage()
                            + "; the log is complete from its first record on: remove the file to leave it so, or restore"
                            + " into another directory",
                    e);
        }
    }

    private void checkIdentity(LogIdentity identity, FillState state) {
        if (!identity.logId().equals(state.logId()) || !identity.origin().equals(state.origin())) {
            throw new WalRestoreException(
                    Reason.OTHER_LOG,
                    store.describe() + " is the archive of log " + identity.logId() + ", origin " + identity.origin()
                            + "; " + names.storage().describe() + " was restored from " + state.archive() + ", log "
                            + state.logId() + ", origin " + state.origin() + "; fill in from that archive",
                    null);
        }
    }

    private CareState care(LogIdentity identity) throws IOException {
        return new CareChain(store, retries, identity).lastReadable(this::note).state();
    }

    /**
     * Returns the segments below the log and not below the floor, the newest first.
     *
     * @throws WalRestoreException if the archive lacks one of them, so that a fill would end for good without it
     */
    private List<Segment> left(Proof proof, FillState state, Floor floor) throws IOException {
        List<Segment> before = new ArrayList<>();
        long above = older.firstSegment();
        long last = Math.max(state.firstSegment(), floor.cut().segment());
        for (int i = proof.segments().size() - 1; i >= 0; i--) {
            Segment segment = proof.segments().get(i);
            if (segment.number() == above - 1 && segment.number() >= last) {
                before.add(segment);
                above--;
            }
        }
        if (above > last && older.isPending()) {
            throw missing(last, above - 1, proof);
        }
        return before;
    }

    private WalRestoreException missing(long first, long last, Proof proof) {
        long end = proof.archived().segment();
        long below = proof.segments().stream()
                .mapToLong(Segment::number)
                .filter(number -> number <= last)
                .max()
                .orElse(0);
        return new WalRestoreException(
                end < last ? Reason.ARCHIVE_TOO_SHORT : Reason.DAMAGED,
                store.describe() + " lacks segment " + Math.max(first, below + 1) + " to " + last + " of the log in "
                        + names.storage().describe() + ", and ends in segment " + end
                        + "; expected all segments before the log; put the lost objects back from versions or a copy, and fill in"
                        + " again, or remove " + names.fillName() + " to leave the log as it is",
                null);
    }

    private End fill(Proof proof) throws IOException {
        long total = left.stream().mapToLong(Segment::fileBytes).sum();
        long done = 0;
        try (Downloads downloads = new Downloads(files, objects, left, options.parallelism(), this::checkSpace)) {
            for (Segment segment : left) {
                if (stopped.getAsBoolean()) {
                    return End.STOPPED;
                }
                reused += downloads.next() ? 1 : 0;
                if (!older.add(segment.number())) {
                    return End.TRIMMED;
                }
                filled++;
                done += segment.fileBytes();
                options.progress().update(Stage.FETCH, done, total);
            }
            return End.COMPLETE;
        } catch (IllegalStateException e) {
            if (!isClosed()) {
                throw e;
            }
            note(CLOSED);
            return End.STOPPED;
        } catch (BadObjectException e) {
            Segment damaged = left.get((int) filled);
            CareState care = care(proof.identity());
            if (care.floor().cut().segment() > damaged.number()) {
                return End.RETIRED;
            }
            if (isAcknowledged(damaged, proof, care)) {
                note("records " + damaged.firstSequence() + " to " + damaged.lastSequence()
                        + " are lost, as acknowledged, and the log begins after them: " + e.getMessage());
                return End.LOST;
            }
            throw new WalRestoreException(
                    Reason.DAMAGED,
                    e.key(damaged.key()),
                    damaged.firstSequence(),
                    damaged.lastSequence(),
                    e.getMessage() + "; put it back from a version or a copy, and fill in again",
                    e);
        }
    }

    /** Returns whether the loss of a segment is acknowledged. Those after it are in the log, so they are not lost. */
    private static boolean isAcknowledged(Segment damaged, Proof proof, CareState care) {
        return new AcknowledgedGaps(care)
                .keys(proof.segments(), segment -> segment.number() <= damaged.number())
                .contains(damaged.key());
    }

    private boolean isClosed() {
        try {
            older.checkOpen();
            return false;
        } catch (IllegalStateException e) {
            return true;
        }
    }

    /** Checks that segments of that size can be added to those on disk. */
    private void checkSpace(long bytes) throws IOException {
        long usable = files.usableBytes();
        if (usable - bytes < keepFreeBytes) {
            throw new WalRestoreException(
                    Reason.NO_SPACE,
                    names.storage().describe() + " has " + usable + " bytes of free space; expected "
                            + (keepFreeBytes + bytes) + ", of which " + keepFreeBytes
                            + " stay free for the log; free space, and fill in again",
                    null);
        }
    }

    private Result ended(End end, List<Segment> rest) throws IOException {
        try {
            older.end();
            files.retain(Long.MAX_VALUE);
        } catch (IllegalStateException e) {
            if (!isClosed()) {
                throw e;
            }
            note(CLOSED);
            return result(End.STOPPED, rest);
        }
        return result(end, List.of());
    }

    private Result result(End end, List<Segment> left) throws IOException {
        boolean isKnown = end != End.NOT_PENDING;
        return new Result(
                end,
                filled,
                reused,
                objects.fetched(),
                isKnown ? older.firstSegment() : 0,
                isKnown ? older.firstSequence() : 0,
                List.copyOf(left),
                List.copyOf(notes));
    }

    private void note(String note) {
        if (!notes.contains(note)) {
            notes.add(note);
        }
    }
}
