package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The sealed segments that the archive has not got as a whole yet. Any thread may call any method. */
final class Spool {
    private final LocalLog log;

    /** A sealed segment never changes, so each is looked at once. */
    private final SortedMap<Long, SealedSegment> known = new TreeMap<>();

    Spool(LocalLog log) {
        this.log = log;
    }

    /** Those from that number on, ascending. */
    synchronized List<SealedSegment> from(long number) throws IOException {
        known.headMap(number).clear();
        List<Long> there = log.files().sealed();
        known.keySet().retainAll(there);
        for (long each : there) {
            if (each >= number && !known.containsKey(each)) {
                Optional<SealedSegment> segment = log.sealed(each);
                if (segment.isPresent()) {
                    known.put(each, segment.get());
                }
            }
        }
        return List.copyOf(known.values());
    }

    /** About how many bytes lie behind what is archived. */
    long bytesBehind(Archived archived, List<SealedSegment> segments) {
        long bytes = 0;
        boolean inSealed = false;
        for (SealedSegment segment : segments) {
            if (segment.number() == archived.segment()) {
                inSealed = true;
                bytes += Math.max(0, segment.dataBytes() - archived.position());
            } else if (segment.number() > archived.segment()) {
                inSealed = true;
                bytes += segment.dataBytes();
            }
        }
        long active = log.activeBytes();
        return inSealed ? bytes + active : bytes + Math.max(0, active - archived.position());
    }
}
