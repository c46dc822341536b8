package io.veloz.wal.archive;

import io.veloz.wal.OutputGate;
import io.veloz.wal.Wal;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import java.time.Duration;

/**
 * The condition of a gate that publishes when records are archived. Thread-safe.
 *
 * <p>A record in a declared gap never passes, so the gate fails, and outputs of later records are discarded as well. {@link
 * WalShipper#awaitArchived} ships at once, and detects a fence even if no record has to be shipped.
 */
record ArchivedRecords(WalShipper shipper, ShipperState state, Wal wal, Duration closeTimeout, String describe)
        implements OutputGate.Source {
    @Override
    public long lastSequence() {
        return wal.lastSequence();
    }

    @Override
    public long awaitPassed(long sequence, Duration timeout) {
        if (shipper.awaitArchived(sequence, timeout)) {
            return state.archivedWithoutGap(sequence);
        }
        if (state.hasReached(sequence) && state.isInGap(sequence)) {
            throw new WalShippingRefusedException(
                    Reason.TRIMMED_AHEAD,
                    "record " + sequence + " will never be archived: it is in a gap of the archive, or before its"
                            + " beginning, so its output cannot be published; restart the engine, and reconcile the"
                            + " records of the gap");
        }
        return sequence - 1;
    }

    @Override
    public Duration roomTimeout() {
        return wal.config().bufferFullTimeout();
    }
}
