package io.veloz.wal.internal.format;

/** Bytes that are whole, and of a format that is not known here. Not torn, not damaged, and never repaired. */
public final class UnknownFormatException extends Exception {
    public UnknownFormatException(String message) {
        super(message);
    }
}
