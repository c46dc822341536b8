package io.veloz.wal.storage;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The disk is full, or the quota is exhausted. */
public final class StorageFullException extends IOException {
    public StorageFullException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
