package io.veloz.wal.archive;

import java.util.List;

/**
 * The result of a fill. Immutable.
 *
 * @param outcome how it has ended
 * @param filledSegments the number of segments that were added
 * @param reusedFiles how many of them an earlier run had fetched
 * @param fetchedBytes read from the store
 * @param firstSequence the first record of the log now; 0 if no fill was pending
 * @param leftSegments the number of segments that a further run can add
 * @param leftObjectBytes their size in the store
 * @param notes for the operator
 */
public record ArchiveFillReport(
        Outcome outcome,
        long filledSegments,
        int reusedFiles,
        long fetchedBytes,
        long firstSequence,
        long leftSegments,
        long leftObjectBytes,
        List<String> notes) {
    /** How a fill has ended. */
    public enum Outcome {
        /** No fill was pending: the log was restored as a whole, or an earlier fill has ended. */
        NOT_PENDING,
        /** The log has all segments that a restore had left in the archive. */
        COMPLETE,
        /** A trim of the log has ended the fill. What was trimmed is not filled in again. */
        TRIMMED,
        /** Retention has removed older segments from the archive. */
        RETIRED,
        /**
         * The next older segment is damaged or missing, and its loss is acknowledged ({@link ArchiveVerifier#acknowledge}). The log
         * begins after it; earlier records stay in the archive only.
         */
        LOST,
        /** The fill was closed, or the log was. The next fill continues. */
        STOPPED
    }

    /** Creates a report. */
    public ArchiveFillReport {
        notes = List.copyOf(notes);
    }
}
