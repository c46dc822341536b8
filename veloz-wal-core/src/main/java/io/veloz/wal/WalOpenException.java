package io.veloz.wal;

import org.jspecify.annotations.Nullable;

/**
 * The directory cannot be used: a missing permission, a wrong path, an unfinished restore, an I/O error.
 *
 * <p>Next step: fix the cause that the message names, and open the log again.
 */
public sealed class WalOpenException extends WalException permits WalLockedException {
    public WalOpenException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
