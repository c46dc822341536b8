package io.veloz.wal.archive;

import io.veloz.wal.OutputGate;
import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The condition of a gate that publishes when records are archived. Thread-safe.
 *
 * <p>A record in a declared gap never passes, so the gate fails, and outputs of later records are discarded as well. {@link
 * WalShipper#awaitArchived} ships at once, and checks for a fence even if no record has to be shipped.
 */
record ArchivedRecords(WalShipper shipper, ShipperState state, Wal wal, Duration closeTimeout, String describe)
        implements OutputGate.Source {
    @Override
    public long lastSequence() {
        return wal.lastSequence();
    }

    @Override
    public boolean awaitPassed(long sequence, Duration timeout) {
        @Nullable WalException failure = state.failure();
        if (failure != null) {
            // First, so that nothing is published after a fence was detected, even if the record was archived before
            // it.
            throw failure;
        }
        // Sequence 0 stands for the beginning of the log. The shipper would read the whole chain to search for gaps
        // from there.
        if (sequence == 0 || shipper.awaitArchived(sequence, timeout)) {
            return true;
        }
        if (state.hasReached(sequence) && state.isInGap(sequence)) {
            throw new WalShippingRefusedException(
                    Reason.TRIMMED_AHEAD,
                    "record " + sequence + " will never be archived: it is in a gap of the archive, or before its"
                            + " beginning, so its output cannot be published; restart the engine, and reconcile the"
                            + " records of the gap");
        }
        return false;
    }

    @Override
    public Duration roomTimeout() {
        return wal.config().bufferFullTimeout();
    }
}
