package io.veloz.wal.archive;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.internal.ship.Backoff;
import io.veloz.wal.archive.internal.ship.Shipping;
import io.veloz.wal.archive.internal.ship.Signal;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the thread that ships does: step after step, a flush every interval, and after a failure a pause. */
final class ShipLoop implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal.archive");

    private static final long BREATH_NANOS = 1_000_000_000;

    private final Shipping shipping;
    private final ShipperState state;
    private final Signal signal;
    private final Backoff backoff;
    private final long flushNanos;
    private long flushedAt;
    private boolean lastFlush;
    private volatile boolean ended;

    ShipLoop(ShipperConfig config, Shipping shipping, ShipperState state, Signal signal, Backoff backoff) {
        this.shipping = shipping;
        this.state = state;
        this.signal = signal;
        this.backoff = backoff;
        this.flushNanos = config.flushInterval().toNanos();
        this.flushedAt = System.nanoTime() - flushNanos;
    }

    boolean hasEnded() {
        return ended;
    }

    @Override
    public void run() {
        try {
            boolean goesOn = true;
            while (goesOn) {
                goesOn = survivingRound();
            }
        } finally {
            try {
                shipping.close();
            } finally {
                ended = true;
                state.ended();
            }
        }
    }

    /** Nothing but a fence, a refusal and a close ends shipping: a thread that dies would leave an archive that stands still. */
    private boolean survivingRound() {
        try {
            return round();
        } catch (RuntimeException | Error e) {
            // Not even told: memory is short, above all.
            return !signal.await(state::isOverdue, BREATH_NANOS);
        }
    }

    /** Returns false at the end. */
    private boolean round() {
        try {
            state.sample();
            flushIfDue();
            boolean more = shipping.advance();
            if (state.isInOffice()) {
                backoff.succeeded();
                state.succeeded();
            }
            return more ? !state.isOverdue() : rest();
        } catch (WalFencedException e) {
            LOG.error("shipping has ended: {}", e.getMessage());
            state.failed(e);
            return false;
        } catch (WalShippingRefusedException e) {
            LOG.error("shipping is refused: {}", e.getMessage());
            state.failed(e);
            return false;
        } catch (IOException | RuntimeException | Error e) {
            state.trouble(e);
            return pause(backoff.nanosAfter(e instanceof Exception failure ? failure : new IOException(e)));
        }
    }

    private void flushIfDue() {
        long now = System.nanoTime();
        boolean asked = state.takeFlushRequest();
        if (asked || (now - flushedAt >= flushNanos && state.mayBeDirty())) {
            flushedAt = now;
            shipping.flush();
        }
        if (state.isClosing() && !lastFlush) {
            lastFlush = true;
            shipping.flush();
        }
    }

    /** Nothing to do: waits for the next flush, for an upload's end, or for somebody who asks. */
    private boolean rest() {
        if (state.isClosing() && !shipping.awaitsUpload()) {
            return !lastFlush;
        }
        long left = flushNanos - (System.nanoTime() - flushedAt);
        signal.await(state::hasNews, Math.min(left > 0 ? left : flushNanos, shipping.nanosToUpload()));
        state.takeNews();
        return !state.isOverdue();
    }

    /** After a failure. The lag goes on being told. */
    private boolean pause(long nanos) {
        long end = System.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = end - System.nanoTime()) {
            if (state.isOverdue()) {
                return false;
            }
            long slice = Math.min(left, flushNanos);
            // A close does not end the pause, but cuts it short: a store that is slow today is asked once more.
            signal.await(state::isJustClosing, slice);
            state.sample();
            if (state.takeJustClosing()) {
                return true;
            }
        }
        return !state.isOverdue();
    }
}
