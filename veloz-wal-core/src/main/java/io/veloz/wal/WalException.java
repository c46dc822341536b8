package io.veloz.wal;

import org.jspecify.annotations.Nullable;

/**
 * The root of the exceptions of the log. The subclasses differ in the next step of the caller:
 *
 * <ul>
 *   <li>{@link WalOpenException}: fix the environment and open the log again.
 *   <li>{@link WalVersionException}: use another version of the library.
 *   <li>{@link WalCorruptException}: restore or salvage the log.
 *   <li>{@link WalTrimmedException}: load a checkpoint, and open a new reader after it.
 *   <li>{@link WalReplacedException}: get the newest checkpoint again.
 *   <li>{@link WalFailedException}: close the log, and open it again.
 *   <li>{@link WalDiskFullException}: free space. The log resumes by itself.
 *   <li>{@link WalBusyException}: retry with backoff.
 *   <li>{@link WalGateFailedException}: stop, because outputs are not published any more.
 *   <li>{@link WalFencedException}: stop, because another writer has taken over the archive.
 *   <li>{@link WalShippingRefusedException}: depends on its reason. The log and the archive are inconsistent.
 *   <li>{@link WalRestoreException}: depends on its reason.
 * </ul>
 *
 * Invalid arguments are reported as {@link IllegalArgumentException}, use after close as {@link IllegalStateException}.
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
                WalGateFailedException,
                WalFencedException,
                WalShippingRefusedException,
                WalRestoreException {
    WalException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
