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

/** {@code log.json} as the slots repeat it: the original, of which the object is a copy. Without state. */
public final class ChainIdentity {
    private ChainIdentity() {}

    /**
     * As the newest EPOCH at or before a slot has it; empty if an earlier version wrote that one.
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

    /** The last slot before one that is never deleted; null if it names none. */
    public static @Nullable Slot keptBefore(ShipLog log, Slot slot) throws IOException {
        SlotRef kept = slot.kept();
        if (kept.number() == 0) {
            return null;
        }
        Slot remembered = log.remembered(kept);
        if (remembered != null) {
            return remembered;
        }
        Decoded found = log.check(kept.number()).orElse(null);
        if (found == null || !found.sha256().equals(kept.sha256()) || kept.number() >= slot.number()) {
            throw new BadObjectException(log.where("slot " + kept.number())
                    + (found == null ? " is missing" : " is not" + " the one that slot " + slot.number() + " names"));
        }
        log.remember(kept, found.slot());
        return found.slot();
    }

    /** For an archive whose {@code log.json} is missing: of slot 1, which is never deleted, or else of the last slot. */
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

    /** What to write where {@code log.json} is not the one of the slots; empty if the slot agrees with it. */
    public static Optional<String> mismatch(ShipLog log, LogIdentity identity, Slot slot) throws IOException {
        if (!slot.logId().equals(identity.logId())) {
            return Optional.of(log.where("log.json") + " names log " + identity.logId() + ", and slot " + slot.number()
                    + " belongs to log " + slot.logId());
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
     * An earlier version wrote the slot. Before its log.json is repeated in a chain for ever, it is compared with the first
     * bytes that were archived: one request for each slot that is never deleted, once in the life of an archive.
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
            // Tails before a gap are never dropped; without them nothing shows where the archive began.
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
                : Optional.of(log.where("log.json") + " was changed: it begins with " + stated
                        + ", and the archive with " + begins);
    }
}
