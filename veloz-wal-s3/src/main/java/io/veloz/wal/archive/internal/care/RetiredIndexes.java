package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.search.IndexObjects;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Deletes the indexes of retired segments. No slot names them: what is left costs storage, and the next deletion removes it. */
final class RetiredIndexes {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal.archive");

    private RetiredIndexes() {}

    /**
     * Deletes the indexes that contain a segment before that one. A janitor without the right to do so retires segments nevertheless.
     */
    static void delete(ObjectStore store, Retries retries, String prefix, long firstSegment) throws IOException {
        try {
            Janitor.delete(store, retries, IndexObjects.retired(store, retries, prefix, firstSegment));
        } catch (StoreUnavailableException e) {
            throw e;
        } catch (StoreException e) {
            LOG.warn("the indexes of retired segments are not deleted: {}", e.getMessage());
        }
    }
}
