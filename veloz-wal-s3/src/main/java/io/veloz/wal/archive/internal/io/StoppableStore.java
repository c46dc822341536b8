package io.veloz.wal.archive.internal.io;

import io.veloz.wal.archive.store.ForwardingStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;

/**
 * A store that makes no further request once its user is stopped: then each request, and each read of an object, fails before it
 * begins. So a stop waits for the running requests only, each of which ends within a bounded time. Thread-safe.
 */
public final class StoppableStore extends ForwardingStore {
    private final BooleanSupplier isStopped;
    private final LongAdder bytes = new LongAdder();

    /** The user of the store was stopped. To retry the request does not help. */
    public static final class StoppedException extends StoreException {
        private static final long serialVersionUID = 1;

        StoppedException(String where) {
            super(where + ": stopped before the next request", null);
        }
    }

    public StoppableStore(ObjectStore store, BooleanSupplier isStopped) {
        super(store);
        this.isStopped = isStopped;
    }

    /** Returns the number of bytes of objects that were read. */
    public long bytes() {
        return bytes.sum();
    }

    private void checkRunning() throws StoppedException {
        if (isStopped.getAsBoolean()) {
            throw new StoppedException(describe());
        }
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        checkRunning();
        return super.putIfAbsent(key, content);
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        checkRunning();
        return super.head(key);
    }

    @Override
    public InputStream get(String key) throws StoreException {
        checkRunning();
        return new Stoppable(super.get(key));
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        checkRunning();
        return new Stoppable(super.get(key, from, length));
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        checkRunning();
        return super.list(prefix, afterKey);
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        checkRunning();
        super.delete(keys);
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
            checkRunning();
            int got = in.read(target, from, length);
            bytes.add(Math.max(0, got));
            return got;
        }
    }
}
