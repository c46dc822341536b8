package io.veloz.wal.archive.internal.shiplog;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys.SegmentKey;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Evidence that the newest slots of an archive were deleted: objects that were uploaded, and that no slot accounts for. A
 * prefix of the ship log is itself a proven ship log, so only what lies outside of it can show that it was longer.
 *
 * <p>What a writer of epoch <i>e</i> leaves without a slot, whatever happens to it, is at most one segment's object, and that
 * is the next segment: it uploads one at a time, commits it, then begins the next. Its EPOCH slot is put before all of its
 * objects. Hence three kinds of evidence:
 *
 * <ol>
 *   <li>an object of an epoch that the slots do not reach
 *   <li>the object of a segment after the next one
 *   <li>objects of two segments of one epoch that no slot names (a GAP explains those of the segments that it skips)
 * </ol>
 *
 * <p>Order matters: the objects are listed before the slots are read. Then a writer that goes on meanwhile only adds slots
 * for objects that were listed, and is never taken for evidence. Tails have no object: lost tails leave no evidence.
 */
public final class LostSlots {
    private final long epoch;
    private final long nextSegment;
    private final Set<String> named = new HashSet<>();
    private final List<long[]> skipped = new ArrayList<>();

    /**
     * @param epoch the highest one of the slots
     * @param nextSegment the one after the last that a slot commits, or skips
     */
    public LostSlots(long epoch, long nextSegment) {
        this.epoch = epoch;
        this.nextSegment = nextSegment;
    }

    /** An object that a slot names. */
    public LostSlots named(String key) {
        named.add(key);
        return this;
    }

    /** Segments from one number to before another that a GAP skips. */
    public LostSlots skipped(long from, long before) {
        skipped.add(new long[] {from, before});
        return this;
    }

    /** An object that shows that slots were lost. */
    public record Evidence(String key, String reason) {}

    /** The evidence among objects that were listed before the slots were read. */
    public Optional<Evidence> among(Collection<String> keys) {
        Map<Long, String> unnamed = new HashMap<>();
        for (String key : keys) {
            if (named.contains(key)) {
                continue;
            }
            if (ArchiveKeys.epoch(key) > epoch) {
                return evidence(
                        key, "it is of epoch " + ArchiveKeys.epoch(key) + ", and the slots end with epoch " + epoch);
            }
            Optional<SegmentKey> segment = ArchiveKeys.segmentKey(key);
            if (segment.isEmpty()) {
                continue;
            }
            long number = segment.get().number();
            if (number > nextSegment) {
                return evidence(key, "no slot commits segment " + nextSegment + ", which was committed before it");
            }
            String other = isSkipped(number) ? null : unnamed.put(segment.get().epoch(), key);
            if (other != null) {
                return evidence(key, "no slot names it, nor " + other + " of the same epoch");
            }
        }
        return Optional.empty();
    }

    private static Optional<Evidence> evidence(String key, String why) {
        return Optional.of(new Evidence(key, "slots that were here are missing: " + why));
    }

    private boolean isSkipped(long number) {
        return skipped.stream().anyMatch(range -> number >= range[0] && number < range[1]);
    }

    /**
     * Looks before a writer acquires an epoch, in a few requests: what was uploaded after the slots end. It belongs to one
     * thread, and to one start of a writer.
     */
    public static final class BeforeEpoch {
        private final ShipLog log;
        private final LogIdentity identity;
        private List<String> suspects = List.of();

        public BeforeEpoch(ShipLog log, LogIdentity identity) {
            this.log = log;
            this.identity = identity;
        }

        /**
         * Returns the evidence that a tip is not the last slot; empty if there is none. A first suspicion is not returned:
         * another writer may have added slots after the tip was found. See {@link #mustLookAgain}.
         *
         * @param tip null if there is no slot
         */
        public Optional<Evidence> against(@Nullable Slot tip) throws IOException {
            LostSlots expected = new LostSlots(tip == null ? 0 : tip.epoch(), nextSegment(tip));
            // What lies before the next segment has been committed since it was listed.
            String before = ArchiveKeys.beforeSegment(identity.prefix(), expected.nextSegment);
            Optional<Evidence> stays = expected.among(
                    suspects.stream().filter(key -> key.compareTo(before) > 0).toList());
            if (stays.isPresent()) {
                return stays;
            }
            List<String> listed = log.store().list(ArchiveKeys.SEGMENTS, before).stream()
                    .map(StoredObject::key)
                    .toList();
            suspects = expected.among(listed).isPresent() ? listed : List.of();
            return Optional.empty();
        }

        /** Whether {@link #against} must be called once more, with a tip that was looked for after that call. */
        public boolean mustLookAgain() {
            return !suspects.isEmpty();
        }

        private long nextSegment(@Nullable Slot tip) throws IOException {
            Slot slot = tip;
            while (slot != null) {
                if (slot.part() instanceof Segment segment) {
                    return segment.number() + 1;
                } else if (slot.part() instanceof Gap gap) {
                    return gap.nextSegment();
                }
                slot = ChainIdentity.keptBefore(log, slot);
            }
            return identity.firstSegment();
        }
    }
}
