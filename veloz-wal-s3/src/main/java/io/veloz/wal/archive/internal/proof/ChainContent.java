package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.LostRange;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys.SegmentKey;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Restated;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Checks that the slots of a chain are consistent, oldest first, and collects their segments, attachments and gaps. It
 * belongs to one thread.
 */
final class ChainContent {
    /** Upper limit of the compression ratio of LZ4. */
    private static final long MAX_COMPRESSION_RATIO = 256;

    private final String store;
    private final LogIdentity identity;
    private final TreeMap<Long, SlotSummary> kept = new TreeMap<>();
    private final List<Segment> segments = new ArrayList<>();
    private final Restatements restatements = new Restatements(segments);
    private final Map<String, Long> restated = new HashMap<>();
    private final List<Attachment> attachments = new ArrayList<>();
    private final List<Gap> declared = new ArrayList<>();
    private final List<LostRange> gaps = new ArrayList<>();
    private Archived archived = Archived.NOTHING;
    private long epoch;
    private long nextSegment;
    private long nextSequence;
    private boolean afterGap;
    private @Nullable Tail last;
    private Archived end = Archived.NOTHING;

    ChainContent(String store, LogIdentity identity) {
        this.store = store;
        this.identity = identity;
        this.nextSegment = identity.firstSegment();
        this.nextSequence = identity.firstSequence();
    }

    /** Adds a slot that is kept permanently. */
    void add(SlotSummary slot) throws BrokenProofException {
        boolean rises = slot.epoch == (slot.part instanceof Epoch ? epoch + 1 : epoch);
        check(rises, slot, "epoch " + slot.epoch + " after epoch " + epoch);
        check(!isBefore(slot.archived, archived), slot, slot.archived + " after " + archived);
        epoch = slot.epoch;
        kept.put(slot.number, slot);
        archived = slot.archived;
        if (slot.part instanceof Segment segment) {
            check(
                    segment.number() == nextSegment,
                    slot,
                    "segment " + segment.number() + "; expected segment " + nextSegment
                            + (segments.isEmpty() && declared.isEmpty() ? ", the first segment in log.json" : ""));
            checkSegment(slot, segment);
            join(slot, segment.firstSequence());
            segments.add(segment);
            nextSegment = segment.number() + 1;
            nextSequence = segment.lastSequence() + 1;
            end = new Archived(segment.number(), segment.fileBytes(), segment.lastSequence());
            check(
                    archived.segment() > segment.number() || archived.equals(end),
                    slot,
                    archived + "; the segment ends with " + end);
        } else if (slot.part instanceof Restated next) {
            checkSegment(slot, next.segment());
            String problem = restatements.add(next);
            check(problem.isEmpty(), slot, problem);
            restated.put(next.segment().key(), slot.number);
        } else if (slot.part instanceof Attachment attachment) {
            checkAttachment(slot, attachment);
            attachments.add(attachment);
        } else if (slot.part instanceof Gap gap) {
            check(
                    gap.firstSequence() <= gap.lastSequence(),
                    slot,
                    "records " + gap.firstSequence() + " to " + gap.lastSequence());
            check(gap.nextSegment() >= nextSegment, slot, "continues with segment " + gap.nextSegment());
            declared.add(gap);
            nextSegment = gap.nextSegment();
            afterGap = true;
            last = null;
        }
    }

    private void checkSegment(SlotSummary slot, Segment segment) throws BrokenProofException {
        String expected = ArchiveKeys.segment(identity.prefix(), segment.number(), slot.epoch);
        if (!segment.key().equals(expected)) {
            @Nullable SegmentKey key = ArchiveKeys.segmentKey(segment.key()).orElse(null);
            boolean otherPrefix = key != null
                    && segment.key().equals(ArchiveKeys.segment(key.prefix(), segment.number(), slot.epoch));
            String why = store + "/" + ArchiveKeys.slot(slot.number) + " commits " + segment.key() + "; expected "
                    + expected;
            if (otherPrefix) {
                throw new WalRestoreException(
                        WalRestoreException.Reason.OTHER_LOG,
                        ArchiveKeys.LOG,
                        -1,
                        -1,
                        why + ": prefix is " + identity.prefix()
                                + " in log.json; put log.json back from a version or a copy",
                        null);
            }
            check(false, slot, why);
        }
        long span = segment.lastSequence() - segment.firstSequence();
        check(
                span >= 0 && segment.records() <= span + 1,
                slot,
                segment.records() + " records from " + segment.firstSequence() + " to " + segment.lastSequence());
        check(
                segment.dataBytes() < segment.fileBytes()
                        && segment.fileBytes() / MAX_COMPRESSION_RATIO <= segment.objectBytes(),
                slot,
                segment.dataBytes() + " bytes of data in a file of " + segment.fileBytes() + " in an object of "
                        + segment.objectBytes());
        check(
                segment.minTimestampNanos() <= segment.maxTimestampNanos(),
                slot,
                "times from " + segment.minTimestampNanos() + " to " + segment.maxTimestampNanos());
    }

