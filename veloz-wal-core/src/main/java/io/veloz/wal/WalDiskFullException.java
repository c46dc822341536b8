package io.veloz.wal;

import org.jspecify.annotations.Nullable;

/**
 * The disk is full. The record was not appended, and no acknowledged record is lost.
 *
 * <p>Next step: free space. The log then resumes by itself and need not be reopened.
 */
public final class WalDiskFullException extends WalException {
    public WalDiskFullException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
