package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.file.Path;

/** How a restore gets at directories: the seam at which tests end it at every step. */
interface Steps {
    Steps REAL = new Steps() {
        @Override
        public Storage open(Path directory) {
            return DiskStorage.createOrOpen(directory);
        }

        @Override
        public void before(String what) {}
    };

    /** Creates a directory if it is not there. */
    Storage open(Path directory) throws IOException;

    /** Is called before directories are changed as such. */
    void before(String what) throws IOException;
}
