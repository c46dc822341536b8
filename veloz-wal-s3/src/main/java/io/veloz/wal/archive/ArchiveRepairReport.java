package io.veloz.wal.archive;

import io.veloz.wal.archive.ArchiveReport.Problem;
import java.util.List;

/**
 * The result of a repair. Immutable.
 *
 * @param repaired the files or objects that were replaced or put again
 * @param untouched those that are damaged or missing still, with the reason
 * @param notes further remarks for the operator
 */
public record ArchiveRepairReport(List<Repaired> repaired, List<Problem> untouched, List<String> notes) {
    public ArchiveRepairReport {
        repaired = List.copyOf(repaired);
        untouched = List.copyOf(untouched);
        notes = List.copyOf(notes);
    }

    /** Why a file or an object was repaired. */
    public enum Cause {
        /** It was damaged. */
        DAMAGED,
        /** It was missing. */
        MISSING,
        /** The log had the archived records in another file, as after a failover and back. */
        OTHER_FILE
    }

    /**
     * A file or an object that was repaired.
     *
     * @param name the name of the file, or the key of the object
     * @param firstSequence the first record in it; -1 if it has none
     * @param lastSequence the last record in it; -1 if it has none
     * @param other the name under which the previous file is kept, or the key of the object that replaces this one; empty if
     *     there is none
     */
    public record Repaired(String name, long firstSequence, long lastSequence, Cause cause, String other) {}

    /** Returns whether nothing is damaged or missing after the repair. */
    public boolean isComplete() {
        return untouched.isEmpty();
    }
}
