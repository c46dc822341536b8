package io.veloz.wal;

import java.util.List;

/**
 * What a trim did. Immutable.
 *
 * @param deletedSegments the names of the files that were deleted
 * @param deletedBytes their size
 * @param firstSequence the oldest record that is still there; the next one if there is none
 * @param heldBackBy the guard that holds back the oldest segment which was kept, and up to which sequence it lets go
 */
public record TrimReport(List<String> deletedSegments, long deletedBytes, long firstSequence, String heldBackBy) {
    public TrimReport {
        deletedSegments = List.copyOf(deletedSegments);
    }
}
