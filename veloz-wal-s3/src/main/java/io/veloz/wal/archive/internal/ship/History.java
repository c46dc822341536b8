package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.ship.WriterState.Tip;
import io.veloz.wal.archive.internal.shiplog.ChainIdentity;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.Objects;

/**
 * What a writer needs to know about the slots of earlier writers. They are read backwards from the tip along the kept slots,
 * one request for each {@link #step}. An instance is confined to one thread.
 *
 * <p>A step that fails can be repeated, and continues where it was. So a start takes one request for each EPOCH and ATTACHMENT
 * after the last committed segment, whatever the size of the archive and however often requests fail.
 */
final class History {
    private final ShipLog shipLog;
    private final LogIdentity identity;
    private final ShipProgress progress;
    private Slot at;
    private long nextSegment = -1;
    private long committedFirst;
    private long committedLast;
    private boolean hasCheckpoint;
    private long checkpointSequence;
    private long gapsKnownFrom = Long.MAX_VALUE;

    /** Starts at the tip, without a request. */
    History(ShipLog shipLog, LogIdentity identity, Tip tip, ShipProgress progress) {
        this.shipLog = shipLog;
        this.identity = identity;
        this.progress = progress;
        this.at = Objects.requireNonNull(tip.slot());
        // An archive that begins later than the log did contains a checkpoint before any slot with a position.
        this.hasCheckpoint = tip.archived().position() > 0;
        note();
    }

    /** Returns whether shipping can continue: the next segment is known, and whether the archive has a checkpoint. */
    boolean isSufficient() {
        return isComplete() || (nextSegment > 0 && (hasCheckpoint || identity.firstSequence() == 1));
    }

    /** Returns whether the first slot has been reached. */
    boolean isComplete() {
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

    /** Returns the kept slot before another slot. */
    static Slot kept(ShipLog shipLog, Slot after) throws IOException {
        Slot kept = ChainIdentity.keptBefore(shipLog, after);
        if (kept == null) {
            throw new BadObjectException(shipLog.where("slot " + after.number()) + " does not name a slot before it");
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
                progress.gap(gap.firstSequence(), gap.lastSequence(), false);
            }
            if (isNewest) {
                committed(gap.nextSegment(), gap.lastSequence() + 1, gap.lastSequence());
            }
        }
        if (isComplete()) {
            gapsKnownFrom = 0;
            if (identity.firstSequence() > 1) {
                // A checkpoint replaces them. The records themselves were never archived.
                progress.gap(1, identity.firstSequence() - 1, false);
            }
            if (nextSegment < 0) {
                committed(identity.firstSegment(), 0, identity.firstSequence() - 1);
            }
        }
        progress.gapsKnownFrom(gapsKnownFrom);
    }

    /** Returns whether records are lost. If not, all are in tails, and only their segments will never be archived. */
    static boolean isLoss(Slot gap) {
        return gap.archived().position() == 0;
    }

    /** A slot with that part has become the tip. */
    void append(Part part) {
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

    /** Returns the number of the segment that has to be committed next. */
    long nextSegment() {
        return nextSegment;
    }

    /** Returns the first record of the last committed segment. */
    long committedFirst() {
        return committedFirst;
    }

    /** Returns the last record of the last committed segment. */
    long committedLast() {
        return committedLast;
    }

    boolean hasCheckpoint() {
        return hasCheckpoint;
    }

    /** Returns the sequence of the newest checkpoint that is known to be archived; 0 if there is none. */
    long checkpointSequence() {
        return checkpointSequence;
    }
}
