package io.veloz.wal.orders;

import io.veloz.wal.RecoveryReport;
import java.time.Duration;

/**
 * How an order log came back. Immutable.
 *
 * @param log what was found on disk
 * @param checkpointSequence the record up to which a checkpoint was used; 0 if none was
 * @param replayedRecords events replayed behind it
 * @param orders how many orders there are
 * @param took from the opened log to the full store
 */
public record OrderLogReport(
        RecoveryReport log, long checkpointSequence, long replayedRecords, int orders, Duration took) {}
