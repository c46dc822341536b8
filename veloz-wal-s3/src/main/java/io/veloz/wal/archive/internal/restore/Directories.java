package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.file.Path;

/** Opens the directories of a restore. Tests inject a crash at every change here. */
interface Directories {
    Directories REAL = new Directories() {
        @Override
        public Storage open(Path directory) {
            return DiskStorage.createOrOpen(directory);
        }

        @Override
        public void beforeChange(String what) {}
    };

    /** Opens a directory, which is created if it does not exist. */
    Storage open(Path directory) throws IOException;

    /** Called before a change that does not go through a {@link Storage}. */
    void beforeChange(String what) throws IOException;
}
