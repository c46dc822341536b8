package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.LostRange;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an archive holds, proven from slot to slot. Immutable.
 *
 * @param identity which log it is
 * @param tip the slot that the proof begins with; null if the archive has none
 * @param archived how far it reaches
 * @param segments in the order of their numbers
 * @param tails of segments that are not among those: behind the last, and before a gap; each joins the one before
 * @param attachments in the order of their slots
 * @param gaps records that are missing in between, declared or not
 * @param slots how many slots were read
 * @param strayCount slots that are there and do not count
 * @param strays the first of those
 * @param unusedFrom the slot from which on the archive is damaged and was not used, -1 if none
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

    /** A tail by its slot. */
    public record TailSlot(long slot, String sha256, Tail tail) {}
}
