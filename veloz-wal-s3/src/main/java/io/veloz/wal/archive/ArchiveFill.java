package io.veloz.wal.archive;

import io.veloz.wal.Wal;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.fill.FillFiles;
import io.veloz.wal.archive.internal.fill.FillIn;
import io.veloz.wal.archive.internal.fill.LockedLogStorage;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.FillState;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.RestoreErrors;
import io.veloz.wal.archive.internal.restore.RestorePlanner;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.OlderSegments;
import io.veloz.wal.storage.StorageLock;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.BooleanSupplier;

/**
 * The second phase of a restore with {@link RestoreOptions#fromCheckpoint}: adds the segments that it has left in the archive to
 * the log, the newest first, so that the log is complete from its first record on at any time. A restored log does not need it:
 * the older records stay in the archive, from where {@link ArchiveReader} reads them.
 *
 * <p>It runs while the log is open ({@link #start}), or in a directory that no process has open ({@link #fill}). After a crash, a
 * failure or a stop, run it again: segments that were added are not fetched again. A trim that deletes a segment ends the fill
 * for good. Thread-safe.
 */
public final class ArchiveFill implements AutoCloseable {
    /** The open logs that are filled in. Two fills of a log would replace each other's temporary files. */
    private static final Set<Wal> FILLED_LOGS = ConcurrentHashMap.newKeySet();

    private final FutureTask<ArchiveFillReport> task;
    private volatile boolean stopped;

    private ArchiveFill(ObjectStore store, Wal wal, ArchiveFillOptions options) {
        this.task = new FutureTask<>(() -> {
            try {
                FillIn.Result result =
                        run(store, wal.files(), wal.olderSegments(), options, Retries.withBackoff(), () -> stopped);
                return report(result, result.notes());
            } finally {
                FILLED_LOGS.remove(wal);
            }
        });
    }

    /**
     * Starts to fill in the older segments of an open log, on a thread of its own. The caller closes the store after this.
     *
     * <p>The application goes on as usual. Readers that are opened later begin with the segments that were added until then.
     *
     * @throws IllegalStateException if another fill of this log runs: await or close it first
     */
    public static ArchiveFill start(ObjectStore store, Wal wal, ArchiveFillOptions options) {
        ArchiveFill fill = new ArchiveFill(store, wal, options);
        UninterruptibleThread thread = new UninterruptibleThread(fill.task, "veloz-wal-fill " + store.describe());
        if (!FILLED_LOGS.add(wal)) {
            throw new IllegalStateException(
                    wal.files().storage().describe() + ": another fill of this log runs; await or close it first");
        }
        try {
            thread.start();
        } catch (Throwable t) {
            FILLED_LOGS.remove(wal);
            throw t;
        }
        return fill;
    }

    /**
     * Fills in the older segments of a log that no process has open. Its lock is held until the end.
     *
     * @throws WalRestoreException if it failed. Its reason and message state the next step. What was added stays
     * @throws io.veloz.wal.WalLockedException if a process has the log open
     * @throws io.veloz.wal.WalOpenException if the directory does not exist, or a restore into it has not ended
     */
    public static ArchiveFillReport fill(ObjectStore store, Path directory, ArchiveFillOptions options) {
        return fill(store, directory, options, Retries.withBackoff());
    }

    static ArchiveFillReport fill(ObjectStore store, Path directory, ArchiveFillOptions options, Retries retries) {
        try {
            return UninterruptibleThread.call(
                    "veloz-wal-fill " + directory, () -> fillLocked(store, directory, options, retries));
        } catch (Exception e) {
            throw RestoreErrors.translate(e, store.describe() + " into " + directory);
        }
    }

    @SuppressWarnings("try") // the lock is only held
    private static ArchiveFillReport fillLocked(
            ObjectStore store, Path directory, ArchiveFillOptions options, Retries retries) throws IOException {
        LogIdentity identity =
                new RestorePlanner(store, new ShipLog(store), options.fetching(), retries, note -> {}).identity();
        LockedLogStorage storage = new LockedLogStorage(directory);
        LogFiles files = LogFiles.of(storage, identity.prefix());
        try (StorageLock lock = files.lock()) {
            files.checkNoRestore();
            FillIn.Result result = run(store, files, files.olderSegments(), options, retries, () -> false);
            List<String> notes = new ArrayList<>(result.notes());
            storage.note().ifPresent(notes::add);
            return report(result, notes);
        }
    }

    private static FillIn.Result run(
            ObjectStore store,
            LogFiles files,
            OlderSegments older,
            ArchiveFillOptions options,
            Retries retries,
            BooleanSupplier stopped)
            throws IOException {
        return new FillIn(store, retries, files, older, options.fetching(), options.keepFreeBytes(), stopped).run();
    }

    private static ArchiveFillReport report(FillIn.Result result, List<String> notes) {
        return new ArchiveFillReport(
                ArchiveFillReport.Outcome.valueOf(result.end().name()),
                result.filled(),
                result.reused(),
                result.fetchedBytes(),
                result.firstSequence(),
                result.left().size(),
                result.left().stream().mapToLong(Segment::objectBytes).sum(),
                notes);
    }

    /**
     * Returns the fill that is pending for a log, open or not; empty if none is.
     *
     * @throws WalRestoreException if its state is damaged
     */
    public static Optional<ArchiveFillStatus> pending(LogFiles log) {
        try {
            Optional<FillState> found = FillFiles.state(log);
            if (found.isEmpty()) {
                return Optional.empty();
            }
            FillState state = found.get();
            OlderSegments older = log.olderSegments();
            return Optional.of(new ArchiveFillStatus(
                    state.archive(),
                    older.firstSequence(),
                    state.firstSequence(),
                    Math.max(0, older.firstSegment() - state.firstSegment())));
        } catch (BadObjectException e) {
            throw new WalRestoreException(
                    WalRestoreException.Reason.TARGET_UNUSABLE,
                    e.getMessage() + "; remove the file to leave the log as it is",
                    e);
        } catch (IOException | UnknownArchiveFormatException e) {
            throw RestoreErrors.translate(e, log.storage().describe());
        }
    }

    /** Returns whether it has ended. */
    public boolean isDone() {
        return task.isDone();
    }

    /**
     * Waits until it has ended. An interrupt of the caller stays pending.
     *
     * @throws WalRestoreException if it failed; the log is open and complete from its first record on
     */
    public ArchiveFillReport await() {
        try {
            return result();
        } catch (Exception e) {
            throw RestoreErrors.translate(e, "the older segments of the log");
        }
    }

    private ArchiveFillReport result() throws Exception {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw e.getCause() instanceof Exception cause ? cause : e;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Ends it, and waits for that: it makes no further request to the store, and deletes the files of segments that were fetched
     * and not added. A later fill continues.
     */
    @Override
    public void close() {
        stopped = true;
        try {
            result();
        } catch (Exception e) {
            // await() reports it.
        }
    }
}
