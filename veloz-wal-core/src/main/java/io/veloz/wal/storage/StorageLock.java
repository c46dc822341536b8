package io.veloz.wal.storage;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A lock that is held until it is closed or its process ends. Any thread may close it. */
public interface StorageLock extends Closeable {
    /**
     * Returns why this lock was lost without being closed, so that another process may hold it too; null if it is held,
     * or if that is unknown. The log calls this about once a second, on a thread that cannot be interrupted, and fails
     * if the result is not null.
     */
    default @Nullable String lostBecause() {
        return null;
    }

    /** Releases the lock. */
    @Override
    void close() throws IOException;
}
