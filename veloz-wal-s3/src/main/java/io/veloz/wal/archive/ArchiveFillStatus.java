package io.veloz.wal.archive;

/**
 * A fill that is pending: a restored log begins with a later record than its archive. Immutable.
 *
 * @param archive the URI of the archive, without secrets
 * @param firstSequence the first record of the log now
 * @param oldestSequence the first record of the log when the fill is complete
 * @param leftSegments the number of segments that are still in the archive only
 */
public record ArchiveFillStatus(String archive, long firstSequence, long oldestSequence, long leftSegments) {}
