package io.veloz.wal.backup.internal.point;

/** An object that is not a recovery point, or one of a later format. */
public final class BadPointException extends Exception {
    private static final long serialVersionUID = 1;

    public BadPointException(String message) {
        super(message);
    }
}
