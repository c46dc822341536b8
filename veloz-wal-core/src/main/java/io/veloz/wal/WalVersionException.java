package io.veloz.wal;

/**
 * A file is written in a format that this version of the library does not know, or is no file of this log at all. It is
 * neither torn nor corrupt, and nothing was touched. Use the version of the library that the message names.
 */
public final class WalVersionException extends WalException {
    public WalVersionException(String message) {
        super(message, null);
    }
}
