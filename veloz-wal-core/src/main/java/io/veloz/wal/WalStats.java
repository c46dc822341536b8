package io.veloz.wal;

import io.veloz.wal.internal.commit.CommitStats;
import io.veloz.wal.internal.commit.LogWriter;

/**
 * A snapshot of a log's counters since it was opened. Immutable. The numbers are taken one after the other while the log
 * goes on, so they may differ by a batch.
 *
 * @param lastSequence the last sequence that was given to a record
 * @param durableSequence the last sequence on disk
 * @param recordsWritten records handed to the operating system
 * @param bytesWritten with all framing
 * @param batches written
 * @param largestBatchRecords the most records in one batch
 * @param forces how often data was forced to disk
 * @param rolls how many segments were sealed
 * @param stalls how often commits had to wait for the next segment
 * @param stalledNanos how long in all
 * @param bufferedBytes claimed in the append buffer and not yet written
 * @param activeSegmentRoomBytes room left in the active segment
 * @param forceNanosP50 the median time of a force, over all since the open
 * @param forceNanosP99 99 of 100 were at most this long
 * @param forceNanosP999 999 of 1000 were at most this long
 * @param forceNanosMax the longest
 * @param corruptedRecords records that were found damaged or missing when the log was opened
 * @param diskFull whether there is no room for the next segment
 * @param failed whether the log has failed for good
 */
public record WalStats(
        long lastSequence,
        long durableSequence,
        long recordsWritten,
        long bytesWritten,
        long batches,
        long largestBatchRecords,
        long forces,
        long rolls,
        long stalls,
        long stalledNanos,
        long bufferedBytes,
        long activeSegmentRoomBytes,
        long forceNanosP50,
        long forceNanosP99,
        long forceNanosP999,
        long forceNanosMax,
        long corruptedRecords,
        boolean diskFull,
        boolean failed) {

    static WalStats of(LogWriter writer, RecoveryReport report) {
        CommitStats stats = writer.stats();
        long corrupted = 0;
        for (LostRange range : report.lost()) {
            corrupted += Math.max(1, range.lastSequence() - range.firstSequence() + 1);
        }
        return new WalStats(
                writer.lastSequence(),
                writer.durableSequence(),
                stats.records(),
                stats.bytes(),
                stats.batches(),
                stats.largestBatchRecords(),
                stats.forces(),
                stats.rolls(),
                stats.stalls(),
                stats.stalledNanos(),
                writer.bufferedBytes(),
                writer.activeRoomBytes(),
                stats.forceNanosAt(50),
                stats.forceNanosAt(99),
                stats.forceNanosAt(99.9),
                stats.forceNanosMax(),
                corrupted,
                writer.isDiskFull(),
                writer.hasFailed());
    }

    /** Records that have a sequence and are not on disk yet. */
    public long durableLag() {
        return Math.max(0, lastSequence - durableSequence);
    }
}
