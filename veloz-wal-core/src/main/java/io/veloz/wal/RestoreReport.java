package io.veloz.wal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a restore has brought back. Immutable.
 *
 * @param plan what the archive held, and what was to be fetched
 * @param directory where the log is now
 * @param outcome how it got there
 * @param logId of the log that is there now; another one than the archive's if the result is a new log
 * @param firstSequence of its oldest record, -1 if there is none
 * @param lastSequence of its newest record, 0 if there has never been one
 * @param lastTimestampNanos of that record, in nanoseconds since 1970; 0 if there is none
 * @param records how many there are
 * @param bytes the size of its segments
 * @param fetchedBytes what was read from the store for it
 * @param reusedFiles how many files were whole already: of an earlier attempt, or of the log that was there
 * @param localAhead how many records the log that was there has beyond the archive, all of which are kept
 * @param keptDirectory where the files are of the log that was there before, if another one has taken its place
 * @param lost records that are known to be lost
 * @param notes what else a person should know
 * @param took by stage
 */
public record RestoreReport(
        RestorePlan plan,
        Path directory,
        Outcome outcome,
        String logId,
        long firstSequence,
        long lastSequence,
        long lastTimestampNanos,
        long records,
        long bytes,
        long fetchedBytes,
        int reusedFiles,
        long localAhead,
        Optional<Path> keptDirectory,
        List<LostRange> lost,
        List<String> notes,
        Map<RestoreProgress.Stage, Duration> took) {
    public RestoreReport {
        lost = List.copyOf(lost);
        notes = List.copyOf(notes);
        took = Map.copyOf(took);
    }

    /** How the log got where it is. */
    public enum Outcome {
        /** All of the archive, byte for byte: the same log, which may go on and ship into the same archive. */
        RESTORED,
        /** The records up to a point, or those that there are, in a new log. It cannot ship into the old archive. */
        COPIED,
        /** The log that was there and the archive together: the same log. */
        MERGED,
        /** The log that was there has all of it. Nothing was changed. */
        ALREADY_THERE
    }
}
