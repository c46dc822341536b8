package io.veloz.wal.archive.internal.format;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An object of the archive is damaged, or was damaged in transit. A second read distinguishes the two. */
public final class BadObjectException extends IOException {
    private static final long serialVersionUID = 1;

    public BadObjectException(String message) {
        super(message);
    }

    public BadObjectException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
