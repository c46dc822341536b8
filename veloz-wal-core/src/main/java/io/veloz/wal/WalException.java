package io.veloz.wal;

import org.jspecify.annotations.Nullable;

/**
 * The root of everything the log throws about itself. Subclasses are divided by what the caller does next:
 *
 * <ul>
 *   <li>{@link WalOpenException}: fix the environment and open again;
 *   <li>{@link WalVersionException}: use another version of the library;
 *   <li>{@link WalCorruptException}: restore or salvage;
 *   <li>{@link WalTrimmedException}: load a checkpoint, and open another reader behind it;
 *   <li>{@link WalReplacedException}: take the newest checkpoint again;
 *   <li>{@link WalFailedException}: close, and open again;
 *   <li>{@link WalDiskFullException}: free space; the log goes on by itself;
 *   <li>{@link WalBusyException}: slow down and try again;
 *   <li>{@link WalFencedException}: stop: another writer has taken over the archive;
 *   <li>{@link WalShippingRefusedException}: log and archive do not fit together; its reason says what to do;
 *   <li>{@link WalRestoreException}: its reason says what to do.
 * </ul>
 *
 * Wrong arguments are {@link IllegalArgumentException}, use after close is {@link IllegalStateException}.
 */
public abstract sealed class WalException extends RuntimeException
        permits WalOpenException,
                WalVersionException,
                WalCorruptException,
                WalTrimmedException,
                WalReplacedException,
                WalFailedException,
                WalDiskFullException,
                WalBusyException,
                WalFencedException,
                WalShippingRefusedException,
                WalRestoreException {
    WalException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
