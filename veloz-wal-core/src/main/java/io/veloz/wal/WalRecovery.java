package io.veloz.wal;

import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analyser;
import io.veloz.wal.internal.recovery.Analyser.Depth;
import io.veloz.wal.internal.recovery.Recovery;
import io.veloz.wal.internal.replay.ConcurrentInspection;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.spi.ArchiveRestorer;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.ReportedStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** Inspects, verifies, salvages and restores logs, which need not be open. Any thread may call any method. */
public final class WalRecovery {
    private static final String DIRECTORY_VARIABLE = "VELOZ_WAL_DIR";

    private WalRecovery() {}

    /**
     * Reports the state that the next open would find: segments, ranges, verdicts. Reads headers and footers, the data
     * of the last segment, and a part of the zeros that follow it. Changes nothing. A writer may have the log open. Of a
     * {@link ReportedStorage} it returns the report, and reads nothing.
     *
     * @throws WalOpenException if the directory cannot be read, or a restore into it has not ended
     */
    public static RecoveryReport inspect(ReadOptions options) {
        return report(options, Depth.OUTLINE, WalProgress.NONE);
    }

    /**
     * Reports the same as {@link #inspect}, but reads and verifies every byte.
     *
     * @throws WalOpenException if the directory cannot be read, or a restore into it has not ended
     */
    public static RecoveryReport verify(ReadOptions options, WalProgress progress) {
        return report(options, Depth.CONTENT, progress);
    }

    /**
     * Returns the sequence of the last complete record in the files, 0 if there is none. No record that was acknowledged
     * before the call has a higher sequence, also while another process writes; a reader lags, because it returns only
     * records whose durability the files state. The last records may not be durable yet, and a crash may remove them.
     *
     * @throws WalOpenException if the directory does not exist or cannot be read, or a restore into it has not ended
     * @throws WalCorruptException if the log is damaged, so that its end is not known
     */
    public static long lastSequence(ReadOptions options) {
        Storage storage = options.openStorage();
        SegmentNames names = new SegmentNames(options.prefix);
        if (storage instanceof ReportedStorage reported) {
            return reported.report().lastSequence();
        }
        try {
            LogFiles.of(storage, options.prefix).checkNoRestore();
            return ConcurrentInspection.run(
                    storage,
                    () -> storage.isLocked(names.lock()),
                    live -> Analyser.ofWrittenRecords(storage, names, live).analyse(),
                    analysis -> {
                        @Nullable WalException problem = analysis.problem(storage.describe());
                        if (problem != null) {
                            throw problem;
                        }
                        return Math.max(0, analysis.lastSequence());
                    });
        } catch (IOException e) {
            throw new WalOpenException("cannot read " + storage.describe() + ": " + e, e);
        }
    }

    private static RecoveryReport report(ReadOptions options, Depth depth, WalProgress progress) {
        Storage storage = options.openStorage();
        SegmentNames names = new SegmentNames(options.prefix);
        long started = System.nanoTime();
        if (depth == Depth.OUTLINE && storage instanceof ReportedStorage reported) {
            return reported.report();
        }
        try {
            LogFiles.of(storage, options.prefix).checkNoRestore();
            return ConcurrentInspection.run(
                    storage,
                    () -> storage.isLocked(names.lock()),
                    live -> new Analyser(storage, names, depth, options.acceptMissingEnds, live)
                            .progress(progress)
                            .analyse(),
                    analysis -> Recovery.report(analysis, storage, started));
        } catch (IOException e) {
            throw new WalOpenException("cannot read " + storage.describe() + ": " + e, e);
        }
    }

    /**
     * Copies all readable records of a damaged log into a new log. Sequences, timestamps and groups are preserved. The
     * new log declares the lost records: it can be opened and read without an error, and reports the losses. The
     * damaged log is not changed. With {@link ReadOptions#untilSequence} or {@link ReadOptions#untilTime(long)} only
     * the records up to that point are copied. An atomic group is copied completely or not at all.
     *
     * <p>When this returns, the new log is durable. Until then there is only a directory with the suffix ".partial".
     *
     * @param target a directory that does not exist or is empty
     * @throws WalOpenException if the target is not empty, or one of the two directories cannot be used
     * @throws WalDiskFullException if there is no space for the copy
     */
    public static SalvageReport salvage(ReadOptions options, Path target, WalProgress progress) {
        try {
            return UninterruptibleThread.call("veloz-wal-salvage", () -> Salvage.run(options, target, progress));
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new WalOpenException("cannot salvage into " + target + ": " + e, e);
        }
    }

