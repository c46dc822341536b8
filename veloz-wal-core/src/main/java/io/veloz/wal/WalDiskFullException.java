package io.veloz.wal;

import org.jspecify.annotations.Nullable;

/**
 * The disk has no room for the record. It was not appended, and nothing that was acknowledged is lost. Free space; the
 * log goes on by itself, without being opened again.
 */
public final class WalDiskFullException extends WalException {
    public WalDiskFullException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
