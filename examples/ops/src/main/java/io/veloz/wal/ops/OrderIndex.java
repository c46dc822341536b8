package io.veloz.wal.ops;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.archive.ArchiveKeySearch;
import io.veloz.wal.orders.OrderKeys;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Chooses the segments of an archive that a search for an order has to read: those that the index names, and those that it does not
 * cover. Not thread-safe.
 */
final class OrderIndex {
    private final ArchiveKeySearch search;
    private final List<SegmentReport> segments;
    private final Set<Long> chosen = new TreeSet<>();
    private Set<Long> notSearched = Set.of();

    /** @param segments the segments that may contain events of the order */
    OrderIndex(ArchiveKeySearch search, List<SegmentReport> segments) {
        this.search = search;
        this.segments = segments;
    }

    /** Adds the segments for an id. */
    void add(String orderId) {
        ArchiveKeySearch.Result found = search.find(OrderKeys.key(orderId), segments);
        notSearched = found.notSearched();
        chosen.addAll(notSearched);
        chosen.addAll(found.records().keySet());
    }

    /** Returns the segments to read so far. */
    List<SegmentReport> chosen() {
        return segments.stream()
                .filter(segment -> chosen.contains(segment.number()))
                .toList();
    }

    /** Returns the number of segments that the index covers. */
    int searched() {
        return segments.size() - notSearched.size();
    }

    /** Returns why indexes that exist are not used. */
    List<String> findings() {
        return search.findings();
    }
}
