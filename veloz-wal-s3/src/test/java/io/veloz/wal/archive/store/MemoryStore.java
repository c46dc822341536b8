package io.veloz.wal.archive.store;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/** A store in memory. Thread-safe. Tests inject faults by overriding a method. */
public class MemoryStore implements ObjectStore {
    protected final ConcurrentSkipListMap<String, byte[]> objects = new ConcurrentSkipListMap<>();
    private volatile boolean isClosed;

    @Override
    public String describe() {
        return "memory:" + Integer.toHexString(System.identityHashCode(this));
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        require(key);
        return objects.putIfAbsent(key, read(content)) == null;
    }

    protected static byte[] read(ObjectContent content) throws StoreException {
        try (InputStream in = content.open()) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new StoreException("content: " + e, e);
        }
    }

    public int size() {
        return objects.size();
    }

    private void require(String key) {
        ObjectKeys.require(key);
        if (isClosed) {
            throw new IllegalStateException("closed");
        }
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        require(key);
        return Optional.ofNullable(objects.get(key)).map(bytes -> new StoredObject(key, bytes.length));
    }

    @Override
    public InputStream get(String key) throws StoreException {
        return get(key, 0, Long.MAX_VALUE);
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        require(key);
        byte[] bytes = objects.get(key);
        if (bytes == null) {
            throw new NoSuchObjectException("object " + key + " does not exist", null);
        }
        int start = (int) Math.min(from, bytes.length);
        int end = (int) Math.min(bytes.length, start + Math.min(length, 1L << 40));
        return new ByteArrayInputStream(Arrays.copyOfRange(bytes, start, end));
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        String start = prefix.compareTo(afterKey) > 0 ? prefix : afterKey;
        return objects.tailMap(start, !start.equals(afterKey)).entrySet().stream()
                .takeWhile(entry -> entry.getKey().startsWith(prefix))
                .limit(1_000)
                .map(MemoryStore::stored)
                .toList();
    }

    private static StoredObject stored(Map.Entry<String, byte[]> entry) {
        return new StoredObject(entry.getKey(), entry.getValue().length);
    }

    @Override
    public void delete(List<String> keys) throws StoreException {
        keys.forEach(this::require);
        keys.forEach(objects::remove);
    }

    @Override
    public void close() {
        isClosed = true;
    }
}
