package io.veloz.wal.storage;

import java.io.Closeable;
import java.io.IOException;

/** A lock that is held until it is closed, or its process ends. Any thread may close it. */
public interface StorageLock extends Closeable {
    @Override
    void close() throws IOException;
}
