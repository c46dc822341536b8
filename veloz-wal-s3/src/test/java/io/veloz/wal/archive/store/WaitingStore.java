package io.veloz.wal.archive.store;

import java.io.InputStream;
import java.util.function.Consumer;

/** A store that runs an action before each GET, which may wait. Thread-safe. */
public final class WaitingStore extends ForwardingStore {
    private final Consumer<String> beforeGet;

    /** @param beforeGet receives the key */
    public WaitingStore(ObjectStore store, Consumer<String> beforeGet) {
        super(store);
        this.beforeGet = beforeGet;
    }

    @Override
    public InputStream get(String key) throws StoreException {
        beforeGet.accept(key);
        return super.get(key);
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        beforeGet.accept(key);
        return super.get(key, from, length);
    }
}
