package io.veloz.wal;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lock of an open log, shared by its users: the writer, from the start, and a checkpoint while it is written. The
 * last user releases it. Any thread may use it.
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

    /**
     * Adds a user.
     *
     * @throws IllegalStateException if the last user has released the lock, because the log is closed
     */
    void enter() {
        if (users.getAndUpdate(count -> count == 0 ? 0 : count + 1) == 0) {
            throw new IllegalStateException("the log is closed");
        }
    }

    /** Removes a user, and unlocks if it was the last one. */
    void release() {
        if (users.decrementAndGet() > 0) {
            return;
        }
        try {
            lock.close();
        } catch (IOException e) {
            // The lock ends with the process at the latest, and no caller is left to report the failure to.
            LOG.warn("{}: the lock could not be released", storage.describe(), e);
        }
    }
}
