package io.veloz.wal;

/**
 * The log is overloaded: the append buffer stayed full for {@link WalConfig#bufferFullTimeout()}, or too many futures are
 * pending. The record was not appended.
 *
 * <p>Next step: retry later, with backoff, or append less.
 *
 * <p>From {@link Wal#close}: every record is durable and the files are closed, but a callback has not returned, and
 * futures are pending. Next step: call close again to wait for them.
 */
public final class WalBusyException extends WalException {
    public WalBusyException(String message) {
        super(message, null);
    }
}
