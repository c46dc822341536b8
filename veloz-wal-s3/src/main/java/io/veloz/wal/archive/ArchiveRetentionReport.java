package io.veloz.wal.archive;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What retention has planned or deleted. Immutable.
 *
 * @param outcome the result
 * @param plan the number of the care record with the plan; 0 if there is none
 * @param firstSequence the first record that stays, or will stay; 0 if nothing was ever planned
 * @param segments the number of segments that go
 * @param objects the number of objects that go
 * @param bytes the sum of their sizes
 * @param firstTimeNanos the time of the earliest record that goes, in nanoseconds since 1970; 0 if none goes
 * @param lastTimeNanos the time of the latest record that goes; 0 if none goes
 * @param due when the plan may be applied; empty if there is no open plan
 * @param limits what keeps the records that stay, the narrowest limit first
 * @param findings needs that cannot be kept, as some of their records are retired already
 */
public record ArchiveRetentionReport(
        Outcome outcome,
        long plan,
        long firstSequence,
        long segments,
        long objects,
        long bytes,
        long firstTimeNanos,
        long lastTimeNanos,
        Optional<Instant> due,
        List<Limit> limits,
        List<String> findings) {

    /** The result of a call. */
    public enum Outcome {
        /** Nothing may go. */
        NOTHING,
        /** A plan is open, and its grace has not ended. */
        PLANNED,
        /** A plan is open, and may be applied. */
        DUE,
        /** The objects of the plan are deleted. */
        DELETED,
        /** The plan was closed without a deletion, as nothing of it may go any more. */
        CLOSED,
        /** A deletion was begun and is not complete. Apply completes it. */
        DELETING
    }

    /**
     * Something that keeps records.
     *
     * @param what names it
     * @param firstSequence the first record that it keeps
     */
    public record Limit(String what, long firstSequence) {}

    public ArchiveRetentionReport {
        limits = List.copyOf(limits);
        findings = List.copyOf(findings);
    }
}
