package io.veloz.wal.backup;

import io.veloz.wal.archive.store.ForwardingStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.util.List;
import java.util.function.Predicate;

/** A store whose listings omit some objects, though they exist. */
final class LyingStore extends ForwardingStore {
    private final Predicate<String> hidden;

    LyingStore(ObjectStore store, Predicate<String> hidden) {
        super(store);
        this.hidden = hidden;
    }

    @Override
    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
        return super.list(prefix, afterKey).stream()
                .filter(object -> !hidden.test(object.key()))
                .toList();
    }
}
