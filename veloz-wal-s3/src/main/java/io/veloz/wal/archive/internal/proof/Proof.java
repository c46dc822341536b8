package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.LostRange;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The content of an archive, proven slot by slot. Immutable.
 *
 * @param identity the identity of the log
 * @param tip the slot with which the proof starts; null if the archive has no slots
 * @param archived the end of the archive
 * @param segments the segments, in the order of their numbers
 * @param tails the contiguous tails after the last segment and before a gap, whose segments are not in the archive
 * @param attachments the attachments, in the order of their slots
 * @param gaps missing records between the first and the last one, declared or not
 * @param slots the number of slots that were read
 * @param strayCount the number of slots that are not part of the chain
 * @param strays the first of those
 * @param unusedFrom the first slot that was ignored because of damage; -1 if none
 */
public record Proof(
        LogIdentity identity,
        @Nullable Slot tip,
        Archived archived,
        List<Segment> segments,
        List<TailSlot> tails,
        List<Attachment> attachments,
        List<LostRange> gaps,
        long slots,
        long strayCount,
        List<Long> strays,
        long unusedFrom) {

    /** Returns the part that is not retired: as if the archive had begun with that segment. */
    public Proof from(Cut cut) {
        if (cut.segment() <= identity.firstSegment()) {
            return this;
        }
        LogIdentity begun = new LogIdentity(
                identity.logId(),
                identity.prefix(),
                identity.created(),
                cut.segment(),
                cut.sequence(),
                identity.text(),
                identity.origin());
        return new Proof(
                begun,
                tip,
                archived,
                segments.stream()
                        .filter(segment -> segment.number() >= cut.segment())
                        .toList(),
                tails.stream()
                        .filter(slot -> slot.tail().segment() >= cut.segment())
                        .toList(),
                attachments.stream()
                        .filter(attachment -> attachment.sequence() >= cut.sequence() - 1)
                        .toList(),
                gaps.stream()
                        .filter(gap -> gap.lastSequence() >= cut.sequence())
                        .toList(),
                slots,
                strayCount,
                strays,
                unusedFrom);
    }

    /** A tail and its slot. */
    public record TailSlot(long slot, String sha256, Tail tail) {}
}
