package io.veloz.wal.archive.store;

import io.veloz.wal.archive.store.probe.ObjectStoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class DirectoryStoreContractTest extends ObjectStoreContract {
    @TempDir
    Path directory;

    @Override
    protected ObjectStore newStore() {
        return ObjectStores.open("file://" + directory.resolve("new/archive"));
    }
}
