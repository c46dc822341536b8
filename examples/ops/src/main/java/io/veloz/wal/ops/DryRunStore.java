package io.veloz.wal.ops;

import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A store that accepts puts and discards them. Only the object of the last put can be read back. Not thread-safe.
 *
 * <p>With it, a backup runs completely, with its keys, its sources and its encryption, and leaves nothing in the archive.
 */
final class DryRunStore implements ObjectStore {
    private final ObjectStore store;
    private String lastKey = "";
    private @Nullable ObjectContent last;

    DryRunStore(ObjectStore store) {
        this.store = store;
    }

    @Override
    public EncryptionKeys encryptionKeys() {
        return store.encryptionKeys();
    }

    @Override
    public String describe() {
        return store.describe();
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        if (store.head(key).isPresent()) {
            return false;
        }
        lastKey = key;
        last = content;
        return true;
    }

    @Override
    public Optional<StoredObject> head(String key) throws StoreException {
        return store.head(key);
    }

    @Override
    public InputStream get(String key) throws StoreException {
        ObjectContent content = last;
        if (content == null || !key.equals(lastKey)) {
            return store.get(key);
        }
        try {
            return content.open();
        } catch (IOException e) {
            throw new StoreUnavailableException("cannot read " + key + " back: " + e.getMessage(), e);
        }
    }

    @Override
    public InputStream get(String key, long from, long length) throws StoreException {
        return store.get(key, from, length);
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        return store.list(prefix, afterKey);
    }

    @Override
    public void delete(List<String> keys) {
        throw new UnsupportedOperationException("a dry run deletes nothing");
    }

    @Override
    public void close() {
        store.close();
    }
}
