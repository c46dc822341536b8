package io.veloz.wal.storage;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A lock that is held until it is closed, or its process ends. Any thread may close it. */
public interface StorageLock extends Closeable {
    /**
     * Why this lock has been lost although it was not closed, so that another process may hold it too; null as long as it
     * is held, or that is not known. The log calls this about once a second, on a thread that cannot be interrupted, and
     * fails if there is an answer.
     */
    default @Nullable String lostBecause() {
        return null;
    }

    @Override
    void close() throws IOException;
}
