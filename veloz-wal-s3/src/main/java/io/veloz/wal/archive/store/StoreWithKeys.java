package io.veloz.wal.archive.store;

import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** A store, and the keys of what is encrypted in it. Thread-safe. */
final class StoreWithKeys implements ObjectStore {
    private final ObjectStore store;
    private final EncryptionKeys keys;

    StoreWithKeys(ObjectStore store, EncryptionKeys keys) {
        this.store = store;
        this.keys = keys;
    }

    @Override
    public EncryptionKeys encryptionKeys() {
        return keys;
    }

    @Override
    public String describe() {
        return store.describe();
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        return store.putIfAbsent(key, content);
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        return store.head(key);
    }

    @Override
    public InputStream get(String key) throws StoreException {
        return store.get(key);
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        return store.get(key, from, length);
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        return store.list(prefix, afterKey);
    }

    @Override
    public void delete(List<String> keysOfObjects) throws StoreException {
        store.delete(keysOfObjects);
    }

    @Override
    public void close() {
        store.close();
    }
}
