package io.veloz.wal.archive.internal.format;

import java.time.Instant;
import java.util.Collections;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The whole state of the care of an archive, as each care record states it. Immutable.
 *
 * <p>The transitions keep these invariants, and a record that violates one of them is damaged:
 *
 * <ul>
 *   <li>The floor never falls. Only objects below it are deleted, so a delayed delete hits only objects below it.
 *   <li>The floor rises only up to the cut of an open plan, and never above a hold.
 *   <li>A hold is never below the floor.
 * </ul>
 *
 * @param floor where the objects begin that are not retired
 * @param plan the open plan; null if there is none
 * @param delete the DELETE whose objects may not all be deleted yet: its number is that of the floor; 0 if there is none
 * @param holds by the numbers of the records that put them
 * @param verified the marks by level
 * @param gaps the missing ranges that an operator has acknowledged, by their first record
 * @param damaged the number of the last VERIFIED that has found damage; 0 if there is none
 */
public record CareState(
        Floor floor,
        @Nullable Plan plan,
        long delete,
        SortedMap<Long, Hold> holds,
        SortedMap<String, Mark> verified,
        SortedMap<Long, Gap> gaps,
        long damaged) {
    /** Limits of one record, so that every state fits into a head. */
    public static final int MAX_HOLDS = 128;

    public static final int MAX_GAPS = 256;
    public static final int MAX_TEXT_CHARS = 128;
    private static final long MAX_FIRST = 999_999_999_999_999_999L;

    /** The state of an archive without care records. */
    public static final CareState NONE =
            new CareState(Floor.NONE, null, 0, new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), 0);

    /** A segment and its first record: what is before them may go, and what begins with them stays. */
    public record Cut(long segment, long sequence) {
        /** Returns whether the object of a segment or a checkpoint is not needed by what begins here. */
        public boolean isAbove(String key) {
            long checkpoint = ArchiveKeys.checkpointSequence(key);
            return checkpoint >= 0
                    ? checkpoint < sequence - 1
                    : ArchiveKeys.segmentKey(key)
                            .filter(found -> found.number() < segment)
                            .isPresent();
        }
    }

    /**
     * Where the objects begin that are not retired.
     *
     * @param record the number of the DELETE that has raised it
     * @param cut the first segment that is not retired
     * @param segments the number of retired segments
     * @param objectBytes the sum of their objects
     * @param fileBytes the sum of their files
     * @param minTimestampNanos the earliest timestamp in the first segment that is not retired
     */
    public record Floor(long record, Cut cut, long segments, long objectBytes, long fileBytes, long minTimestampNanos) {
        /** Nothing is retired. */
        public static final Floor NONE = new Floor(0, new Cut(0, 0), 0, 0, 0, 0);

        /** Returns whether anything is retired. */
        public boolean isRaised() {
            return record > 0;
        }
    }

    /**
     * What a janitor intends to retire.
     *
     * @param record the number of the PLAN
     * @param keys the number of objects
     * @param bytes the sum of their sizes
     * @param keysSha256 of the keys in their order, each followed by a line feed
     * @param due the end of the grace, by the clock of the janitor that planned it
     */
    public record Plan(long record, Cut cut, long keys, long bytes, String keysSha256, Instant due) {}

    /**
     * Keeps all records from one on.
     *
     * @param sequence the first record that stays
     * @param reason informational
     */
    public record Hold(long sequence, String reason, String host, Instant made) {}

    /**
     * A range of segments that was verified.
     *
     * @param firstSegment the first one
     * @param last the last one, with its last record
     * @param checkpoint all checkpoints up to that record were verified; 0 if there is none
     * @param since when the verification of the oldest part began
     * @param checked when the last part was verified
     * @param slot the last slot then: what later slots state again was not verified; 0 if it is not known
     */
    public record Mark(long firstSegment, Cut last, long checkpoint, Instant since, Instant checked, long slot) {}

    /** Missing records, acknowledged by an operator. */
    public record Gap(long firstSequence, long lastSequence) {
        public Gap {
            require(
                    firstSequence >= 1 && firstSequence <= MAX_FIRST && lastSequence >= firstSequence,
                    "a gap of records " + firstSequence + " to " + lastSequence + "; expected a first one from 1 to "
                            + MAX_FIRST + ", and a last one that is not before it");
        }
    }

    public CareState {
        holds = Collections.unmodifiableSortedMap(new TreeMap<>(holds));
        verified = Collections.unmodifiableSortedMap(new TreeMap<>(verified));
        gaps = Collections.unmodifiableSortedMap(new TreeMap<>(gaps));
        Cut cut = floor.cut;
        require(
                plan == null || isAbove(plan.cut, cut) || (delete > 0 && plan.cut.equals(cut)),
                "a plan below the floor");
        require(
                delete == 0 || (delete == floor.record && plan != null),
                "a DELETE that is not of the floor and a plan");
        require(holds.values().stream().allMatch(hold -> hold.sequence >= cut.sequence), "a hold below the floor");
        require(holds.size() <= MAX_HOLDS, "more than " + MAX_HOLDS + " holds");
        require(gaps.size() <= MAX_GAPS, "more than " + MAX_GAPS + " acknowledged gaps");
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new IllegalArgumentException("the state of the care has " + what);
        }
    }

    private static boolean isAbove(Cut one, Cut other) {
        return one.segment > other.segment && one.sequence > other.sequence;
    }

    // ---- questions

    /** Returns whether the records from one on stay, whatever any janitor does. False if an open plan may retire one of them. */
    public boolean keepsFrom(long sequence) {
        return floor.cut.sequence <= sequence && (plan == null || plan.cut.sequence <= sequence);
    }

    /** Returns the first record that a hold keeps; {@code Long.MAX_VALUE} if there is no hold. */
    public long heldFrom() {
        return holds.values().stream().mapToLong(Hold::sequence).min().orElse(Long.MAX_VALUE);
    }

    // ---- transitions

    /** Returns the state of a PLAN. */
    public CareState planned(Plan next) {
        require(plan == null && delete == 0, "two plans");
        return new CareState(floor, next, 0, holds, verified, gaps, damaged);
    }

    /** Returns the state of a DELETE, which raises the floor up to the cut of the open plan at most. */
    public CareState deleted(Floor next) {
        @Nullable Plan open = plan;
        if (open == null || delete != 0) {
            throw new IllegalArgumentException("the state of the care has a DELETE without a plan");
        }
        require(open.cut.equals(next.cut) || isAbove(open.cut, next.cut), "a floor above its plan");
        require(isAbove(next.cut, floor.cut), "a floor that does not rise");
        require(next.cut.sequence <= heldFrom(), "a floor above a hold");
        return new CareState(next, plan, next.record, holds, verified, gaps, damaged);
    }

    /** Returns the state of a DONE, which closes the plan and the DELETE. */
    public CareState done() {
        require(plan != null, "a DONE without a plan");
        return new CareState(floor, null, 0, holds, verified, gaps, damaged);
    }

    /** Returns the state of a HOLD. */
    public CareState holding(long record, Hold hold) {
        TreeMap<Long, Hold> more = new TreeMap<>(holds);
        more.put(record, hold);
        return new CareState(floor, plan, delete, more, verified, gaps, damaged);
    }

    /** Returns the state of a RELEASE. */
    public CareState releasing(long record) {
        TreeMap<Long, Hold> fewer = new TreeMap<>(holds);
        require(fewer.remove(record) != null, "no hold " + record);
        return new CareState(floor, plan, delete, fewer, verified, gaps, damaged);
    }

    /** Returns the state of a VERIFIED with a new mark of a level. */
    public CareState verified(String level, Mark mark) {
        TreeMap<String, Mark> marks = new TreeMap<>(verified);
        marks.put(level, mark);
        return new CareState(floor, plan, delete, holds, marks, gaps, damaged);
    }

    /** Returns the state of the VERIFIED with that number, which has found damage: the level has no mark any more. */
    public CareState unverified(long record, String level) {
        TreeMap<String, Mark> marks = new TreeMap<>(verified);
        marks.remove(level);
        return new CareState(floor, plan, delete, holds, marks, gaps, record);
    }

    /** Returns the state after a range of missing records was acknowledged. */
    public CareState acknowledging(Gap gap) {
        TreeMap<Long, Gap> more = new TreeMap<>(gaps);
        more.put(gap.firstSequence, gap);
        return new CareState(floor, plan, delete, holds, verified, more, damaged);
    }

    /** Returns the state without the acknowledgement of ranges whose records are in the archive. */
    public CareState withdrawing(Set<Gap> found) {
        TreeMap<Long, Gap> fewer = new TreeMap<>(gaps);
        fewer.values().removeAll(found);
        return new CareState(floor, plan, delete, holds, verified, fewer, damaged);
    }
}
