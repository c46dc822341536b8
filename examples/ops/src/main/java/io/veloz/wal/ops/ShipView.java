package io.veloz.wal.ops;

import io.veloz.wal.archive.ShipperStatus;
import java.time.Duration;

/**
 * How shipping goes beside a writer in another process: the shipper does not know how far that one is. Immutable.
 *
 * @param durableSequence the last durable record, when the log was last looked at
 * @param lag for how long there has been something to ship, as far as that was looked at
 */
record ShipView(ShipperStatus status, long durableSequence, Duration lag) {
    long lagRecords() {
        return Math.max(0, durableSequence - status.archivedSequence());
    }
}
