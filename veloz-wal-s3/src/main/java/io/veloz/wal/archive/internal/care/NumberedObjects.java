package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.util.List;

/** Finds the last of the objects under a prefix that are numbered from 1 without holes. Stateless. */
public final class NumberedObjects {
    private static final int FULL_PAGE = 1000;
    private static final long FIRST_STRIDE = 1024;

    private NumberedObjects() {}

    /**
     * Returns the highest number; 0 if there is none. The number of lists grows with the logarithm of the result: doubles the
     * stride, then bisects. A list is a hint, so the objects after the last listed one are requested by their keys.
     */
    public static long last(ObjectStore store, Retries retries, String prefix) throws IOException {
        long low = 0;
        long high = Long.MAX_VALUE;
        long stride = 0;
        while (true) {
            long middle = high - low <= FULL_PAGE ? low : low + (high - low) / 2;
            long after = high == Long.MAX_VALUE ? low + stride : middle;
            List<StoredObject> page = retries.call(() -> store.list(prefix, key(prefix, after)));
            long highest = page.stream()
                    .mapToLong(object -> ArchiveKeys.number(prefix, object.key()))
                    .max()
                    .orElse(-1);
            if (highest > low) {
                low = highest;
                stride = page.size() < FULL_PAGE ? 0 : Math.max(FIRST_STRIDE, 2 * stride);
            } else if (after > low) {
                high = after;
                stride = 0;
            } else {
                break;
            }
        }
        while (exists(store, retries, key(prefix, low + 1))) {
            low++;
        }
        return low;
    }

    private static boolean exists(ObjectStore store, Retries retries, String key) throws IOException {
        return retries.call(() -> store.head(key)).isPresent();
    }

    private static String key(String prefix, long number) {
        return number == 0 ? "" : ArchiveKeys.numbered(prefix, number);
    }
}
