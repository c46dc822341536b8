package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.jfr.JfrEvents;
import io.veloz.wal.archive.internal.jfr.ShipEvent;
import io.veloz.wal.archive.store.ForwardingStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Counts the requests of a shipper to a store, and records each put in recordings of the Flight Recorder. Requests that fail
 * are included, as they cost the same. Thread-safe.
 */
public final class CountingStore extends ForwardingStore {
    private final AtomicLong puts = new AtomicLong();
    private final AtomicLong gets = new AtomicLong();
    private final AtomicLong lists = new AtomicLong();
    private final AtomicLong deletes = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong hedgedPuts = new AtomicLong();

    public CountingStore(ObjectStore store) {
        super(store);
    }

    public long puts() {
        return puts.get();
    }

    /** Returns the number of GET and HEAD requests. */
    public long gets() {
        return gets.get();
    }

    public long lists() {
        return lists.get();
    }

    public long deletes() {
        return deletes.get();
    }

    /** Returns the number of bytes in the puts that the store has confirmed. */
    public long bytes() {
        return bytes.get();
    }

    /** A put is about to be sent a second time. The second one is counted as a put, too. */
    public void hedging() {
        hedgedPuts.incrementAndGet();
    }

    public long hedgedPuts() {
        return hedgedPuts.get();
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        puts.incrementAndGet();
        @Nullable ShipEvent event = JfrEvents.beginShip();
        boolean created = false;
        try {
            created = super.putIfAbsent(key, content);
            bytes.addAndGet(content.length());
            return created;
        } finally {
            if (event != null) {
                boolean wasCreated = created;
                JfrEvents.record(() -> event.end(describe(), key, content.length(), wasCreated));
            }
        }
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        gets.incrementAndGet();
        return super.head(key);
    }

    @Override
    public InputStream get(String key) throws StoreException {
        gets.incrementAndGet();
        return super.get(key);
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        gets.incrementAndGet();
        return super.get(key, from, length);
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        lists.incrementAndGet();
        return super.list(prefix, afterKey);
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        deletes.incrementAndGet();
        super.delete(keys);
    }

    /** Does nothing: the caller that opened the store closes it. */
    @Override
    public void close() {}
}
