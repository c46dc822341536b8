package io.veloz.wal.backup;

import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** A store whose listings omit some objects, though they exist. */
final class LyingStore implements ObjectStore {
    private final ObjectStore store;
    private final Predicate<String> hidden;

    LyingStore(ObjectStore store, Predicate<String> hidden) {
        this.store = store;
        this.hidden = hidden;
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
        return store.list(prefix, afterKey).stream()
                .filter(object -> !hidden.test(object.key()))
                .toList();
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        store.delete(keys);
    }

    @Override
    public void close() {
        store.close();
    }
}
