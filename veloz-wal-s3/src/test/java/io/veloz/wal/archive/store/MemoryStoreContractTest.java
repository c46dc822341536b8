package io.veloz.wal.archive.store;

import io.veloz.wal.archive.store.probe.ObjectStoreContract;

class MemoryStoreContractTest extends ObjectStoreContract {
    @Override
    protected ObjectStore newStore() {
        return new MemoryStore();
    }
}
