package io.veloz.wal.archive;

import io.veloz.wal.LostRange;
import io.veloz.wal.archive.internal.format.CareState.Gap;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The result of a verification. Immutable. */
public final class ArchiveReport {
    private final ArchiveStatus status;
    private final long objects;
    private final long bytesRead;
    private final List<Problem> problems;
    private final List<String> orphans;
    private final boolean full;
    private final Duration took;
    private final long skippedSegments;
    private final List<LostRange> unacknowledged;
    private final List<Problem> acknowledgedProblems;
    private final @Nullable Replay replay;

    ArchiveReport(
            ArchiveStatus status,
            long objects,
            long bytesRead,
            List<Problem> problems,
            List<String> orphans,
            boolean full,
            Duration took,
            long skippedSegments,
            Collection<Gap> acknowledged,
            List<Problem> acknowledgedProblems,
            @Nullable Replay replay) {
        this.acknowledgedProblems = List.copyOf(acknowledgedProblems);
        this.replay = replay;
        this.skippedSegments = skippedSegments;
        this.unacknowledged = status.gaps().stream()
                .filter(gap -> acknowledged.stream()
                        .noneMatch(known -> known.firstSequence() == gap.firstSequence()
                                && known.lastSequence() == gap.lastSequence()))
                .toList();
        this.status = status;
        this.objects = objects;
        this.bytesRead = bytesRead;
        this.problems = List.copyOf(problems);
        this.orphans = List.copyOf(orphans);
        this.full = full;
        this.took = took;
    }

    /**
     * An object that is damaged or missing.
     *
     * @param key relative to the archive
     * @param firstSequence first affected record; -1 if no record is affected
     * @param lastSequence last affected record; -1 if no record is affected
     * @param reason the found and the expected value
     */
    public record Problem(String key, long firstSequence, long lastSequence, String reason) {}

    /**
     * What a verification at level {@link ArchiveVerifyOptions.Level#REPLAY} has replayed.
     *
     * @param firstSequence the first record
     * @param lastSequence the last record; lower than the first one if there is none
     * @param records the number of records that belong to the state
     * @param checkpoints the number of checkpoints that were compared with the state
     * @param otherTypes the number of records that do not belong to the state, by their type; -1 for the types that are not listed
     * @param notes what an operator should know although nothing is damaged
     */
    public record Replay(
            long firstSequence,
            long lastSequence,
            long records,
            long checkpoints,
            Map<Integer, Long> otherTypes,
            List<String> notes) {
        /** Copies the collections. */
        public Replay {
            otherTypes = Collections.unmodifiableSortedMap(new TreeMap<>(otherTypes));
            notes = List.copyOf(notes);
        }

        /** Returns whether the log has records, and none of them belongs to the state: the replay has verified nothing. */
        public boolean isForeign() {
            return records == 0 && checkpoints == 0 && !otherTypes.isEmpty();
        }
    }

    /**
     * Returns whether all records can be restored that are not retired, apart from missing ranges that an operator has
     * acknowledged.
     */
    public boolean isSound() {
        return problems.isEmpty() && unacknowledged.isEmpty();
    }

    /** Returns the missing ranges of records that are not acknowledged. */
    public List<LostRange> unacknowledgedGaps() {
        return unacknowledged;
    }

    /**
     * Returns the number of segments whose content was not read: an earlier verification has read them, or they are not in the
     * sample.
     */
    public long skippedSegments() {
        return skippedSegments;
    }

    /** Returns the content of the archive. */
    public ArchiveStatus status() {
        return status;
    }

    /** Returns the number of objects that were checked. */
    public long objects() {
        return objects;
    }

    /** Returns the number of bytes of objects that were read. */
    public long bytesRead() {
        return bytesRead;
    }

    /** Returns the objects that are damaged or missing, apart from the acknowledged ones. */
    public List<Problem> problems() {
        return problems;
    }

    /**
     * Returns the objects that are damaged or missing, and whose records an operator has acknowledged as lost; see {@link
     * ArchiveVerifier#acknowledge}. A restore of these records requires to accept gaps.
     */
    public List<Problem> acknowledgedProblems() {
        return acknowledgedProblems;
    }

    /** Returns the keys of the objects that no slot names, which are harmless. */
    public List<String> orphans() {
        return orphans;
    }

    /** Returns whether the content of the objects was read. */
    public boolean full() {
        return full;
    }

    /** Returns what was replayed; empty below level {@link ArchiveVerifyOptions.Level#REPLAY}. */
    public Optional<Replay> replay() {
        return Optional.ofNullable(replay);
    }

    /** Returns the duration of the verification. */
    public Duration took() {
        return took;
    }

    /** Returns the values in one line, for logs and incident reports. The format may change. */
    @Override
    public String toString() {
        return (isSound() ? "sound" : "unsound") + " after " + (full ? "full" : "quick") + " verification of "
                + objects + " objects (" + bytesRead + " bytes read) in " + took + ", problems " + problems
                + ", acknowledged " + acknowledgedProblems
                + ", orphans " + orphans + (replay == null ? "" : ", " + replay) + ", " + status;
    }
}
