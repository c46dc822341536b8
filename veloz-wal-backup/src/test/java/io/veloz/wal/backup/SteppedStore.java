package io.veloz.wal.backup;

import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A store that counts requests, runs a step before each, or dies at one of them, before or after the request takes effect. A
 * request to delete takes effect in parts: when it dies within, some of the keys are deleted. After its death every request
 * fails.
 */
final class SteppedStore implements ObjectStore {
    enum Death {
        BEFORE,
        WITHIN,
        AFTER
    }

    private final ObjectStore store;
    private final int at;
    private final Death death;
    private final Step step;
    private int requests;

    /** Runs before a request; other processes act in it. */
    interface Step {
        void before(int request) throws IOException;
    }

    /** @param at the request that dies, from 1 */
    SteppedStore(ObjectStore store, int at, Death death) {
        this(store, at, death, request -> {});
    }

    SteppedStore(ObjectStore store, Step step) {
        this(store, Integer.MAX_VALUE, Death.BEFORE, step);
    }

    private SteppedStore(ObjectStore store, int at, Death death, Step step) {
        this.store = store;
        this.at = at;
        this.death = death;
        this.step = step;
    }

    int requests() {
        return requests;
    }

    private interface Request<T> {
        T send() throws StoreException;
    }

    private <T> T request(Request<T> request) throws StoreException {
        requests++;
        try {
            step.before(requests);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        if (requests > at || (requests == at && death == Death.BEFORE)) {
            throw died();
        }
        T answer = request.send();
        if (requests == at) {
            throw died();
        }
        return answer;
    }

    private static StoreException died() {
        return new StoreUnavailableException("the store died", null);
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
        List<String> part = new ArrayList<>(keys);
        if (requests + 1 == at && death == Death.WITHIN) {
            part.removeIf(key -> key.hashCode() % 2 == 0);
        }
        request(() -> {
            store.delete(part);
            return true;
        });
    }

    @Override
    public void close() {
        // The store belongs to the test.
    }
}
