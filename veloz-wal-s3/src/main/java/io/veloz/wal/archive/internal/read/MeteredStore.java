package io.veloz.wal.archive.internal.read;

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

/** Counts the requests to a store and the bytes of objects that it returns. It only reads. Thread-safe. */
public final class MeteredStore extends ForwardingStore {
    private final LongAdder gets = new LongAdder();
    private final LongAdder lists = new LongAdder();
    private final LongAdder bytes = new LongAdder();

    public MeteredStore(ObjectStore store) {
        super(store);
    }

    /** Returns the number of GET and HEAD requests. */
    public long gets() {
        return gets.sum();
    }

    /** Returns the number of LIST requests. */
    public long lists() {
        return lists.sum();
    }

    /** Returns the number of bytes of objects. */
    public long bytes() {
        return bytes.sum();
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) {
        throw new UnsupportedOperationException("a reader does not write");
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        gets.increment();
        return super.head(key);
    }

    @Override
    public InputStream get(String key) throws StoreException {
        gets.increment();
        return new Counted(super.get(key));
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        gets.increment();
        return new Counted(super.get(key, from, length));
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        lists.increment();
        return super.list(prefix, afterKey);
    }

    @Override
    public void delete(List<String> keys) {
        throw new UnsupportedOperationException("a reader does not delete");
    }

    /** Does nothing: the caller that opened the store closes it. */
    @Override
    public void close() {}

    private final class Counted extends FilterInputStream {
        Counted(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int got = in.read();
            bytes.add(got < 0 ? 0 : 1);
            return got;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            int got = in.read(target, from, length);
            bytes.add(Math.max(0, got));
            return got;
        }
    }
}
