package io.veloz.wal.archive;

import java.util.List;

/**
 * What {@link ArchiveIndex#update} has done. Immutable.
 *
 * @param segments the number of segments in the archive
 * @param made the number of segments that have an index now, and had none
 * @param merged the number of indexes of 64 segments that were made
 * @param bytes the size of the indexes that were made
 * @param findings the segments that could not be indexed, and the indexes that were damaged
 * @param cost what was read
 */
public record ArchiveIndexReport(
        long segments, long made, long merged, long bytes, List<String> findings, ArchiveReadCost cost) {}
