package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.TrimGuard;
import io.veloz.wal.archive.SpoolPolicy;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The sealed segments of the local log that have not been uploaded yet. An instance is confined to one thread. */
public final class Spool {
    private final LocalLog log;

    /** A sealed segment never changes, so each is read once. */
    private final SortedMap<Long, SealedSegment> known = new TreeMap<>();

    Spool(LocalLog log) {
        this.log = log;
    }

    /** Returns the segments from the end of the archive on. */
    Backlog backlog(Archived archived, long nextSegment) throws IOException {
        List<SealedSegment> sealed = from(Math.min(nextSegment, Math.max(1, archived.segment())));
        return new Backlog(sealed, archived, nextSegment, log.activeBytes());
    }

    private List<SealedSegment> from(long number) throws IOException {
        known.headMap(number).clear();
        List<Long> numbers = log.files().sealed();
        known.keySet().retainAll(numbers);
        for (long each : numbers) {
            if (each >= number && !known.containsKey(each)) {
                Optional<SealedSegment> segment = log.sealed(each);
                if (segment.isPresent()) {
                    known.put(each, segment.get());
                }
            }
        }
        return List.copyOf(known.values());
    }

    /**
     * The sealed segments from the end of the archive on. Immutable.
     *
     * @param sealed ascending
     * @param archived the end of the archive
     * @param nextSegment the segment that is to be uploaded next
     * @param activeBytes size of the active segment
     */
    record Backlog(List<SealedSegment> sealed, Archived archived, long nextSegment, long activeBytes) {
        /** Returns approximately how many durable bytes are not archived. */
        long lagBytes() {
            long bytes = 0;
            boolean endsInSealed = false;
            for (SealedSegment segment : sealed) {
                if (segment.number() >= archived.segment()) {
                    endsInSealed = true;
                    bytes += Math.max(0, bytesLeft(segment));
                }
            }
            return endsInSealed ? bytes + activeBytes : bytes + Math.max(0, activeBytes - archived.position());
        }

        /** Returns the size of the segments that have not been uploaded. */
        long fileBytes() {
            return sealed.stream()
                    .filter(segment -> segment.number() >= nextSegment)
                    .mapToLong(SealedSegment::fileBytes)
                    .sum();
        }

        /** Returns the last record; 0 if there is no segment. */
        long lastSequence() {
            return sealed.isEmpty() ? 0 : sealed.get(sealed.size() - 1).lastSequence();
        }

        /** Returns whether the log has trimmed the segment that is to be uploaded next. */
        boolean isTrimmedAhead() {
            return sealed.stream()
                            .mapToLong(SealedSegment::number)
                            .filter(number -> number >= nextSegment)
                            .findFirst()
                            .orElse(nextSegment)
                    > nextSegment;
        }

        /** Returns whether more of a sealed segment is not archived than fits into a tail. */
        boolean exceeds(long tailBytes) {
            SealedSegment segment = firstNotArchived();
            return segment != null && bytesLeft(segment) >= tailBytes;
        }

        /** Returns whether the next upload moves the end of the archive. It does not if tails are ahead of it. */
        boolean beginsWithNextSegment() {
            SealedSegment segment = firstNotArchived();
            return segment != null && segment.number() == nextSegment;
        }

        /** Returns whether the next record is in the last sealed segment, and tails have archived the beginning of that one. */
        boolean isOnlyRestOfTails() {
            SealedSegment segment = firstNotArchived();
            return segment != null
                    && segment.number() == archived.segment()
                    && archived.position() > 0
                    && segment.number() == sealed.get(sealed.size() - 1).number();
        }

        /** Returns the segment to upload now: one that tails have archived, or that does not fit into a tail. */
        Optional<SealedSegment> nextUpload(long tailBytes) {
            return sealed.stream()
                    .filter(segment -> segment.number() == nextSegment)
                    .filter(segment -> segment.lastSequence() <= archived.sequence() || bytesLeft(segment) >= tailBytes)
                    .findFirst();
        }

        private @Nullable SealedSegment firstNotArchived() {
            for (SealedSegment segment : sealed) {
                if (segment.lastSequence() > archived.sequence()) {
                    return segment;
                }
            }
            return null;
        }

        private long bytesLeft(SealedSegment segment) {
            return segment.number() == archived.segment()
                    ? segment.dataBytes() - archived.position()
                    : segment.dataBytes();
        }
    }

    /** Keeps the log from trimming segments that are not archived, as the spool policy requires. Thread-safe. */
    public static final class Guard implements TrimGuard {
        private final LocalLog log;
        private final String name;
        private final SpoolPolicy policy;
        private volatile long releasedThrough;

        public Guard(LocalLog log, String archive, SpoolPolicy policy) {
            this.log = log;
            this.name = "the archive " + archive;
            this.policy = policy;
        }

        /** Records up to this one are in uploaded segments, and no longer needed for a comparison. */
        public void release(long throughSequence) {
            releasedThrough = throughSequence;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public long releasedThrough() {
            long released = releasedThrough;
            if (!policy.givesUpOldest()) {
                return released;
            }
            try {
                return Math.max(released, overBudget(new Spool(log).from(1), released));
            } catch (IOException e) {
                throw new UncheckedIOException("reading the sealed segments in " + log.describe(), e);
            }
        }

        /** Returns the last record of the newest segment that does not fit into the budget; 0 if all fit. */
        private long overBudget(List<SealedSegment> segments, long released) {
            long bytes = 0;
            for (int i = segments.size() - 1; i >= 0; i--) {
                SealedSegment segment = segments.get(i);
                bytes += segment.fileBytes();
                if (segment.lastSequence() > released && bytes > policy.budgetBytes()) {
                    return segment.lastSequence();
                }
            }
            return 0;
        }
    }
}
