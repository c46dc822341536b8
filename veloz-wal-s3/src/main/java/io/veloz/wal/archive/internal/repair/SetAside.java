package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.archive.internal.restore.NewFile;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;

/** Keeps files under names that a log does not read. Confined to one thread. */
final class SetAside {
    private final Storage storage;
    private final String suffix;

    SetAside(Storage storage, String suffix) {
        this.storage = storage;
        this.suffix = suffix;
    }

    /** Renames a file. Returns its new name when it is durable. */
    String rename(String name) throws IOException {
        String kept = free(name);
        storage.rename(name, kept);
        storage.forceDirectory();
        return kept;
    }

    /** Copies a file. Returns the name of the copy when it is durable. */
    String copy(String name) throws IOException {
        String kept = free(name);
        String temporary = StagedNames.staged(kept);
        try (StorageFile from = storage.openForReading(name);
                NewFile to = new NewFile(storage, temporary)) {
            to.restart();
            to.copy(from, 0);
            to.finish();
        }
        storage.rename(temporary, kept);
        storage.forceDirectory();
        return kept;
    }

    private String free(String name) throws IOException {
        String kept = name + suffix;
        for (int i = 2; storage.exists(kept); i++) {
            kept = name + suffix + "-" + i;
        }
        return kept;
    }
}
