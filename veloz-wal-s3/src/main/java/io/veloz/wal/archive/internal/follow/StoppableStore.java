package io.veloz.wal.archive.internal.follow;

import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.internal.io.Signal;
import io.veloz.wal.archive.internal.proof.Retries;
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
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;

/**
 * A store that can be stopped: then each request, and each read of an object, fails before it begins. So a thread that fetches
 * a whole archive ends after the request that it waits for. Thread-safe.
 */
public final class StoppableStore implements ObjectStore {
    private final ObjectStore store;
    private final Signal signal;
    private final LongAdder bytes = new LongAdder();
    private volatile boolean isStopped;

    /** The store was stopped. To retry the request does not help. */
    public static final class StoppedException extends StoreException {
        private static final long serialVersionUID = 1;

        StoppedException(String store) {
            super(store + ": the follower is being closed", null);
        }
    }

    /** @param signal for the delays between two attempts */
    public StoppableStore(ObjectStore store, Signal signal) {
        this.store = store;
        this.signal = signal;
    }

    /** Makes every further request fail, and ends the delays between two attempts. */
    public void stop() {
        isStopped = true;
        signal.raise();
    }

    /** Permits requests again. No thread that was to end may use the store any more. */
    public void resume() {
        isStopped = false;
    }

    /** Returns a retry policy as {@link Retries#withBackoff} whose delays end when the store is stopped. */
    public Retries retries() {
        return new Retries(
                attempt -> signal.await(() -> isStopped, Backoff.nanosAfter(ThreadLocalRandom.current(), attempt)));
    }

    /** Returns the number of bytes of objects that were read. */
    public long bytes() {
        return bytes.sum();
    }

    private ObjectStore running() throws StoppedException {
        if (isStopped) {
            throw new StoppedException(describe());
        }
        return store;
    }

    @Override
    public String describe() {
        return store.describe();
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        return running().putIfAbsent(key, content);
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        return running().head(key);
    }

    @Override
    public InputStream get(String key) throws StoreException {
        return new Stoppable(running().get(key));
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        return new Stoppable(running().get(key, from, length));
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        return running().list(prefix, afterKey);
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        running().delete(keys);
    }

    @Override
    public EncryptionKeys encryptionKeys() {
        return store.encryptionKeys();
    }

    /** Closes the store that it wraps. */
    @Override
    public void close() {
        store.close();
    }

    private final class Stoppable extends FilterInputStream {
        Stoppable(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            if (isStopped) {
                throw new StoppedException(describe());
            }
            int got = in.read(target, from, length);
            bytes.add(Math.max(0, got));
            return got;
        }
    }
}
