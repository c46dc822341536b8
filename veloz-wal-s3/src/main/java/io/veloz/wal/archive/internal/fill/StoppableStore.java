package io.veloz.wal.archive.internal.fill;

import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A store that makes no further request once its user is stopped, so that a stop waits for the running requests only, each of
 * which ends within a bounded time. A stream ends between two reads. Thread-safe.
 */
final class StoppableStore implements ObjectStore {
    private final ObjectStore store;
    private final BooleanSupplier stopped;

    StoppableStore(ObjectStore store, BooleanSupplier stopped) {
        this.store = store;
        this.stopped = stopped;
    }

    /** The user of the store was stopped. Retries do not repeat the request. */
    static final class StoppedException extends StoreException {
        private static final long serialVersionUID = 1;

        StoppedException(String where) {
            super(where + ": stopped before the next request", null);
        }
    }

    private ObjectStore running() throws StoppedException {
        if (stopped.getAsBoolean()) {
            throw new StoppedException(store.describe());
        }
        return store;
    }

    private InputStream whileRunning(InputStream object) {
        return new FilterInputStream(object) {
            @Override
            public int read() throws IOException {
                running();
                return super.read();
            }

            @Override
            public int read(byte[] target, int from, int length) throws IOException {
                running();
                return super.read(target, from, length);
            }
        };
    }

    @Override
    public InputStream get(String key) throws StoreException {
        return whileRunning(running().get(key));
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        return whileRunning(running().get(key, from, length));
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        return running().head(key);
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        return running().list(prefix, afterKey);
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        return running().putIfAbsent(key, content);
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        running().delete(keys);
    }

    @Override
    public EncryptionKeys encryptionKeys() {
        return store.encryptionKeys();
    }

    @Override
    public String describe() {
        return store.describe();
    }

    /** Does nothing: the caller that opened the store closes it. */
    @Override
    public void close() {}
}
