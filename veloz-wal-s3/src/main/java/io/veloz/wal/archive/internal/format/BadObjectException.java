package io.veloz.wal.archive.internal.format;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An object of the archive is damaged, or was damaged in transit. A second read distinguishes the two. */
public final class BadObjectException extends IOException {
    private static final long serialVersionUID = 1;

    private final String key;

    public BadObjectException(String message) {
        this(message, null);
    }

    public BadObjectException(String message, @Nullable Throwable cause) {
        this(message, cause, "");
    }

    private BadObjectException(String message, @Nullable Throwable cause, String key) {
        super(message, cause);
        this.key = key;
    }

    /** Returns the same failure with the key of the object. */
    public BadObjectException of(String object) {
        return new BadObjectException(String.valueOf(getMessage()), this, object);
    }

    /** Returns the key of the object, which may be a part of a file; the key of the file if it is not known. */
    public String key(String file) {
        return key.isEmpty() ? file : key;
    }
}
