package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** What a writer that takes office has to know of its predecessors: read back from the tip, as far as it takes. Immutable. */
record Resume(
        long nextSegment, long committedFirst, long committedLast, boolean hasCheckpoint, long checkpointSequence) {

    /** Walks back the kept slots, and tells the clean-up which tails still lie between them. */
    static Resume from(ShipLog shipLog, LogIdentity identity, Tip tip, CleanUp cleanUp) throws IOException {
        Walk walk = new Walk(shipLog, identity, cleanUp);
        Slot slot = Objects.requireNonNull(tip.slot());
        while (true) {
            walk.note(slot);
            SlotRef kept = slot.kept();
            if (kept.number() == 0 || walk.knowsEnough()) {
                break;
            }
            walk.noteTails(kept.number(), slot);
            slot = read(shipLog, kept);
        }
        return walk.result();
    }

    /** The same, when one more slot with that part stands behind the tip. */
    Resume behind(Part part) {
        if (part instanceof Segment segment) {
            return committed(segment.number() + 1, segment.firstSequence(), segment.lastSequence());
        } else if (part instanceof Gap gap) {
            return committed(gap.nextSegment(), gap.lastSequence() + 1, gap.lastSequence());
        } else if (part instanceof Attachment attachment) {
            return new Resume(nextSegment, committedFirst, committedLast, true, attachment.sequence());
        }
        return this;
    }

    private Resume committed(long next, long first, long last) {
        return new Resume(next, first, last, hasCheckpoint, checkpointSequence);
    }

    private static Slot read(ShipLog shipLog, SlotRef kept) throws IOException {
        Optional<Decoded> slot = shipLog.slot(kept.number());
        if (slot.isEmpty() || !slot.get().sha256().equals(kept.sha256())) {
            throw new BadObjectException(shipLog.store().describe() + ": slot " + kept.number()
                    + (slot.isEmpty() ? " is missing" : " is not the one that later slots name"));
        }
        return slot.get().slot();
    }

    private static final class Walk {
        private final ShipLog shipLog;
        private final LogIdentity identity;
        private final CleanUp cleanUp;
        private long nextSegment = -1;
        private long committedFirst;
        private long committedLast;
        private boolean hasCheckpoint;
        private long checkpointSequence;
        private boolean clean;

        Walk(ShipLog shipLog, LogIdentity identity, CleanUp cleanUp) {
            this.shipLog = shipLog;
            this.identity = identity;
            this.cleanUp = cleanUp;
        }

        void note(Slot slot) {
            if (slot.part() instanceof Attachment attachment) {
                hasCheckpoint = true;
                checkpointSequence = Math.max(checkpointSequence, attachment.sequence());
            } else if (nextSegment < 0 && slot.part() instanceof Segment segment) {
                nextSegment = segment.number() + 1;
                committedFirst = segment.firstSequence();
                committedLast = segment.lastSequence();
            } else if (nextSegment < 0 && slot.part() instanceof Gap gap) {
                nextSegment = gap.nextSegment();
                committedFirst = gap.lastSequence() + 1;
                committedLast = gap.lastSequence();
            }
            // Tails before a gap may be all there is of their segments. Which of them are, is not worth a walk.
            clean |= slot.part() instanceof Gap;
        }

        /** Between two kept slots there were only tails; those that are listed are still there. */
        void noteTails(long after, Slot before) throws IOException {
            if (before.number() - after <= 1 || clean) {
                return;
            }
            List<Long> page = shipLog.page(after);
            if (page.isEmpty() || page.get(0) >= before.number()) {
                // Clean-up goes from old to new: what lies before this was dropped, too.
                clean = true;
            } else {
                cleanUp.earlierTails(
                        page.get(0), before.number() - 1, before.archived().segment());
            }
        }

        boolean knowsEnough() {
            return nextSegment > 0 && clean && (hasCheckpoint || identity.firstSequence() == 1);
        }

        Resume result() {
            long next = nextSegment > 0 ? nextSegment : identity.firstSegment();
            return new Resume(
                    next,
                    committedFirst,
                    nextSegment > 0 ? committedLast : identity.firstSequence() - 1,
                    hasCheckpoint,
                    checkpointSequence);
        }
    }
}
