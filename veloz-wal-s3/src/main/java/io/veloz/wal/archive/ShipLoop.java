package io.veloz.wal.archive;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.internal.ship.Backoff;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.internal.ship.Reached.Job;
import io.veloz.wal.archive.internal.ship.Shipping;
import io.veloz.wal.archive.internal.ship.Signal;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the thread that ships does: step after step, a flush every interval, and after a failure a pause. The pauses grow
 * until a slot is stored: what succeeds in between, such as reading what became of a put, does not shorten them.
 */
final class ShipLoop implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal.archive");

    private static final long BREATH_NANOS = 1_000_000_000;

    private final LocalLog log;
    private final Shipping shipping;
    private final ShipperState state;
    private final Signal signal;
    private final Backoff backoff;
    private final long flushNanos;
    private long flushedAt;
    private boolean lastFlush;
    private final Runnable onEnd;

    /** @param onEnd called when shipping has ended, before anyone who waits for it learns that */
    ShipLoop(
            ShipperConfig config,
            LocalLog log,
            Shipping shipping,
            ShipperState state,
            Signal signal,
            Backoff backoff,
            Runnable onEnd) {
        this.log = log;
        this.onEnd = onEnd;
        this.shipping = shipping;
        this.state = state;
        this.signal = signal;
        this.backoff = backoff;
        this.flushNanos = config.flushInterval().toNanos();
        this.flushedAt = signal.nanoTime() - flushNanos;
    }

    @Override
    public void run() {
        try {
            boolean goesOn = true;
            while (goesOn) {
                goesOn = survivingRound();
            }
        } finally {
            end();
        }
    }

    private void end() {
        try {
            // How far the log is now decides what the last status calls left.
            state.sample(true);
            shipping.close();
            log.closeEnd();
            onEnd.run();
        } catch (RuntimeException e) {
            LOG.warn("closing what shipping has open", e);
        } finally {
            state.ended();
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
            state.sample(false);
            flushIfDue();
            boolean more = shipping.advance();
            if (shipping.isSettled()) {
                backoff.succeeded();
                state.succeeded(Job.SLOT);
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
            state.failed(Job.SLOT, e);
            return pause(backoff.nanosAfter(e instanceof Exception failure ? failure : new IOException(e)));
        }
    }

    private void flushIfDue() {
        long now = signal.nanoTime();
        boolean asked = state.takeFlushRequest();
        if (asked || state.takeLookRequest()) {
            shipping.look();
        }
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
        if (state.isClosing() && !shipping.isWaiting()) {
            return !lastFlush;
        }
        long left = flushNanos - (signal.nanoTime() - flushedAt);
        signal.await(state::hasNews, Math.min(left > 0 ? left : flushNanos, shipping.nanosToNext()));
        state.takeNews();
        return !state.isOverdue();
    }

    /** After a failure. The lag goes on being told. */
    private boolean pause(long nanos) {
        long end = signal.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = end - signal.nanoTime()) {
            if (state.isOverdue()) {
                return false;
            }
            long slice = Math.min(left, flushNanos);
            // A close does not end the pause, but cuts it short: a store that is slow today is asked once more.
            signal.await(state::isJustClosing, slice);
            state.sample(false);
            if (state.takeJustClosing()) {
                return true;
            }
        }
        return !state.isOverdue();
    }
}
