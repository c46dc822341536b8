package io.veloz.wal;

import java.util.List;

/**
 * The result of a trim. Immutable.
 *
 * @param deletedSegments the names of the deleted files
 * @param deletedBytes the total size of the deleted files
 * @param firstSequence the oldest record of the log now; the next sequence if there is no record
 * @param heldBackBy the guard that keeps the oldest remaining sealed segment, and the sequence that it has released
 */
public record TrimReport(List<String> deletedSegments, long deletedBytes, long firstSequence, String heldBackBy) {
    public TrimReport {
        deletedSegments = List.copyOf(deletedSegments);
    }
}
