package io.veloz.wal;

/**
 * A file is in a format that this version of the library does not know, or is not a file of a log. It is neither torn nor
 * corrupt, and nothing was changed.
 *
 * <p>Next step: use the version of the library that the message names.
 */
public final class WalVersionException extends WalException {
    public WalVersionException(String message) {
        super(message, null);
    }
}
