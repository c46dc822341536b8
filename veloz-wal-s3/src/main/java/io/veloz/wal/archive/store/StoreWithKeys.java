package io.veloz.wal.archive.store;

/** A store, and the keys of what is encrypted in it. Thread-safe. */
final class StoreWithKeys extends ForwardingStore {
    private final EncryptionKeys keys;

    StoreWithKeys(ObjectStore store, EncryptionKeys keys) {
        super(store);
        this.keys = keys;
    }

    @Override
    public EncryptionKeys encryptionKeys() {
        return keys;
    }
}
