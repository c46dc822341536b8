package io.veloz.wal.archive;

import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.ship.DirectoryFile;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;

/**
 * The decision of an operator that the log in a directory replaces the one that shipped to the archive last, recorded in that
 * directory. It has the effect of {@link ShipperConfig.Builder#takeOver}, without a change to the engine's configuration: a
 * recovery of the whole engine records it when its checks have passed. Stateless.
 */
public final class ArchiveTakeOver {
    private ArchiveTakeOver() {}

    /**
     * Records that the log may continue the archive after this epoch. The next shipper in the directory acquires an epoch if
     * this one is still the last, and is refused otherwise; that ends the permission. Makes one request, and puts nothing into
     * the archive: the other directory is fenced when the shipper starts. Returns when the decision is durable.
     *
     * @param epoch that was the last one when the log was restored
     * @throws IllegalArgumentException if there is no archive, it is of another log, or the epoch is less than 1
     * @throws IOException if the store or the disk fails
     */
    public static void permit(ObjectStore store, LogFiles log, long epoch) throws IOException {
        if (epoch < 1) {
            throw new IllegalArgumentException("epoch " + epoch + ": expected 1 or more");
        }
        LogIdentity identity = identity(store);
        String logId = log.logId().orElse("");
        if (!identity.logId().equals(logId)) {
            throw new IllegalArgumentException(store.describe() + " is the archive of log " + identity.logId()
                    + ", and " + log.storage().describe() + " has " + (logId.isEmpty() ? "no log" : "log " + logId));
        }
        DirectoryFile.open(log, identity).permit(epoch);
    }

    /**
     * Returns the epoch after which the log may continue the archive by a recorded decision; 0 if there is none, or it has
     * had its effect.
     *
     * @throws IOException if the store or the disk fails, or the record of the directory is damaged
     */
    public static long permitted(ObjectStore store, LogFiles log) throws IOException {
        return DirectoryFile.open(log, identity(store)).takeOver();
    }

    private static LogIdentity identity(ObjectStore store) throws IOException {
        return new ShipLog(store)
                .identity()
                .orElseThrow(() -> new IllegalArgumentException(store.describe() + " is not an archive"));
    }
}
