package io.veloz.wal;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lock of an open log, held for all who may still touch its files: the writer, from the start, and a checkpoint that
 * is being written. The last one unlocks. Any thread may use it.
 */
final class SharedLock {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    private final Storage storage;
    private final StorageLock lock;
    private final AtomicInteger users = new AtomicInteger(1);

    SharedLock(Storage storage, StorageLock lock) {
        this.storage = storage;
        this.lock = lock;
    }

    /** @throws IllegalStateException if the last one has left, so that the log is closed */
    void enter() {
        if (users.getAndUpdate(count -> count == 0 ? 0 : count + 1) == 0) {
            throw new IllegalStateException("the log is closed");
        }
    }

    void release() {
        if (users.decrementAndGet() > 0) {
            return;
        }
        try {
            lock.close();
        } catch (IOException e) {
            // The lock dies with the process at the latest, and there is nobody left to be told.
            LOG.warn("{}: the lock could not be released", storage.describe(), e);
        }
    }
}