    /**
     * Restores a log from its archive into the directory that the environment variable VELOZ_WAL_DIR names.
     *
     * @throws IllegalArgumentException if that variable is not set
     * @throws WalRestoreException if the restore is refused. The next step depends on its reason
     */
    public static RestoreReport restoreFrom(String uri) {
        return restoreFrom(uri, RestoreOptions.into(directoryOf(System.getenv())));
    }

    /**
     * Restores a log from its archive. First the archive is proven to be complete. Then every object is compared with
     * its digests, and every record is read. When this returns, the log is durable. Until then its files are in the
     * subdirectory ".restore" of the target, and a new target cannot be opened as a log. After a crash or a refusal, call
     * it again: complete segments that were fetched are kept. The target can be a mount point.
     *
     * <p>A log that is already in the directory is never deleted or overwritten. If it has every record of the archive,
     * it is not changed, and the outcome in the report is {@link RestoreReport.Outcome#ALREADY_THERE}. Its lock is held
     * from the comparison to the end, so that no other process can open it or restore into the directory.
     *
     * <p>Files get the owner, the group and the permissions of the directory. A new directory has mode 0700 and the
     * owner of its parent.
     *
     * @param uri the URI of the archive: s3://bucket/prefix
     * @throws WalRestoreException if the restore is refused. The next step depends on its reason
     * @throws WalLockedException if a process has the log in the directory open, or restores into the directory
     */
    public static RestoreReport restoreFrom(String uri, RestoreOptions options) {
        return restorer(uri).restore(uri, options);
    }

    /**
     * Returns the plan of {@link #restoreFrom(String, RestoreOptions)}, and proves that the archive is complete. Writes
     * nothing and fetches no segment.
     *
     * @throws WalRestoreException if the restore would be refused. The next step depends on its reason
     */
    public static RestorePlan planRestore(String uri, RestoreOptions options) {
        return restorer(uri).plan(uri, options);
    }

    /**
     * Finds a restorer with the context class loader, for a provider in the application, and then with the loader of this
     * class, because a thread of the common pool has a context class loader that may not see this library.
     */
    private static ArchiveRestorer restorer(String uri) {
        ServiceConfigurationError unusable = null;
        for (ClassLoader loader : new @Nullable ClassLoader[] {
            Thread.currentThread().getContextClassLoader(), WalRecovery.class.getClassLoader()
        }) {
            try {
                Optional<ArchiveRestorer> found =
                        ServiceLoader.load(ArchiveRestorer.class, loader).findFirst();
                if (found.isPresent()) {
                    return found.get();
                }
            } catch (ServiceConfigurationError e) {
                // Probably another copy of the library. Reported only if no restorer is found.
                unusable = e;
            }
        }
        throw new WalRestoreException(
                WalRestoreException.Reason.UNKNOWN_ARCHIVE,
                "no provider on the class path restores from \"" + scheme(uri)
                        + "\"; add the artifact io.veloz:veloz-wal-s3",
                unusable);
    }

    /** Returns the scheme only, because the rest of the URI may contain a secret. */
    private static String scheme(String uri) {
        int colon = uri.indexOf(':');
        return colon < 0 ? uri : uri.substring(0, colon + 1);
    }

    static Path directoryOf(Map<String, String> environment) {
        String value = environment.getOrDefault(DIRECTORY_VARIABLE, "").strip();
        if (value.isEmpty()) {
            throw new IllegalArgumentException(DIRECTORY_VARIABLE
                    + " is not set; expected a directory. There is no default, because the engine documents two, ./data/wal"
                    + " and /var/lib/veloz/wal, and would not find a log in the wrong one");
        }
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(DIRECTORY_VARIABLE + "=" + value + ": expected a directory", e);
        }
    }
}
