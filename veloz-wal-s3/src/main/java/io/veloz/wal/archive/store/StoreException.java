package io.veloz.wal.archive.store;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A store cannot do what was asked, and trying again will not help. Its subclasses say when it does. */
public class StoreException extends IOException {
    private static final long serialVersionUID = 1;

    public StoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
