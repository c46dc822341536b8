package io.veloz.wal.archive;

import io.veloz.wal.LogFiles;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.SalvageReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.RestoreErrors;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Brings back what can still be shown to be in order of an archive whose slots do not prove it any more. It is for the day on
 * which {@link WalRecovery#restoreFrom} refuses, and no copy of the damaged object is left. Any thread may call any method.
 */
public final class ArchiveSalvage {
    private ArchiveSalvage() {}

    /**
     * Copies every record of every object that is whole into a new log: segments first, tails where a segment has none. A
     * record counts by its own checksums; of two versions of the same records the one counts that a slot names by its
     * digest, and none if no slot does. The new log has an id of its own, declares what is lost between its records, and
     * cannot be shipped into this archive. The archive is only read.
     *
     * <p>When this returns the new log is on disk in full. Until then there are only directories beside the target, whose
     * names begin with {@code .veloz-wal-salvage-} or end with {@code .partial}: after a crash remove them, and call again.
     * They need room for the log twice.
     *
     * @param target a directory that does not exist, or is empty
     * @throws WalOpenException if the target is there already, or cannot be used
     * @throws WalRestoreException if no record can be found, or the store cannot be read; its reason says what to do
     */
    public static ArchiveSalvageReport salvage(ObjectStore store, Path target, WalProgress progress) {
        return salvage(store, target, progress, Retries.withBackoff());
    }

    static ArchiveSalvageReport salvage(ObjectStore store, Path target, WalProgress progress, Retries retries) {
        try {
            return UninterruptibleThread.call("veloz-wal-salvage", () -> run(store, target, progress, retries));
        } catch (Exception e) {
            throw RestoreErrors.translate(e, store.describe());
        }
    }

    private static ArchiveSalvageReport run(ObjectStore store, Path target, WalProgress progress, Retries retries)
            throws IOException {
        Path parent = target.toAbsolutePath().normalize().getParent();
        if (parent == null) {
            throw new WalOpenException(target + " is the root of a file system; expected a new directory", null);
        }
        Files.createDirectories(parent);
        Path scratch = Files.createTempDirectory(parent, ".veloz-wal-salvage-");
        try {
            FoundFiles found = new FoundFiles(store, retries, scratch, progress);
            found.collect();
            ReadOptions source = ReadOptions.of(found.files().storage())
                    .prefix(found.files().prefix())
                    .acceptMissingEnds(true);
            SalvageReport log = WalRecovery.salvage(source, target, progress);
            long checkpoint = checkpoint(found.files(), target, log.lastSequence());
            return new ArchiveSalvageReport(log, found.segments(), found.tails(), checkpoint, found.problems());
        } finally {
            remove(scratch);
        }
    }

    /** Writes the newest one that belongs to records that are there. */
    private static long checkpoint(LogFiles from, Path target, long lastSequence) throws IOException {
        Optional<WalCheckpoint> newest =
                WalCheckpoint.newest(ReadOptions.of(from.storage()).prefix(from.prefix()));
        if (newest.isEmpty() || newest.get().sequence() > lastSequence) {
            return 0;
        }
        WalCheckpoint checkpoint = newest.get();
        try (Wal wal = Wal.open(WalConfig.builder(target).prefix(from.prefix()).build())) {
            wal.writeCheckpoint(checkpoint.sequence(), out -> {
                try (InputStream in = checkpoint.open()) {
                    in.transferTo(out);
                }
            });
        }
        return checkpoint.sequence();
    }

    private static void remove(Path scratch) throws IOException {
        for (Path directory : new Path[] {scratch.resolve(FoundFiles.CANDIDATE), scratch}) {
            if (Files.exists(directory)) {
                try (Stream<Path> files = Files.list(directory)) {
                    for (Path file : files.toList()) {
                        Files.delete(file);
                    }
                }
                Files.delete(directory);
            }
        }
    }

    static DiskStorage open(Path directory) {
        return DiskStorage.open(directory);
    }
}
