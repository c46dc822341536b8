package io.veloz.wal.archive.store;

import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** A store that runs an action before each GET, which may wait. Thread-safe. */
public final class WaitingStore implements ObjectStore {
    private final ObjectStore store;
    private final Consumer<String> beforeGet;

    /** @param beforeGet receives the key */
    public WaitingStore(ObjectStore store, Consumer<String> beforeGet) {
        this.store = store;
        this.beforeGet = beforeGet;
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
        beforeGet.accept(key);
        return store.get(key);
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        beforeGet.accept(key);
        return store.get(key, from, length);
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        return store.list(prefix, afterKey);
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        store.delete(keys);
    }

    @Override
    public EncryptionKeys encryptionKeys() {
        return store.encryptionKeys();
    }

    @Override
    public void close() {}
}
