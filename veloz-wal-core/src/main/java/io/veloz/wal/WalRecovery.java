package io.veloz.wal;

import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analyser;
import io.veloz.wal.internal.recovery.Analyser.Depth;
import io.veloz.wal.internal.recovery.Recovery;
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

/** Looks at logs that need not be open, and rescues what is left of one. Any thread may call any method. */
public final class WalRecovery {
    private static final String DIRECTORY_VARIABLE = "VELOZ_WAL_DIR";

    private WalRecovery() {}

    /**
     * Says what the next open would find: segments, ranges, verdicts. Reads headers and footers, and the data of the segment
     * that was written last, but only a part of the zeros that follow it. Changes nothing, also while a writer has the log
     * open.
     *
     * @throws WalOpenException if the directory cannot be read, or a restore into it has not ended
     */
    public static RecoveryReport inspect(ReadOptions options) {
        return look(options, Depth.OUTLINE, WalProgress.NONE);
    }

    /**
     * The same, but reads and checks every byte.
     *
     * @throws WalOpenException if the directory cannot be read, or a restore into it has not ended
     */
    public static RecoveryReport verify(ReadOptions options, WalProgress progress) {
        return look(options, Depth.CONTENT, progress);
    }

    private static RecoveryReport look(ReadOptions options, Depth depth, WalProgress progress) {
        Storage storage = options.openStorage();
        SegmentNames names = new SegmentNames(options.prefix);
        long started = System.nanoTime();
        try {
            LogFiles.checkNoRestore(storage, names);
            return BesideWriter.look(
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
     * Copies everything that can still be read from a damaged log into a new one. Sequences, times and groups stay; what
     * is lost is declared in the new log, which opens and reads without an error and reports the losses. The damaged log
     * is only read. With {@link ReadOptions#untilSequence} or {@link ReadOptions#untilTime} only the records up to there are
     * copied; an atomic group is copied whole or not at all.
     *
     * <p>When this returns the new log is on disk in full. Until then there is only a directory of that name with
     * ".partial" behind it.
     *
     * @param target a directory that does not exist, or is empty
     * @throws WalOpenException if the target is there already, or one of the two cannot be used
     * @throws WalDiskFullException if there is no room for the copy
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
     * Brings a log back from its archive into the directory that the environment variable VELOZ_WAL_DIR names.
     *
     * @throws IllegalArgumentException if that variable is not set
     * @throws WalRestoreException if it is refused; its reason says what to do
     */
    public static RestoreReport restoreFrom(String uri) {
        return restoreFrom(uri, RestoreOptions.into(directoryOf(System.getenv())));
    }

    /**
     * Brings a log back from its archive. The archive is proven to be complete first; every object is held against its
     * digests, and every record is read. When this returns the log is on disk in full. Until then its files are in the
     * directory ".restore" inside the target, and the target does not open as a log. After a crash, or a refusal, call it
     * again: what was fetched is not fetched again. The target can be a mount point.
     *
     * <p>A log that is in the directory already is never deleted or overwritten. If it has all that the archive has, it
     * stays as it is, and the report says so. Its lock is held from the comparison to the end, and so a second restore into
     * the directory is refused as an engine is.
     *
     * <p>Files get the owner, the group and the permissions of the directory; a new directory has mode 0700 and the owner of
     * its parent.
     *
     * @param uri of the archive: s3://bucket/prefix
     * @throws WalRestoreException if it is refused; its reason says what to do
     * @throws WalLockedException if a process has the log in the directory open, or restores into it
     */
    public static RestoreReport restoreFrom(String uri, RestoreOptions options) {
        return restorer(uri).restore(uri, options);
    }

    /**
     * Says what {@link #restoreFrom(String, RestoreOptions)} would fetch, and proves that the archive is complete. Writes
     * nothing, and fetches no segment.
     *
     * @throws WalRestoreException if the restore would be refused; its reason says what to do
     */
    public static RestorePlan planRestore(String uri, RestoreOptions options) {
        return restorer(uri).plan(uri, options);
    }

    /**
     * Tries the context class loader, where an application's own provider is, and then the loader of this class: a thread
     * of the common pool has a context class loader that may not see this library.
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
                // Another copy of the library, most likely. It counts if nothing else is found.
                unusable = e;
            }
        }
        throw new WalRestoreException(
                WalRestoreException.Reason.UNKNOWN_ARCHIVE,
                "nothing on the class path restores from \"" + scheme(uri)
                        + "\"; add the artifact io.veloz:veloz-wal-s3",
                unusable);
    }

    /** Without the rest, which could hold a secret. */
    private static String scheme(String uri) {
        int colon = uri.indexOf(':');
        return colon < 0 ? uri : uri.substring(0, colon + 1);
    }

    static Path directoryOf(Map<String, String> environment) {
        String value = environment.getOrDefault(DIRECTORY_VARIABLE, "").strip();
        if (value.isEmpty()) {
            throw new IllegalArgumentException(DIRECTORY_VARIABLE
                    + " is not set; expected a directory. The engine's documents name two defaults, ./data/wal and"
                    + " /var/lib/veloz/wal, and a log restored into the wrong one is not found");
        }
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(DIRECTORY_VARIABLE + "=" + value + ": expected a directory", e);
        }
    }
}
