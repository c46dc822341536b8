package io.veloz.wal.archive.internal.search;

import io.veloz.wal.archive.internal.index.IndexRange;
import io.veloz.wal.archive.internal.index.IndexRange.Part;
import io.veloz.wal.spi.RecordKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The segments of an archive, and the ranges of the indexes that they may have. Immutable. */
final class IndexCover {
    private final String logId;
    private final String prefix;
    private final RecordKeys keys;
    private final NavigableMap<Long, Part> parts = new TreeMap<>();
    private final NavigableMap<Long, Part> bySequence = new TreeMap<>();

    IndexCover(String logId, String prefix, RecordKeys keys, List<Part> parts) {
        this.logId = logId;
        this.prefix = prefix;
        this.keys = keys;
        for (Part part : parts) {
            this.parts.put(part.number(), part);
            bySequence.put(part.firstSequence(), part);
        }
    }

    NavigableMap<Long, Part> parts() {
        return parts;
    }

    /** Returns the range of one segment. */
    IndexRange single(long segment) {
        return IndexRange.of(logId, prefix, keys, List.of(Objects.requireNonNull(parts.get(segment))));
    }

    /** Returns the range of the merged index that ends with that segment; empty if the archive does not have all its segments. */
    Optional<IndexRange> merged(long last) {
        List<Part> group = new ArrayList<>(
                parts.subMap(last - IndexRange.MERGED + 1, true, last, true).values());
        if (group.size() < IndexRange.MERGED) {
            return Optional.empty();
        }
        return Optional.of(IndexRange.of(logId, prefix, keys, group)).filter(IndexRange::isIndexable);
    }

    /** Returns the number of the segment that contains a record; empty if no segment does. */
    Optional<Long> segmentOf(long sequence) {
        Map.@Nullable Entry<Long, Part> entry = bySequence.floorEntry(sequence);
        return entry == null || entry.getValue().lastSequence() < sequence
                ? Optional.empty()
                : Optional.of(entry.getValue().number());
    }
}
