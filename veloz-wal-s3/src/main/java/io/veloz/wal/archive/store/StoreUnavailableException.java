package io.veloz.wal.archive.store;

import org.jspecify.annotations.Nullable;

/** The store did not answer, or not now. Trying again later may help; what was asked for may have happened all the same. */
public final class StoreUnavailableException extends StoreException {
    private static final long serialVersionUID = 1;

    public StoreUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
