package io.veloz.wal.archive.internal.format;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An object of the archive does not hold what it should. Whether it is damaged or came over damaged, a second read tells. */
public final class BadObjectException extends IOException {
    private static final long serialVersionUID = 1;

    public BadObjectException(String message) {
        super(message);
    }

    public BadObjectException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
