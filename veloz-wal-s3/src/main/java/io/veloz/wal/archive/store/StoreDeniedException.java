package io.veloz.wal.archive.store;

import org.jspecify.annotations.Nullable;

/** The store refuses until a person acts: rights, credentials, clock or region are wrong. */
public final class StoreDeniedException extends StoreException {
    private static final long serialVersionUID = 1;

    public StoreDeniedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
