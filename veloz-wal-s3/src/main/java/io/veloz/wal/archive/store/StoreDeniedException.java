package io.veloz.wal.archive.store;

import org.jspecify.annotations.Nullable;

/** The store rejects requests until an operator corrects permissions, credentials, clock or region. */
public final class StoreDeniedException extends StoreException {
    private static final long serialVersionUID = 1;

    public StoreDeniedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
