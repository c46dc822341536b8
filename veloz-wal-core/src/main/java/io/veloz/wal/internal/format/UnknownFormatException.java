package io.veloz.wal.internal.format;

/**
 * Signals valid bytes of a format that this version does not know. Such a file is neither torn nor damaged, and is
 * never repaired.
 */
public final class UnknownFormatException extends Exception {
    public UnknownFormatException(String message) {
        super(message);
    }
}
