package io.veloz.wal.archive;

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
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Recovers the intact records of an archive whose chain of slots is damaged. Use it only if {@link WalRecovery#restoreFrom}
 * refuses the archive, and no copy of the damaged objects exists. Thread-safe.
 */
public final class ArchiveSalvage {
    private ArchiveSalvage() {}

    /**
     * Copies the records of all intact objects into a new log. Uses tails for segments that have no intact object. Records are
     * validated by their own checksums. Of two versions of the same records, the version whose digest a slot contains is copied,
     * or neither if no slot contains one. The new log has a new id, declares the lost ranges, and cannot be
     * shipped to this archive. The archive is not modified.
     *
     * <p>When this method returns, the new log is durable. Until then only temporary directories next to the target exist, with
     * names that begin with {@code .veloz-wal-salvage-} or end with {@code .partial}. After a crash delete them and call again.
     * They need twice the size of the log.
     *
     * @param target a directory that does not exist or is empty
     * @throws WalOpenException if the target is not empty or cannot be used
     * @throws WalRestoreException if no record was found, or the store cannot be read; see the reason
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
            return new ArchiveSalvageReport(
                    log, found.segments(), found.tails(), checkpoint, found.problems(), found.notes());
        } finally {
            remove(scratch);
        }
    }

    /** Copies the newest checkpoint, unless it covers records that are lost. Returns its sequence; 0 if none was copied. */
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
