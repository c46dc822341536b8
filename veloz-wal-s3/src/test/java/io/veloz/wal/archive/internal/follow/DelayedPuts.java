package io.veloz.wal.archive.internal.follow;

import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** A client whose first put is under way until {@link #deliver}. The client dies with it: it makes no later request. */
final class DelayedPuts implements ObjectStore {
    private final HeapStore store;
    private String key = "";
    private byte[] bytes = {};

    DelayedPuts(HeapStore store) {
        this.store = store;
    }

    /** The put arrives. */
    void deliver() throws StoreException {
        store.putIfAbsent(key, ObjectContent.of(bytes));
    }

    private ObjectStore living() throws StoreException {
        if (!key.isEmpty()) {
            throw new StoreUnavailableException("the client is dead", null);
        }
        return store;
    }

    @Override
    public boolean putIfAbsent(String itsKey, ObjectContent content) throws StoreException {
        living();
        try (InputStream in = content.open()) {
            bytes = in.readAllBytes();
        } catch (IOException e) {
            throw new StoreException("cannot read the content", e);
        }
        key = itsKey;
        throw new StoreUnavailableException("no answer", null);
    }

    @Override
    public String describe() {
        return store.describe();
    }

    @Override
    public Optional<StoredObject> head(String itsKey) throws StoreException {
        return living().head(itsKey);
    }

    @Override
    public InputStream get(String itsKey) throws StoreException {
        return living().get(itsKey);
    }

    @Override
    public InputStream get(String itsKey, long from, long length) throws StoreException {
        return living().get(itsKey, from, length);
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        return living().list(prefix, afterKey);
    }

    @Override
    public void delete(List<String> keys) {
        throw new UnsupportedOperationException("not used");
    }

    @Override
    public EncryptionKeys encryptionKeys() {
        return store.encryptionKeys();
    }

    @Override
    public void close() {}
}
