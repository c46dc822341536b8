package io.veloz.wal;

/**
 * The buffer between the appenders and the disk is full and stayed full for as long as the configuration allows to
 * wait. The record was not appended. Try again later, or append less.
 */
public final class WalBusyException extends WalException {
    public WalBusyException(String message) {
        super(message, null);
    }
}
