package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;

/**
 * A directory whose lock this restore holds. It reports the lock as free, so that a reader in this restore does not assume a
 * concurrent writer. Thread-safe.
 */
final class LockedStorage extends ForwardingStorage {
    LockedStorage(Storage storage) {
        super(storage);
    }

    @Override
    public boolean isLocked(String name) {
        return false;
    }
}
