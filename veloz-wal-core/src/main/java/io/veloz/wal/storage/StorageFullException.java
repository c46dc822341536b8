package io.veloz.wal.storage;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** There is no room on the disk, or the quota is used up. */
public final class StorageFullException extends IOException {
    public StorageFullException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
