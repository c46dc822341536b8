package io.veloz.wal.archive.internal.search;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.index.IndexRange;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Lists the index objects of an archive. */
public final class IndexObjects {
    private IndexObjects() {}

    /** Returns the sizes of the index objects by key, of those that begin with that segment or a later one. */
    static NavigableMap<String, Long> list(ObjectStore store, Retries retries, String prefix, long fromSegment)
            throws IOException {
        NavigableMap<String, Long> objects = new TreeMap<>();
        String after = IndexRange.before(prefix, fromSegment);
        while (true) {
            String from = after;
            for (StoredObject object : retries.call(() -> store.list(ArchiveKeys.INDEX, from))) {
                boolean isIndex = IndexRange.name(object.key())
                        .filter(name -> name.prefix().equals(prefix))
                        .isPresent();
                if (isIndex) {
                    objects.put(object.key(), object.bytes());
                }
                after = object.key().compareTo(after) > 0 ? object.key() : after;
            }
            if (after.equals(from)) {
                return objects;
            }
        }
    }

    /**
     * Returns the keys of the index objects that are of no use when the segments before that one are retired. A merged index of
     * retired segments is not used any more, as the checksums of its blocks contain their objects.
     */
    public static List<String> retired(ObjectStore store, Retries retries, String prefix, long firstSegment)
            throws IOException {
        return list(store, retries, prefix, 0).keySet().stream()
                .filter(key -> IndexRange.name(key)
                        .filter(name -> name.from() < firstSegment)
                        .isPresent())
                .toList();
    }
}