    private void checkAttachment(SlotSummary slot, Attachment attachment) throws BrokenProofException {
        boolean rightKey = attachment.name().equals("checkpoint")
                ? attachment.key().equals(ArchiveKeys.checkpoint(attachment.sequence(), slot.epoch))
                : attachment.key().startsWith(ArchiveKeys.ATTACHMENTS);
        check(rightKey, slot, "attaches " + attachment.key() + " as " + attachment.name());
        check(
                attachment.fileBytes() / MAX_COMPRESSION_RATIO <= attachment.objectBytes(),
                slot,
                "a file of " + attachment.fileBytes() + " bytes in an object of " + attachment.objectBytes());
    }

    /** Adds a tail after the last segment, or after the last segment before a gap. */
    void addTail(SlotSummary slot) throws BrokenProofException {
        Tail tail = (Tail) slot.part;
        Map.Entry<Long, SlotSummary> before = kept.floorEntry(slot.number);
        check(
                before != null && before.getValue().epoch == slot.epoch,
                slot,
                "a tail of epoch " + slot.epoch + (before == null ? "" : " in epoch " + before.getValue().epoch));
        check(
                before.getKey() == slot.keptNumber && slot.isKept(before.getValue()),
                slot,
                "references slot " + slot.keptNumber + " as kept; expected slot " + before.getKey());
        @Nullable Tail previous = last;
        boolean same = previous != null && previous.segment() == tail.segment();
        long position = previous != null && same ? previous.endPosition() : 0;
        long segment = previous == null ? nextSegment : previous.segment() + (same ? 0 : 1);
        check(
                tail.segment() == segment && tail.position() == position,
                slot,
                "segment " + tail.segment() + " at " + tail.position() + "; expected segment " + segment + " at "
                        + position);
        Archived reached = new Archived(tail.segment(), tail.endPosition(), tail.lastSequence());
        check(slot.archived.equals(reached), slot, slot.archived + "; the tail ends with " + reached);
        // A tail without records contains only bytes after the last record of a segment. Its last sequence is the one
        // before its first.
        check(
                tail.firstSequence() <= tail.lastSequence() + 1,
                slot,
                "records " + tail.firstSequence() + " to " + tail.lastSequence());
        join(slot, tail.firstSequence());
        nextSequence = tail.lastSequence() + 1;
        last = tail;
        end = reached;
    }

    private void join(SlotSummary slot, long first) throws BrokenProofException {
        if (first > nextSequence && afterGap) {
            String why = declared.stream()
                    .filter(gap -> gap.firstSequence() <= nextSequence && gap.lastSequence() >= first - 1)
                    .findFirst()
                    .map(gap -> "declared: " + gap.reason())
                    .orElse("not declared in full");
            gaps.add(new LostRange(nextSequence, first - 1, store, -1, why));
        } else {
            check(first == nextSequence, slot, "starts with record " + first + "; expected " + nextSequence);
        }
        afterGap = false;
    }

    /** Compares the archived position in the tip with the end of the last segment or tail. */
    void checkEnd(SlotSummary tip) throws BrokenProofException {
        if (afterGap) {
            Gap gap = declared.get(declared.size() - 1);
            if (gap.lastSequence() >= nextSequence) {
                gaps.add(new LostRange(nextSequence, gap.lastSequence(), store, -1, "declared: " + gap.reason()));
                end = new Archived(gap.nextSegment(), 0, gap.lastSequence());
            }
        }
        check(end.equals(tip.archived), tip, "states " + tip.archived + "; the archive ends with " + end);
    }

    private static boolean isBefore(Archived one, Archived other) {
        return one.segment() < other.segment()
                || one.sequence() < other.sequence()
                || (one.segment() == other.segment() && one.position() < other.position());
    }

    private void check(boolean isRight, SlotSummary slot, String why) throws BrokenProofException {
        if (!isRight) {
            String key = ArchiveKeys.slot(slot.number);
            throw new BrokenProofException(key, slot.number, nextSequence, false, store + "/" + key + ": " + why, null);
        }
    }

    /** Returns the segment with which the tails begin. */
    long nextSegment() {
        return nextSegment;
    }

    /** Returns the record after the last one of the segments, tails and gaps. */
    long nextSequence() {
        return afterGap
                ? Math.max(nextSequence, declared.get(declared.size() - 1).lastSequence() + 1)
                : nextSequence;
    }

    List<Segment> segments() {
        return segments;
    }

    /** Returns the keys of objects that later slots have replaced. They may be missing or damaged. */
    List<String> replaced() {
        return restatements.replaced();
    }

    /** Returns the slots that state a segment again, by the key of its object. */
    Map<String, Long> restated() {
        return restated;
    }

    List<Attachment> attachments() {
        return attachments;
    }

    List<LostRange> gaps() {
        return gaps;
    }
}
