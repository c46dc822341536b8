package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.shiplog.ChainIdentity;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.Objects;

/**
 * What a writer has to know of its predecessors: read back from the tip along the kept slots, one request for each
 * {@link #step}. It belongs to one thread.
 *
 * <p>A step that fails is repeated, and what was read before stays. So the start takes one request for each EPOCH and
 * ATTACHMENT since the last committed segment, however large the archive is and however often requests fail.
 */
final class History {
    private final ShipLog shipLog;
    private final LogIdentity identity;
    private final Reached reached;
    private Slot at;
    private long nextSegment = -1;
    private long committedFirst;
    private long committedLast;
    private boolean hasCheckpoint;
    private long checkpointSequence;
    private long gapsKnownFrom = Long.MAX_VALUE;

    /** Starts at the tip, without a request. */
    History(ShipLog shipLog, LogIdentity identity, Tip tip, Reached reached) {
        this.shipLog = shipLog;
        this.identity = identity;
        this.reached = reached;
        this.at = Objects.requireNonNull(tip.slot());
        // An archive that begins later than the log once did has a checkpoint before anything else that has a position.
        this.hasCheckpoint = tip.archived().position() > 0;
        note();
    }

    /** Whether shipping may go on: the segment that comes next is known, and whether there is a checkpoint. */
    boolean isEnough() {
        return isWhole() || (nextSegment > 0 && (hasCheckpoint || identity.firstSequence() == 1));
    }

    /** Whether there is nothing more to read. */
    boolean isWhole() {
        return at.kept().number() == 0;
    }

    long gapsKnownFrom() {
        return gapsKnownFrom;
    }

    /** Reads one more slot. */
    void step() throws IOException {
        at = kept(shipLog, at);
        note();
    }

    /** The kept slot before another one. */
    static Slot kept(ShipLog shipLog, Slot after) throws IOException {
        Slot kept = ChainIdentity.keptBefore(shipLog, after);
        if (kept == null) {
            throw new BadObjectException(shipLog.where("slot " + after.number()) + " names no slot before it");
        }
        return kept;
    }

    private void note() {
        boolean isNewest = nextSegment < 0;
        if (at.part() instanceof Attachment attachment) {
            hasCheckpoint = true;
            checkpointSequence = Math.max(checkpointSequence, attachment.sequence());
        } else if (at.part() instanceof Segment segment) {
            hasCheckpoint = true;
            gapsKnownFrom = segment.firstSequence();
            if (isNewest) {
                committed(segment.number() + 1, segment.firstSequence(), segment.lastSequence());
            }
        } else if (at.part() instanceof Gap gap) {
            gapsKnownFrom = gap.firstSequence();
            if (isLoss(at)) {
                reached.gap(gap.firstSequence(), gap.lastSequence(), false);
            }
            if (isNewest) {
                committed(gap.nextSegment(), gap.lastSequence() + 1, gap.lastSequence());
            }
        }
        if (isWhole()) {
            gapsKnownFrom = 0;
            if (identity.firstSequence() > 1) {
                // A checkpoint stands for them; the records themselves never were here.
                reached.gap(1, identity.firstSequence() - 1, false);
            }
            if (nextSegment < 0) {
                committed(identity.firstSegment(), 0, identity.firstSequence() - 1);
            }
        }
        reached.gapsKnownFrom(gapsKnownFrom);
    }

    /** Else its records are all in tails: only their segments will never be here. */
    static boolean isLoss(Slot gap) {
        return gap.archived().position() == 0;
    }

    /** One more slot with that part follows the tip. */
    void follow(Part part) {
        if (part instanceof Segment segment) {
            committed(segment.number() + 1, segment.firstSequence(), segment.lastSequence());
        } else if (part instanceof Gap gap) {
            committed(gap.nextSegment(), gap.lastSequence() + 1, gap.lastSequence());
        } else if (part instanceof Attachment attachment) {
            hasCheckpoint = true;
            checkpointSequence = attachment.sequence();
        }
    }

    private void committed(long next, long first, long last) {
        nextSegment = next;
        committedFirst = first;
        committedLast = last;
    }

    /** The number of the segment that is to be committed next. */
    long nextSegment() {
        return nextSegment;
    }

    /** The first record of the last committed segment. */
    long committedFirst() {
        return committedFirst;
    }

    /** The last record of the last committed segment. */
    long committedLast() {
        return committedLast;
    }

    boolean hasCheckpoint() {
        return hasCheckpoint;
    }

    /** Of the newest checkpoint that is known to be archived; 0 if none is. */
    long checkpointSequence() {
        return checkpointSequence;
    }
}
