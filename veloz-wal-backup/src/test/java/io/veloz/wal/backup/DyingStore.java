package io.veloz.wal.backup;

import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** A store whose process dies at one of its requests, before or after the request has had its effect. */
final class DyingStore implements ObjectStore {
    /** The death of the process. No code of the library handles it. */
    static final class Died extends Error {
        private static final long serialVersionUID = 1;
    }

    private interface Request<T> {
        T run() throws StoreException;
    }

    private final ObjectStore store;
    private final int diesAt;
    private final boolean afterEffect;
    private int requests;

    DyingStore(ObjectStore store, int diesAt, boolean afterEffect) {
        this.store = store;
        this.diesAt = diesAt;
        this.afterEffect = afterEffect;
    }

    int requests() {
        return requests;
    }

    private <T> T request(Request<T> request) throws StoreException {
        requests++;
        if (requests == diesAt && !afterEffect) {
            throw new Died();
        }
        if (requests > diesAt) {
            throw new Died();
        }
        T result = request.run();
        if (requests == diesAt) {
            throw new Died();
        }
        return result;
    }

    @Override
    public String describe() {
        return store.describe();
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        return request(() -> store.putIfAbsent(key, content));
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        return request(() -> store.head(key));
    }

    @Override
    public InputStream get(String key) throws StoreException {
        return request(() -> store.get(key));
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        return request(() -> store.get(key, from, length));
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        return request(() -> store.list(prefix, afterKey));
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        request(() -> {
            store.delete(keys);
            return keys;
        });
    }

    @Override
    public void close() {
        // The store belongs to the test.
    }
}
