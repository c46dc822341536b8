package io.veloz.wal.spi;

import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalReader;
import io.veloz.wal.storage.Storage;

/**
 * A read-only storage that states the segments of its log, such as an archive. Without a writer.
 *
 * <p>A {@link WalReader} of such a log does not analyse it: it opens the segment with the first requested record and reads
 * on from there, so its cost does not depend on the number of segments. It still verifies every record that it returns, that
 * each segment continues where the one before it ended, that the first one starts with the record in the report, and that
 * the log does not end before the last one.
 */
public interface ReportedStorage extends Storage {
    /**
     * Returns the segments in the order of their numbers, with their records. A segment that is {@link
     * io.veloz.wal.SegmentReport.Verdict#SEALED} also has the times of its records; those of other segments are not used.
     */
    RecoveryReport report();

    /** Returns the exception for damage that a reader has found: the same with the place and the next step. */
    WalCorruptException explain(WalCorruptException damage);
}
