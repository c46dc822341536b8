package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.LostRange;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Holds what the slots of a chain say of the log against each other, oldest first. It belongs to one thread. */
final class KeptContent {
    private final String store;
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
        this.nextSegment = identity.firstSegment();
        this.nextSequence = identity.firstSequence();
    }

    /** Adds a slot that is never deleted. */
    void add(Entry entry) throws BrokenProofException {
        boolean rises = entry.part instanceof Epoch ? entry.epoch > epoch : entry.epoch == epoch;
        check(rises, entry, "epoch " + entry.epoch + " behind epoch " + epoch);
        check(!isBefore(entry.archived, archived), entry, entry.archived + " behind " + archived);
        epoch = entry.epoch;
        archived = entry.archived;
        if (entry.part instanceof Segment segment) {
            check(
                    segment.number() == nextSegment,
                    entry,
                    "segment " + segment.number() + "; expected segment " + nextSegment);
            join(entry, segment.firstSequence());
            segments.add(segment);
            nextSegment = segment.number() + 1;
            nextSequence = segment.lastSequence() + 1;
            end = new Archived(segment.number(), segment.fileBytes(), segment.lastSequence());
        } else if (entry.part instanceof Attachment attachment) {
            attachments.add(attachment);
        } else if (entry.part instanceof Gap gap) {
            check(gap.nextSegment() >= nextSegment, entry, "goes on with segment " + gap.nextSegment());
            declared.add(gap);
            nextSegment = gap.nextSegment();
            behindGap = true;
            last = null;
        }
    }

    /** Adds a tail behind the last segment, or behind the last that will ever be there before a gap. */
    void addTail(Entry entry) throws BrokenProofException {
        Tail tail = (Tail) entry.part;
        @Nullable Tail before = last;
        boolean same = before != null && before.segment() == tail.segment();
        long position = before != null && same ? before.endPosition() : 0;
        long segment = before == null ? nextSegment : before.segment() + (same ? 0 : 1);
        check(
                tail.segment() == segment && tail.position() == position,
                entry,
                "segment " + tail.segment() + " at " + tail.position() + "; expected segment " + segment + " at "
                        + position);
        join(entry, tail.firstSequence());
        nextSequence = tail.lastSequence() + 1;
        last = tail;
        end = new Archived(tail.segment(), tail.endPosition(), tail.lastSequence());
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
