package io.veloz.wal.internal.format;

/** Bytes that do not hold what they should. Who catches it adds the file and the position. */
public final class DamagedException extends Exception {
    public DamagedException(String message) {
        super(message);
    }
}
