package io.veloz.wal.ops;

import io.veloz.wal.archive.ShipperStatus;
import java.time.Duration;

/**
 * The status of a shipper, with the end of the log as last read: another process may write the log. Immutable.
 *
 * @param durableSequence the last durable record when the log was last read
 * @param lag for how long the archive has lagged behind the log
 */
record ShipView(ShipperStatus status, long durableSequence, Duration lag) {
    long lagRecords() {
        return Math.max(0, durableSequence - status.archivedSequence());
    }
}
