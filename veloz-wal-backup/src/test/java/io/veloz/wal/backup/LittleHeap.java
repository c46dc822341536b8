package io.veloz.wal.backup;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * The process of {@link BackupMemoryTest}: makes a backup of the database, or recovers it. Prints the largest use of its
 * heap in bytes, garbage included.
 */
final class LittleHeap {
    private LittleHeap() {}

    /** Arguments: {@code backup} or {@code recover}, profile, directory of the archive, directory of the keys. */
    public static void main(String[] arguments) throws IOException {
        BackupProfile profile = BackupProfile.read(Path.of(arguments[1]));
        try (ObjectStore store = new DirectoryStore(Path.of(arguments[2]))) {
            if (arguments[0].equals("backup")) {
                backup(store, profile);
            } else {
                recover(store, profile, Path.of(arguments[3]));
            }
        }
        long peak = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            peak += pool.getType() == MemoryType.HEAP ? pool.getPeakUsage().getUsed() : 0;
        }
        System.out.println(peak);
    }

    private static void backup(ObjectStore store, BackupProfile profile) throws IOException {
        ReadOptions log = ReadOptions.of(profile.logDirectory().orElseThrow());
        new Backup(store, profile, LogPosition.of(log)).run(Set.of(Kind.DATABASE));
    }

    private static void recover(ObjectStore store, BackupProfile profile, Path keys) throws IOException {
        Recovery recovery = new Recovery(profile);
        RecoveryPlan plan = recovery.plan(store, RecoveryOptions.of(Set.of(Kind.DATABASE)));
        RecoveryKeys files =
                new RecoveryKeys(keys.resolve("operations.key"), Optional.empty(), keys.resolve("signer.asc"));
        recovery.run(store, plan, files, RecoveryProgress.NONE);
    }
}
