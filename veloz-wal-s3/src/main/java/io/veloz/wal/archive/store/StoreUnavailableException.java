package io.veloz.wal.archive.store;

import org.jspecify.annotations.Nullable;

/** The store is unavailable or did not respond. A later retry may succeed; the request may have taken effect anyway. */
public final class StoreUnavailableException extends StoreException {
    private static final long serialVersionUID = 1;

    public StoreUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
