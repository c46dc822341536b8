package io.veloz.wal;

import org.jspecify.annotations.Nullable;

/** The directory cannot be used as it is: a missing permission, a wrong path, an I/O error. Fix it and open again. */
public sealed class WalOpenException extends WalException permits WalLockedException {
    public WalOpenException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
