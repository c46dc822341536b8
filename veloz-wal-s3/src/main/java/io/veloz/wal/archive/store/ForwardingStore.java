package io.veloz.wal.archive.store;

import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * A store that forwards every call to another one. Extend it to observe or restrict some of them: a method that is added to
 * {@link ObjectStore} later is then forwarded, too. Thread-safe.
 */
public abstract class ForwardingStore implements ObjectStore {
    private final ObjectStore store;

    protected ForwardingStore(ObjectStore store) {
        this.store = store;
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
    public void delete(List<String> keys) throws StoreException {
        store.delete(keys);
    }

    @Override
    public EncryptionKeys encryptionKeys() {
        return store.encryptionKeys();
    }

    /** Closes the other store. */
    @Override
    public void close() {
        store.close();
    }
}
