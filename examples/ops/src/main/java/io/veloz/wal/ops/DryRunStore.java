package io.veloz.wal.ops;

import io.veloz.wal.archive.store.ForwardingStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A store that accepts puts and discards them. Only the object of the last put can be read back. Not thread-safe.
 *
 * <p>With it, a backup runs completely, with its keys, its sources and its encryption, and leaves nothing in the archive.
 */
final class DryRunStore extends ForwardingStore {
    private String lastKey = "";
    private @Nullable ObjectContent last;

    DryRunStore(ObjectStore store) {
        super(store);
    }

    @Override
    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
        if (head(key).isPresent()) {
            return false;
        }
        lastKey = key;
        last = content;
        return true;
    }

    @Override
    public InputStream get(String key) throws StoreException {
        ObjectContent content = last;
        if (content == null || !key.equals(lastKey)) {
            return super.get(key);
        }
        try {
            return content.open();
        } catch (IOException e) {
            throw new StoreUnavailableException("cannot read " + key + " back: " + e.getMessage(), e);
        }
    }

    @Override
    public void delete(List<String> keys) {
        throw new UnsupportedOperationException("a dry run deletes nothing");
    }
}
