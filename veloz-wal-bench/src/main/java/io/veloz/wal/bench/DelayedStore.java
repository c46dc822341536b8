package io.veloz.wal.bench;

import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** A store in memory that answers each request after the same time, apart from puts of slots that hang. Thread-safe. */
final class DelayedStore implements ObjectStore {
    private static final int PAGE = 1000;
    private static final long HANGING_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final ConcurrentSkipListMap<String, byte[]> objects = new ConcurrentSkipListMap<>();
    private final AtomicLong puts = new AtomicLong();
    private final long nanos;
    private final int hangingOneIn;

    /** @param hangingOneIn one in that many puts of slots is stored, and answered after two seconds; 0 for none */
    DelayedStore(long nanos, int hangingOneIn) {
        this.nanos = nanos;
        this.hangingOneIn = hangingOneIn;
    }

    private static void delay(long nanos) {
        long end = System.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    @Override
    public String describe() {
        return "delayed:store";
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        byte[] bytes;
        try (InputStream in = content.open()) {
            bytes = in.readAllBytes();
        } catch (IOException e) {
            throw new StoreException("cannot read the content of " + key, e);
        }
        delay(nanos);
        boolean created = objects.putIfAbsent(key, bytes) == null;
        if (hangingOneIn > 0 && key.startsWith("ship/") && puts.incrementAndGet() % hangingOneIn == 0) {
            delay(HANGING_NANOS);
        }
        return created;
    }

    @Override
    public Optional<StoredObject> head(String key) {
        delay(nanos);
        byte[] bytes = objects.get(key);
        return bytes == null ? Optional.empty() : Optional.of(new StoredObject(key, bytes.length));
    }

    @Override
    public InputStream get(String key) throws StoreException {
        return get(key, 0, Integer.MAX_VALUE);
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        delay(nanos);
        byte[] bytes = objects.get(key);
        if (bytes == null) {
            throw new NoSuchObjectException(describe() + "/" + key, null);
        }
        int start = (int) Math.min(from, bytes.length);
        return new ByteArrayInputStream(bytes, start, (int) Math.min(length, bytes.length - start));
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) {
        delay(nanos);
        return objects.tailMap(afterKey, false).entrySet().stream()
                .filter(object -> object.getKey().startsWith(prefix))
                .limit(PAGE)
                .map(object -> new StoredObject(object.getKey(), object.getValue().length))
                .toList();
    }

    @Override
    public void delete(List<String> keys) {
        delay(nanos);
        keys.forEach(objects::remove);
    }

    @Override
    public void close() {}
}
