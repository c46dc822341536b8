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
     * @throws IllegalArgumentException if the archive is of another log, or the epoch is less than 1
     * @throws IOException if the store or the disk fails
     */
    public static void permit(ObjectStore store, LogFiles log, long epoch) throws IOException {
        if (epoch < 1) {
            throw new IllegalArgumentException("epoch " + epoch + ": expected 1 or more");
        }
        LogIdentity identity = new ShipLog(store)
                .identity()
                .orElseThrow(() -> new IllegalArgumentException(store.describe() + " is not an archive"));
        String logId = log.logId().orElse("");
        if (!identity.logId().equals(logId)) {
            throw new IllegalArgumentException(store.describe() + " is the archive of log " + identity.logId() + ", and "
                    + log.storage().describe() + " has " + (logId.isEmpty() ? "no log" : "log " + logId));
        }
        DirectoryFile.open(log, identity).permit(epoch);
    }
}
