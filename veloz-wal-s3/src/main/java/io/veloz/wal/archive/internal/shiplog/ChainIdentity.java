package io.veloz.wal.archive.internal.shiplog;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys.SegmentKey;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The identity in the chain of slots, which is the original of {@code log.json}. Stateless. */
public final class ChainIdentity {
    private ChainIdentity() {}

    /**
     * Returns the identity in the last EPOCH slot up to a slot; empty if an earlier version wrote the EPOCH slot.
     *
     * @throws BadObjectException if a slot in between is missing or damaged
     */
    public static Optional<LogIdentity> of(ShipLog log, Slot slot) throws IOException {
        Slot at = slot;
        while (!(at.part() instanceof Epoch)) {
            Slot before = keptBefore(log, at);
            if (before == null) {
                return Optional.empty();
            }
            at = before;
        }
        String text = ((Epoch) at.part()).logJson();
        return text.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        LogIdentity.decode(log.where("slot " + at.number()), text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Returns the last slot before a slot that is never deleted; null for the first slot. */
    public static @Nullable Slot keptBefore(ShipLog log, Slot slot) throws IOException {
        SlotRef kept = slot.kept();
        if (kept.number() == 0) {
            return null;
        }
        if (kept.number() >= slot.number()) {
            throw new BadObjectException(log.where("slot " + kept.number()) + " is not before slot " + slot.number());
        }
        return log.kept(kept);
    }

    /** Recovers a missing {@code log.json} from slot 1, which is never deleted, or from the last slot. */
    static Optional<LogIdentity> recovered(ShipLog log) throws IOException {
        Optional<Decoded> first = log.check(1);
        Optional<LogIdentity> found = first.isPresent() ? of(log, first.get().slot()) : Optional.empty();
        if (found.isPresent()) {
            return found;
        }
        long[] highest = new long[1];
        log.list(0, number -> highest[0] = Math.max(highest[0], number));
        Optional<Decoded> last = highest[0] == 0 ? Optional.empty() : log.check(highest[0]);
        return last.isPresent() ? of(log, last.get().slot()) : Optional.empty();
    }

    /** Returns a message if {@code log.json} differs from the identity in the slots; empty if they are equal. */
    public static Optional<String> mismatch(ShipLog log, LogIdentity identity, Slot slot) throws IOException {
        if (!slot.logId().equals(identity.logId())) {
            return Optional.of(log.where("log.json") + " is of log " + identity.logId() + ", and slot " + slot.number()
                    + " is of log " + slot.logId());
        }
        if (slot.origin().isEmpty()) {
            return mismatchWithoutOrigin(log, identity, slot);
        }
        if (slot.origin().equals(identity.origin())) {
            return Optional.empty();
        }
        String how = of(log, slot)
                .filter(original -> original.origin().equals(slot.origin()))
                .map(identity::differencesFrom)
                .orElse("SHA-256 is " + identity.origin() + ", expected " + slot.origin());
        return Optional.of(log.where("log.json") + " was changed since slot " + slot.number() + " was written: " + how);
    }

    /**
     * Compares {@code log.json} with the first archived bytes, if an earlier version wrote the slots, before the chain repeats
     * it permanently. Makes one request for each kept slot, once in the lifetime of an archive.
     */
    private static Optional<String> mismatchWithoutOrigin(ShipLog log, LogIdentity identity, Slot slot)
            throws IOException {
        Slot first = null;
        for (Slot at = slot; at != null; at = keptBefore(log, at)) {
            if (!at.origin().isEmpty()) {
                return mismatch(log, identity, at);
            }
            first = at.part() instanceof Segment || at.part() instanceof Gap ? at : first;
        }
        if (first == null || first.part() instanceof Gap) {
            // Tails before a gap are never deleted. Without tails the beginning of the archive is unknown.
            first = log.check(2).map(Decoded::slot).orElse(null);
        }
        String begins = "";
        if (first != null && first.part() instanceof Segment segment) {
            begins = ArchiveKeys.segmentKey(segment.key())
                            .map(SegmentKey::prefix)
                            .orElse("?") + " segment " + segment.number() + " record " + segment.firstSequence();
        } else if (first != null && first.part() instanceof Tail tail) {
            begins = identity.prefix() + " segment " + tail.segment() + " record " + tail.firstSequence();
        }
        String stated =
                identity.prefix() + " segment " + identity.firstSegment() + " record " + identity.firstSequence();
        return begins.isEmpty() || begins.equals(stated)
                ? Optional.empty()
                : Optional.of(log.where("log.json") + " was changed: it states that the archive begins with " + stated
                        + ", but it begins with " + begins);
    }
}
