package io.veloz.wal.backup;

import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/** A drill as a process of its own, for tests that send it a signal. Arguments: profile, archive, directory, keys. */
public final class DrillProcess {
    private DrillProcess() {}

    public static void main(String[] args) throws IOException {
        Path keys = Path.of(args[3]);
        RecoveryKeys recovery =
                new RecoveryKeys(keys.resolve("operations.key"), Optional.empty(), keys.resolve("signer.asc"));
        try (ObjectStore store = new DirectoryStore(Path.of(URI.create(args[1])))) {
            DrillReceipt receipt = new Drill(BackupProfile.read(Path.of(args[0])))
                    .run(store, args[1], DrillOptions.in(Path.of(args[2])), recovery, RecoveryProgress.NONE);
            System.out.println(receipt);
        }
    }
}
