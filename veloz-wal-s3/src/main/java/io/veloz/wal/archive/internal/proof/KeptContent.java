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
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Holds what the slots of a chain say of the log against each other, oldest first. It belongs to one thread. */
final class KeptContent {
    /** No LZ4 block unpacks to more; and some bytes of a frame are always there. */
    private static final long MOST_TIMES_COMPRESSED = 256;

    private final String store;
    private final LogIdentity identity;
    private final TreeMap<Long, Entry> kept = new TreeMap<>();
    private final List<Segment> segments = new ArrayList<>();
    private final List<Attachment> attachments = new ArrayList<>();
    private final List<Gap> declared = new ArrayList<>();
    private final List<LostRange> gaps = new ArrayList<>();
    private Archived archived = Archived.NOTHING;
    private long epoch;
    private long nextSegment;
    private long nextSequence;
    private boolean behindGap;
    private @Nullable Tail last;
    private Archived end = Archived.NOTHING;

    KeptContent(String store, LogIdentity identity) {
        this.store = store;
        this.identity = identity;
        this.nextSegment = identity.firstSegment();
        this.nextSequence = identity.firstSequence();
    }

    /** Adds a slot that is never deleted. */
    void add(Entry entry) throws BrokenProofException {
        boolean rises = entry.epoch == (entry.part instanceof Epoch ? epoch + 1 : epoch);
        check(rises, entry, "epoch " + entry.epoch + " after epoch " + epoch);
        check(!isBefore(entry.archived, archived), entry, entry.archived + " after " + archived);
        epoch = entry.epoch;
        kept.put(entry.number, entry);
        archived = entry.archived;
        if (entry.part instanceof Segment segment) {
            check(
                    segment.number() == nextSegment,
                    entry,
                    "segment " + segment.number() + "; expected segment " + nextSegment
                            + (segments.isEmpty() && declared.isEmpty() ? ", with which log.json begins" : ""));
            checkSegment(entry, segment);
            join(entry, segment.firstSequence());
            segments.add(segment);
            nextSegment = segment.number() + 1;
            nextSequence = segment.lastSequence() + 1;
            end = new Archived(segment.number(), segment.fileBytes(), segment.lastSequence());
            check(
                    archived.segment() > segment.number() || archived.equals(end),
                    entry,
                    archived + "; the segment ends with " + end);
        } else if (entry.part instanceof Attachment attachment) {
            checkAttachment(entry, attachment);
            attachments.add(attachment);
        } else if (entry.part instanceof Gap gap) {
            check(
                    gap.firstSequence() <= gap.lastSequence(),
                    entry,
                    "records " + gap.firstSequence() + " to " + gap.lastSequence());
            check(gap.nextSegment() >= nextSegment, entry, "goes on with segment " + gap.nextSegment());
            declared.add(gap);
            nextSegment = gap.nextSegment();
            behindGap = true;
            last = null;
        }
    }

    private void checkSegment(Entry entry, Segment segment) throws BrokenProofException {
        String expected = ArchiveKeys.segment(identity.prefix(), segment.number(), entry.epoch);
        if (!segment.key().equals(expected)) {
            @Nullable SegmentKey key = ArchiveKeys.segmentKey(segment.key()).orElse(null);
            boolean otherPrefix = key != null
                    && segment.key().equals(ArchiveKeys.segment(key.prefix(), segment.number(), entry.epoch));
            String why = store + "/" + ArchiveKeys.slot(entry.number) + " commits " + segment.key() + "; expected "
                    + expected;
            if (otherPrefix) {
                throw new WalRestoreException(
                        WalRestoreException.Reason.OTHER_LOG,
                        ArchiveKeys.LOG,
                        -1,
                        -1,
                        why + ": prefix is " + identity.prefix()
                                + " in log.json; put log.json back, from a version or a" + " copy",
                        null);
            }
            check(false, entry, why);
        }
        long span = segment.lastSequence() - segment.firstSequence();
        check(
                span >= 0 && segment.records() <= span + 1,
                entry,
                segment.records() + " records from " + segment.firstSequence() + " to " + segment.lastSequence());
        check(
                segment.dataBytes() < segment.fileBytes()
                        && segment.fileBytes() / MOST_TIMES_COMPRESSED <= segment.objectBytes(),
                entry,
                segment.dataBytes() + " bytes of data in a file of " + segment.fileBytes() + " in an object of "
                        + segment.objectBytes());
        check(
                segment.minTimestampNanos() <= segment.maxTimestampNanos(),
                entry,
                "times from " + segment.minTimestampNanos() + " to " + segment.maxTimestampNanos());
    }

