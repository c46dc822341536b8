package io.veloz.wal.storage;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Replaces small files atomically: after a crash, the file has either the old or the new content.
 *
 * <p>Crash table: before the rename, the file has the old content, and a temporary file may remain, which the next
 * replacement deletes. Between the rename and the force of the directory, the file has either content. After the force,
 * it has the new content.
 */
public final class AtomicFile {
    private AtomicFile() {}

    /** Replaces the content of a file, and returns when the new content is durable. */
    public static void replace(Storage storage, String name, String temporaryName, ByteBuffer content)
            throws IOException {
        if (storage.exists(temporaryName)) {
            storage.delete(temporaryName);
        }
        try (StorageFile file = storage.create(temporaryName)) {
            file.writeFully(content, 0);
            file.force();
        }
        storage.rename(temporaryName, name);
        storage.forceDirectory();
    }
}
