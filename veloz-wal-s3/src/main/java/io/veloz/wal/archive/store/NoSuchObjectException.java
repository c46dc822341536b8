package io.veloz.wal.archive.store;

import org.jspecify.annotations.Nullable;

/** There is no object of that key. */
public final class NoSuchObjectException extends StoreException {
    private static final long serialVersionUID = 1;

    public NoSuchObjectException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