    private void checkAttachment(Entry entry, Attachment attachment) throws BrokenProofException {
        boolean rightKey = attachment.name().equals("checkpoint")
                ? attachment.key().equals(ArchiveKeys.checkpoint(attachment.sequence(), entry.epoch))
                : attachment.key().startsWith(ArchiveKeys.ATTACHMENTS);
        check(rightKey, entry, "attaches " + attachment.key() + " as " + attachment.name());
        check(
                attachment.fileBytes() / MOST_TIMES_COMPRESSED <= attachment.objectBytes(),
                entry,
                "a file of " + attachment.fileBytes() + " bytes in an object of " + attachment.objectBytes());
    }

    /** Adds a tail behind the last segment, or behind the last that will ever be there before a gap. */
    void addTail(Entry entry) throws BrokenProofException {
        Tail tail = (Tail) entry.part;
        Map.Entry<Long, Entry> before = kept.floorEntry(entry.number);
        check(
                before != null && before.getValue().epoch == entry.epoch,
                entry,
                "a tail of epoch " + entry.epoch + (before == null ? "" : " in epoch " + before.getValue().epoch));
        check(
                before.getKey() == entry.keptNumber && entry.isKept(before.getValue()),
                entry,
                "it names slot " + entry.keptNumber + " as kept; expected slot " + before.getKey());
        @Nullable Tail previous = last;
        boolean same = previous != null && previous.segment() == tail.segment();
        long position = previous != null && same ? previous.endPosition() : 0;
        long segment = previous == null ? nextSegment : previous.segment() + (same ? 0 : 1);
        check(
                tail.segment() == segment && tail.position() == position,
                entry,
                "segment " + tail.segment() + " at " + tail.position() + "; expected segment " + segment + " at "
                        + position);
        Archived reached = new Archived(tail.segment(), tail.endPosition(), tail.lastSequence());
        check(entry.archived.equals(reached), entry, entry.archived + "; the tail ends with " + reached);
        // A tail may hold only what follows the last record of a segment; it ends with the record before its first one.
        check(
                tail.firstSequence() <= tail.lastSequence() + 1,
                entry,
                "records " + tail.firstSequence() + " to " + tail.lastSequence());
        join(entry, tail.firstSequence());
        nextSequence = tail.lastSequence() + 1;
        last = tail;
        end = reached;
    }

    private void join(Entry entry, long first) throws BrokenProofException {
        if (first > nextSequence && behindGap) {
            String why = declared.stream()
                    .filter(gap -> gap.firstSequence() <= nextSequence && gap.lastSequence() >= first - 1)
                    .findFirst()
                    .map(gap -> "declared: " + gap.reason())
                    .orElse("not declared in full");
            gaps.add(new LostRange(nextSequence, first - 1, store, -1, why));
        } else {
            check(first == nextSequence, entry, "starts with record " + first + "; expected " + nextSequence);
        }
        behindGap = false;
    }

    /** Holds what the tip claims against what there is. */
    void checkEnd(Entry tip) throws BrokenProofException {
        if (behindGap) {
            Gap gap = declared.get(declared.size() - 1);
            if (gap.lastSequence() >= nextSequence) {
                gaps.add(new LostRange(nextSequence, gap.lastSequence(), store, -1, "declared: " + gap.reason()));
                end = new Archived(gap.nextSegment(), 0, gap.lastSequence());
            }
        }
        check(end.equals(tip.archived), tip, "claims " + tip.archived + "; there is " + end);
    }

    private static boolean isBefore(Archived one, Archived other) {
        return one.segment() < other.segment()
                || one.sequence() < other.sequence()
                || (one.segment() == other.segment() && one.position() < other.position());
    }

    private void check(boolean right, Entry entry, String why) throws BrokenProofException {
        if (!right) {
            String key = ArchiveKeys.slot(entry.number);
            throw new BrokenProofException(
                    key, entry.number, nextSequence, false, store + "/" + key + ": " + why, null);
        }
    }

    /** The one that the tails begin with. */
    long nextSegment() {
        return nextSegment;
    }

    List<Segment> segments() {
        return segments;
    }

    List<Attachment> attachments() {
        return attachments;
    }

    List<LostRange> gaps() {
        return gaps;
    }
}
