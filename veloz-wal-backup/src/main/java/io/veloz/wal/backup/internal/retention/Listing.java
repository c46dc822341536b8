package io.veloz.wal.backup.internal.retention;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoredObject;
import java.util.ArrayList;
import java.util.List;

/** All pages of a listing. Stateless. */
final class Listing {
    private Listing() {}

    /**
     * Lists all objects with a prefix.
     *
     * @throws StoreException if a page has a key twice, out of order or without the prefix: a store that contradicts itself
     *     must not decide what is deleted
     */
    static List<StoredObject> read(ObjectStore store, String prefix) throws StoreException {
        List<StoredObject> objects = new ArrayList<>();
        String after = "";
        while (true) {
            List<StoredObject> page = store.list(prefix, after);
            if (page.isEmpty()) {
                return objects;
            }
            for (StoredObject object : page) {
                if (!object.key().startsWith(prefix) || object.key().compareTo(after) <= 0) {
                    throw new StoreException(
                            store.describe() + ": the listing of " + prefix + " has \"" + object.key() + "\" after \"" + after
                                    + "\"; expected ascending keys with that prefix",
                            null);
                }
                after = object.key();
                objects.add(object);
            }
        }
    }
}
