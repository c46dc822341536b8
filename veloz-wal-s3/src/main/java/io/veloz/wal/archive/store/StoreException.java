package io.veloz.wal.archive.store;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A request to a store failed, and a retry cannot succeed, except where a subclass documents otherwise. */
public class StoreException extends IOException {
    private static final long serialVersionUID = 1;

    public StoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
