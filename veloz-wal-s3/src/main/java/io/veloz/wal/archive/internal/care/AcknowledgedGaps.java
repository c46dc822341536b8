package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Gap;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The ranges of records whose loss an operator has acknowledged. A range covers the objects of segments only if it begins with
 * the first record of one and ends with the last record of one, so that it never hides other damage. Immutable.
 */
public final class AcknowledgedGaps {
    private final Collection<Gap> gaps;

    /** The first record that is not retired: a range that begins before it has only the rest. */
    private final long floor;

    public AcknowledgedGaps(CareState state) {
        this.gaps = state.gaps().values();
        this.floor = state.floor().cut().sequence();
    }

    /** A range, and the segments that together have exactly its records, apart from the retired ones. */
    public record Range(Gap gap, List<Segment> segments) {}

    /**
     * Returns the ranges of segments.
     *
     * @param segments in the order of their numbers
     */
    public List<Range> ranges(List<Segment> segments) {
        return gaps.stream()
                .map(gap -> new Range(gap, covered(gap, segments)))
                .filter(range -> !range.segments.isEmpty())
                .toList();
    }

    /**
     * Returns some segments of some ranges, each once and in the order of their numbers.
     *
     * @param segments in the order of their numbers
     */
    public List<Segment> segments(List<Segment> segments, Predicate<Range> which, Predicate<Segment> wanted) {
        Set<Segment> all = new HashSet<>();
        ranges(segments).stream().filter(which).forEach(range -> all.addAll(range.segments));
        return segments.stream().filter(wanted).filter(all::contains).toList();
    }

    /**
     * Returns the keys of the segments in the ranges that consist of lost segments only, and those of their parts.
     *
     * @param segments in the order of their numbers
     * @param isLost whether a segment is lost, or may be lost
     */
    public Set<String> keys(List<Segment> segments, Predicate<Segment> isLost) {
        Set<String> keys = new HashSet<>();
        for (Range range : ranges(segments)) {
            if (range.segments.stream().allMatch(isLost)) {
                range.segments.forEach(segment -> {
                    keys.add(segment.key());
                    keys.addAll(segment.objectKeys());
                });
            }
        }
        return keys;
    }

    /** Returns the segments that together have exactly the records of a range; none if there are no such segments. */
    private List<Segment> covered(Gap gap, List<Segment> segments) {
        List<Segment> covered = new ArrayList<>();
        long next = Math.max(gap.firstSequence(), floor);
        for (Segment segment : segments) {
            if (segment.firstSequence() == next && segment.lastSequence() <= gap.lastSequence()) {
                covered.add(segment);
                next = segment.lastSequence() + 1;
            }
        }
        return next == gap.lastSequence() + 1 ? covered : List.of();
    }
}
