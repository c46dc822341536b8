package io.veloz.wal.internal.format;

/** Signals a checksum mismatch or an invalid field. The catcher adds the file and the position. */
public final class DamagedException extends Exception {
    public DamagedException(String message) {
        super(message);
    }
}
