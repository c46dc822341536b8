package io.veloz.wal.archive.store;

class MemoryStoreContractTest extends ObjectStoreContract {
    @Override
    protected ObjectStore newStore() {
        return new MemoryStore();
    }
}
