package io.veloz.wal;

/**
 * The log cannot take more now: the buffer between the appenders and the disk stayed full for as long as the configuration
 * allows to wait, or too many futures are pending. The record was not appended. Try again later, or append less.
 *
 * <p>From {@link Wal#close}: all is on disk and closed, but a callback has not returned, and futures are pending. Call it
 * again to wait for them.
 */
public final class WalBusyException extends WalException {
    public WalBusyException(String message) {
        super(message, null);
    }
}
