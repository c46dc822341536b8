package io.veloz.wal.archive.internal.crypt;

import java.io.IOException;

/** Content is encrypted by a key that is not configured. To try again does not help. */
public final class MissingKeyException extends IOException {
    private static final long serialVersionUID = 1;

    /** Follows the id of a missing key in messages. */
    public static final String NEXT =
            ", which is not among the configured keys; add it to the file that the setting keys or VELOZ_WAL_KEYS names";

    MissingKeyException(String message) {
        super(message);
    }
}
