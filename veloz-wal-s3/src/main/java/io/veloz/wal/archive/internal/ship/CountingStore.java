package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the requests to a store, those that fail too: they cost the same. Any thread may call any method. */
public final class CountingStore implements ObjectStore {
    private final ObjectStore store;
    private final AtomicLong puts = new AtomicLong();
    private final AtomicLong gets = new AtomicLong();
    private final AtomicLong lists = new AtomicLong();
    private final AtomicLong deletes = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();

    public CountingStore(ObjectStore store) {
        this.store = store;
    }

    public long puts() {
        return puts.get();
    }

    /** With those that only ask whether an object is there. */
    public long gets() {
        return gets.get();
    }

    public long lists() {
        return lists.get();
    }

    public long deletes() {
        return deletes.get();
    }

    /** That were sent, as far as it is known that they arrived. */
    public long bytes() {
        return bytes.get();
    }

    @Override
    public String describe() {
        return store.describe();
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        puts.incrementAndGet();
        boolean created = store.putIfAbsent(key, content);
        bytes.addAndGet(content.length());
        return created;
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        gets.incrementAndGet();
        return store.head(key);
    }

    @Override
    public InputStream get(String key) throws StoreException {
        gets.incrementAndGet();
        return store.get(key);
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        gets.incrementAndGet();
        return store.get(key, from, length);
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        lists.incrementAndGet();
        return store.list(prefix, afterKey);
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        deletes.incrementAndGet();
        store.delete(keys);
    }

    /** Leaves the store open: it is its owner's. */
    @Override
    public void close() {}
}
