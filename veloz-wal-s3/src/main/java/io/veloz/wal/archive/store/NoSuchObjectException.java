package io.veloz.wal.archive.store;

import org.jspecify.annotations.Nullable;

/** The object does not exist. */
public final class NoSuchObjectException extends StoreException {
    private static final long serialVersionUID = 1;

    public NoSuchObjectException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
