package io.veloz.wal.archive;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.RecordKeys;
import java.util.function.LongConsumer;

/**
 * The index of an archive: which segments contain the records with a key, such as the id of an order. Stateless.
 *
 * <p>A shipper with {@link ShipperConfig.Builder#recordKeys} makes it for each segment that it has archived. This class makes what is
 * missing: for segments that were archived without it, or whose index was cut off by the end of the shipper. {@link
 * ArchiveReader#search} uses it.
 *
 * <p>The index is a cache. No slot names it, nothing depends on it, and it may be deleted at any time. It contains hashes of the
 * keys; that of a segment whose object is encrypted is encrypted, too.
 */
public final class ArchiveIndex {
    private ArchiveIndex() {}

    /**
     * Makes the indexes that an archive does not have. Several processes may call it at once, while a writer ships. It may be
     * interrupted and repeated.
     *
     * @param keys finds the keys of the records
     * @param checks whether the existing indexes are read, too. A damaged one is deleted, and made again
     * @param progress receives the number of segments that are done
     * @throws WalRestoreException if it is no archive, or the archive is damaged, or the store failed. Indexes that were made stay
     */
    public static ArchiveIndexReport update(ObjectStore store, RecordKeys keys, boolean checks, LongConsumer progress) {
        return update(store, keys, checks, progress, Retries.withBackoff());
    }

    static ArchiveIndexReport update(
            ObjectStore store, RecordKeys keys, boolean checks, LongConsumer progress, Retries retries) {
        try (ArchiveReader archive =
                ArchiveReader.open(store, ArchiveReadOptions.defaults().cacheBytes(0), retries)) {
            return archive.updateIndex(store, keys, checks, progress);
        }
    }
}
