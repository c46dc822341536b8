package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.LostRange;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.restore.RestoreOptions;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of a proven archive that a restore fetches. Immutable.
 *
 * @param gaps that begin up to the requested point
 * @param lastSequence the last record of the selection
 */
record RestoreSelection(List<Segment> segments, List<TailSlot> tails, List<LostRange> gaps, long lastSequence) {
    static RestoreSelection of(Proof proof, RestoreOptions options) {
        List<Segment> segments = new ArrayList<>();
        long until = options.untilSequence();
        for (Segment segment : proof.segments()) {
            if (segment.firstSequence() > until) {
                break;
            }
            segments.add(segment);
            if (segment.maxTimestampNanos() > options.untilTimeNanos()) {
                // The log ends before its first later record, so no later segment is needed.
                until = Math.min(until, segment.lastSequence());
                break;
            }
        }
        List<TailSlot> tails = new ArrayList<>();
        for (TailSlot tail : proof.tails()) {
            if (tail.tail().firstSequence() <= until) {
                tails.add(tail);
            }
        }
        long last = segments.isEmpty() ? 0 : segments.get(segments.size() - 1).lastSequence();
        if (!tails.isEmpty()) {
            last = Math.max(last, tails.get(tails.size() - 1).tail().lastSequence());
        }
        // Up to the point and not to the last available record: the point itself may be in a gap.
        long end = Math.max(last, until);
        List<LostRange> gaps =
                proof.gaps().stream().filter(gap -> gap.firstSequence() <= end).toList();
        return new RestoreSelection(
                List.copyOf(segments), List.copyOf(tails), gaps, Math.min(last, options.untilSequence()));
    }

    /** Returns whether records are missing in the selection. */
    boolean isLossy() {
        return !gaps.isEmpty();
    }

    List<List<TailSlot>> tailsBySegment() {
        return bySegment(tails);
    }

    static List<List<TailSlot>> bySegment(List<TailSlot> tails) {
        List<List<TailSlot>> groups = new ArrayList<>();
        long segment = -1;
        for (TailSlot tail : tails) {
            if (tail.tail().segment() != segment) {
                groups.add(new ArrayList<>());
                segment = tail.tail().segment();
            }
            groups.get(groups.size() - 1).add(tail);
        }
        return groups;
    }

    long segmentBytes() {
        return segments.stream().mapToLong(Segment::fileBytes).sum();
    }

    long tailBytes() {
        return tails.stream()
                .mapToLong(tail -> tail.tail().endPosition() - tail.tail().position())
                .sum();
    }
}
