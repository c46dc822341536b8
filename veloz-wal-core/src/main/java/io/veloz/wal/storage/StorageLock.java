package io.veloz.wal.storage;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A lock that is held until it is closed, or its process ends. Any thread may close it. */
public interface StorageLock extends Closeable {
    /**
     * Why this is no lock any more though nobody closed it, so that somebody else may hold it too; null as long as it is one,
     * or nobody can tell. The log asks about once a second, and fails if there is an answer.
     */
    default @Nullable String lostBecause() {
        return null;
    }

    @Override
    void close() throws IOException;
}
