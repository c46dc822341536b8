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
 * Detects that the newest slots of an archive were deleted, by uploaded objects that no slot commits. A prefix of the ship log
 * is itself a valid ship log, so only other objects can show that it was longer.
 *
 * <p>Whatever happens to a writer of epoch <i>e</i>, it leaves the objects of at most one segment without a slot, the next one: it
 * uploads one segment at a time, in one object or in parts, and commits it before it uploads the next. Its EPOCH slot is put before all its objects. So
 * three kinds of objects are evidence of lost slots:
 *
 * <ol>
 *   <li>an object of a later epoch than that of the last slot
 *   <li>the object of a segment after the next one
 *   <li>objects of two segments of one epoch that no slot names, except for segments that a GAP skips
 * </ol>
 *
 * <p>Order matters: the objects are listed before the slots are read. A writer that continues meanwhile only adds slots for
 * objects that were listed, and so never looks like evidence. Tails have no objects, so lost tails leave no evidence.
 */
public final class LostSlots {
    private final long epoch;
    private final long nextSegment;
    private final Set<String> named = new HashSet<>();
    private final List<long[]> skipped = new ArrayList<>();

    /**
     * @param epoch the epoch of the last slot
     * @param nextSegment the segment after the last one that a slot commits or skips
     */
    public LostSlots(long epoch, long nextSegment) {
        this.epoch = epoch;
        this.nextSegment = nextSegment;
    }

    /** Adds an object that a slot names. */
    public LostSlots named(String key) {
        named.add(key);
        return this;
    }

    /** Adds a range of segments that a GAP skips. */
    public LostSlots skipped(long from, long before) {
        skipped.add(new long[] {from, before});
        return this;
    }

    /** An object that proves that slots were lost. */
    public record Evidence(String key, String reason) {}

    /** Returns the evidence among objects that were listed before the slots were read. */
    public Optional<Evidence> among(Collection<String> keys) {
        Map<Long, SegmentKey> unnamed = new HashMap<>();
        for (String key : keys) {
            if (named.contains(key)) {
                continue;
            }
            if (ArchiveKeys.epoch(key) > epoch) {
                return evidence(
                        key,
                        "the object is of epoch " + ArchiveKeys.epoch(key) + ", and the slots end with epoch " + epoch);
            }
            Optional<SegmentKey> segment = ArchiveKeys.segmentKey(key);
            if (segment.isEmpty()) {
                continue;
            }
            long number = segment.get().number();
            if (number > nextSegment) {
                return evidence(key, "no slot commits segment " + nextSegment + ", which was committed before it");
            }
            SegmentKey other =
                    isSkipped(number) ? null : unnamed.putIfAbsent(segment.get().epoch(), segment.get());
            if (other != null && other.number() != number) {
                return evidence(key, "no slot names it, nor " + other.whole() + " of the same epoch");
            }
        }
        return Optional.empty();
    }

    private static Optional<Evidence> evidence(String key, String why) {
        return Optional.of(new Evidence(key, "slots are missing: " + why));
    }

    private boolean isSkipped(long number) {
        return skipped.stream().anyMatch(range -> number >= range[0] && number < range[1]);
    }

    /**
     * Searches, before a writer acquires an epoch, for objects that were uploaded after the last slot. It makes a few requests.
     * An instance is confined to one thread, and to one start of a writer.
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
         * Returns the evidence that slots after the tip were lost; empty if there is none. Evidence is not returned the first
         * time it is found, because another writer may have added slots after the tip was read. See {@link #needsRecheck}.
         *
         * @param tip null if there is no slot
         */
        public Optional<Evidence> against(@Nullable Slot tip) throws IOException {
            LostSlots expected = new LostSlots(tip == null ? 0 : tip.epoch(), nextSegment(tip));
            // Objects of earlier segments were committed after they were listed. Those of the next one up to the last
            // epoch are of uploads that ended, and their parts may fill a page. All others are evidence.
            String before = ArchiveKeys.afterSegment(identity.prefix(), expected.nextSegment, expected.epoch);
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

        /** Returns whether {@link #against} has to be called again, with a tip that was read after that call. */
        public boolean needsRecheck() {
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
