package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;

/**
 * A directory whose lock the caller has. It reports the lock as free, so that a reader does not assume a concurrent writer.
 * Thread-safe.
 */
public final class UnlockedStorage extends ForwardingStorage {
    public UnlockedStorage(Storage storage) {
        super(storage);
    }

    @Override
    public boolean isLocked(String name) {
        return false;
    }
}
