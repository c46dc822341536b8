package io.veloz.wal.storage;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Replaces small files whole: after a crash there is the old content or the new one.
 *
 * <p>Crash table: until the rename there is a temporary file, which the next replacement removes; between the rename and
 * the force of the directory either content may come back; after it the new one.
 */
public final class AtomicFile {
    private AtomicFile() {}

    /** Returns when the new content is on disk under its name. */
    public static void replace(Storage storage, String name, String temporaryName, ByteBuffer content)
            throws IOException {
        if (storage.list().contains(temporaryName)) {
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
