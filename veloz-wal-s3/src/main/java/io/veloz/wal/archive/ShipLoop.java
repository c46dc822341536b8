package io.veloz.wal.archive;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.internal.io.Signal;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.internal.ship.ShipProgress.Job;
import io.veloz.wal.archive.internal.ship.Shipping;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop of the shipping thread: takes steps, flushes every interval, and waits after a failure. The backoff is reset only
 * when a slot is stored. Other requests that succeed meanwhile, such as reading the slot after a failed put, do not reset it.
 */
final class ShipLoop implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal.archive");

    private static final long ERROR_PAUSE_NANOS = 1_000_000_000;

    /** The longest time between two steps of an idle shipper, in flush intervals. */
    private static final long IDLE_INTERVALS = 10;

    private final LocalLog log;
    private final Shipping shipping;
    private final ShipperState state;
    private final Signal signal;
    private final Backoff backoff;
    private final long flushNanos;
    private long flushedAt;
    private boolean lastFlush;
    private final Runnable onEnd;

    /** @param onEnd called when shipping has ended, after threads that wait for the end are released: it may take long */
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
            boolean more = true;
            while (more) {
                more = guardedRound();
            }
        } finally {
            end();
        }
    }

    private void end() {
        try {
            // The last status reports how many records are left, so it needs the current end of the log.
            state.sample(true);
            shipping.close();
            log.closeEnd();
        } catch (RuntimeException e) {
            LOG.warn("failed to release the resources of the shipper", e);
        } finally {
            state.ended();
            onEnd.run();
        }
    }

    /** Executes a round and survives any error. If the thread died, the archive would silently fall behind. */
    private boolean guardedRound() {
        try {
            return round();
        } catch (RuntimeException | Error e) {
            // The error could not be handled, most likely for lack of memory.
            return !signal.await(state::isCloseTimedOut, ERROR_PAUSE_NANOS);
        }
    }

    /** Executes a step, and waits if there is no more work. Returns false at the end. */
    private boolean round() {
        try {
            state.sample(false);
            flushIfDue();
            boolean more = shipping.advance();
            if (shipping.isSettled()) {
                backoff.succeeded();
                state.succeeded(Job.SLOT);
            }
            return more ? !state.isCloseTimedOut() : awaitWork();
        } catch (WalFencedException e) {
            LOG.error("shipper fenced: {}", e.getMessage());
            state.failed(e);
            return false;
        } catch (WalShippingRefusedException e) {
            LOG.error("shipping refused: {}", e.getMessage());
            state.failed(e);
            return false;
        } catch (IOException | RuntimeException | Error e) {
            state.failed(Job.SLOT, e);
            return pause(backoff.nanosAfter(e instanceof Exception failure ? failure : new IOException(e)));
        }
    }

    private void flushIfDue() {
        long now = signal.nanoTime();
        if (state.takeFenceCheckRequest()) {
            shipping.requestFenceCheck();
        }
        if (state.takeFlushRequest()) {
            flushedAt = now;
            shipping.flushForCaller();
        } else if (now - flushedAt >= flushNanos && state.mayBeDirty()) {
            flushedAt = now;
            shipping.flush();
        }
        if (state.isClosing() && !lastFlush) {
            lastFlush = true;
            shipping.flush();
        }
    }

    /** Waits for the next flush, the end of an upload, or a request. Returns false at the end. */
    private boolean awaitWork() {
        if (state.isClosing() && !shipping.isWaiting()) {
            if (lastFlush) {
                shipping.recordEnd();
            }
            return !lastFlush;
        }
        long begin = signal.nanoTime();
        do {
            long now = signal.nanoTime();
            long left = flushNanos - (now - flushedAt);
            signal.await(state::hasEvent, Math.min(left > 0 ? left : flushNanos, shipping.nanosToNext()));
            state.sample(false);
        } while (isIdle() && signal.nanoTime() - begin < IDLE_INTERVALS * flushNanos);
        state.clearEvents();
        return !state.isCloseTimedOut();
    }

    /**
     * Returns whether everything is archived, and nothing is due or has to be repeated. A step would only list the directory: it
     * would find a segment that was sealed, or a checkpoint, whose records are all archived.
     */
    private boolean isIdle() {
        return !state.mayBeDirty()
                && !state.hasEvent()
                && !state.isAnyFailing()
                && !state.isClosing()
                && !shipping.isWaiting()
                && shipping.isSettled()
                && shipping.nanosToNext() > 0;
    }

    /** Waits after a failure, and updates the lag meanwhile. Returns false if the time for a close has elapsed. */
    private boolean pause(long nanos) {
        long end = signal.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = end - signal.nanoTime()) {
            if (state.isCloseTimedOut()) {
                return false;
            }
            long slice = Math.min(left, flushNanos);
            // A close ends the pause, so that one more attempt is made.
            signal.await(state::isCloseRequested, slice);
            state.sample(false);
            if (state.takeCloseRequest()) {
                return true;
            }
        }
        return !state.isCloseTimedOut();
    }
}
