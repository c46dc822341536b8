package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a kept slot of format 2 states about the kept slots before it, so that a start, a status and a plan take a fixed number
 * of requests. Immutable.
 *
 * @param since the kept slots from the last SUMMARY on, oldest first, and at most {@link #MAX_SINCE}. If there are more, the
 *     earlier ones are reached along the kept slots. Slots of format 1 are not named
 * @param summary the last SUMMARY; {@link SlotRef#NONE} if there is none
 * @param checkpoint the slot of the last checkpoint; {@link SlotRef#NONE} if there is none, or none of format 2
 * @param checkpointSequence of the last record that this checkpoint covers
 * @param totals of the archive with this slot; null if it began in format 1
 */
public record ChainState(
        List<SlotRef> since,
        SlotRef summary,
        SlotRef checkpoint,
        long checkpointSequence,
        @Nullable Totals totals) {
    /** Bounds the size of a head. Only a writer that restarts again and again before it puts a SUMMARY reaches it. */
    public static final int MAX_SINCE = 512;

    private static final String CHECKPOINT = "checkpoint";

    public ChainState {
        since = List.copyOf(since);
    }

    /**
     * Sums over all kept slots. Immutable.
     *
     * @param segments the number of segments
     * @param objectBytes of all segments as objects
     * @param fileBytes of all segments as files
     * @param attachments the number of attachments
     * @param attachmentBytes of all attachments as objects
     * @param gaps the number of gaps
     * @param epochs the number of epochs
     * @param kept the number of kept slots
     */
    public record Totals(
            long segments,
            long objectBytes,
            long fileBytes,
            long attachments,
            long attachmentBytes,
            long gaps,
            long epochs,
            long kept) {
        static final Totals NONE = new Totals(0, 0, 0, 0, 0, 0, 0, 0);

        /** Returns the sums with one more kept slot. */
        public Totals plus(Part part) {
            Segment segment = part instanceof Segment s ? s : null;
            Attachment attachment = part instanceof Attachment a ? a : null;
            return new Totals(
                    segments + (segment == null ? 0 : 1),
                    objectBytes + (segment == null ? 0 : segment.objectBytes()),
                    fileBytes + (segment == null ? 0 : segment.fileBytes()),
                    attachments + (attachment == null ? 0 : 1),
                    attachmentBytes + (attachment == null ? 0 : attachment.objectBytes()),
                    gaps + (part instanceof Gap ? 1 : 0),
                    epochs + (part instanceof Epoch ? 1 : 0),
                    kept + 1);
        }
    }

    /**
     * Returns the state in the next kept slot.
     *
     * @param kept the last kept slot; {@link SlotRef#NONE} if there is none
     * @param slot that slot; null if there is none
     * @param part the content of the next kept slot
     */
    public static ChainState after(SlotRef kept, @Nullable Slot slot, Part part) {
        if (slot == null) {
            return new ChainState(List.of(), SlotRef.NONE, SlotRef.NONE, 0, Totals.NONE.plus(part));
        }
        ChainState before = slot.chain();
        if (before == null) {
            return new ChainState(List.of(), SlotRef.NONE, SlotRef.NONE, 0, null);
        }
        boolean isSummary = slot.part() instanceof Summary;
        boolean isCheckpoint = slot.part() instanceof Attachment a && a.name().equals(CHECKPOINT);
        return new ChainState(
                isSummary ? List.of(kept) : extended(before.since, kept),
                isSummary ? kept : before.summary,
                isCheckpoint ? kept : before.checkpoint,
                isCheckpoint ? ((Attachment) slot.part()).sequence() : before.checkpointSequence,
                before.totals == null ? null : before.totals.plus(part));
    }

    private static List<SlotRef> extended(List<SlotRef> since, SlotRef kept) {
        List<SlotRef> longer = new ArrayList<>(since);
        longer.add(kept);
        return longer.size() > MAX_SINCE ? longer.subList(1, longer.size()) : longer;
    }
}
