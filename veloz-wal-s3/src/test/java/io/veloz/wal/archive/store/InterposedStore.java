package io.veloz.wal.archive.store;

import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** A store that runs an action before one of its requests, as if another process were faster. Thread-safe. */
public final class InterposedStore implements ObjectStore {
    private final ObjectStore store;
    private final long number;
    private final Runnable action;
    private long requests;

    /** @param number 1 for the first request */
    public InterposedStore(ObjectStore store, long number, Runnable action) {
        this.store = store;
        this.number = number;
        this.action = action;
    }

    private ObjectStore next() {
        boolean isDue;
        synchronized (this) {
            isDue = ++requests == number;
        }
        if (isDue) {
            action.run();
        }
        return store;
    }

    /** Returns whether the action was run. */
    public synchronized boolean isReached() {
        return requests >= number;
    }

    @Override
    public EncryptionKeys encryptionKeys() {
        return store.encryptionKeys();
    }

    @Override
    public String describe() {
        return store.describe();
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        return next().putIfAbsent(key, content);
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        return next().head(key);
    }

    @Override
    public InputStream get(String key) throws StoreException {
        return next().get(key);
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        return next().get(key, from, length);
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        return next().list(prefix, afterKey);
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        next().delete(keys);
    }

    @Override
    public void close() {}
}
