package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.internal.ship.Spool.Backlog;
import java.util.function.LongSupplier;

/**
 * Decides whether tails wait for the upload of a segment, and limits the rate of the tails of a backlog. Confined to the shipping
 * thread.
 *
 * <p>The end of the archive is a prefix of the log, so a backlog has to be archived before newer records. As whole segments it
 * is sent once, and as tails it is sent twice. So tails wait for the segment that is next, except:
 *
 * <ul>
 *   <li>If tails have begun the last sealed segment, its rest is sent as tails: while the log is shipped in time, no tail waits when
 *       a segment is sealed.
 *   <li>While an upload waits for its next attempt, or has taken longer than two flush intervals, tails are sent, each of which
 *       moves the end of the archive. While a caller waits for a record, that time is at most two seconds.
 * </ul>
 */
final class CatchUp {
    private static final long SECOND_NANOS = 1_000_000_000;
    private static final long AWAITED_PATIENCE_NANOS = 2 * SECOND_NANOS;

    private final Uploader uploader;
    private final LongSupplier nanoTime;
    private final int tailBytes;
    private final long bytesPerSecond;
    private final long patienceNanos;
    private boolean isAwaited;
    private boolean hasFailed;
    private boolean isBacklog;
    private boolean waitsForSegment;
    private boolean isLimited;
    private boolean isCurrent;
    private long tailAt;

    CatchUp(ShipperConfig config, Uploader uploader, LongSupplier nanoTime) {
        this.uploader = uploader;
        this.nanoTime = nanoTime;
        this.tailBytes = config.maxTailBytes();
        this.bytesPerSecond = config.uploadBytesPerSecond();
        this.patienceNanos =
                2 * Math.min(Long.MAX_VALUE / 2, config.flushInterval().toNanos());
        this.tailAt = nanoTime.getAsLong();
    }

    /** Sets whether a caller waits for a record. */
    void setAwaited(boolean isWaiting) {
        isAwaited = isWaiting;
    }

    /** A step failed, most likely because the store is away. */
    void stepFailed() {
        hasFailed = true;
    }

    /**
     * The store has stored a slot. If it was away, its backlog is to be sent as segments at once: until the delay of an upload that
     * failed has ended, it would be sent as tails.
     */
    void slotStored() {
        if (hasFailed) {
            hasFailed = false;
            uploader.storeAnswers();
        }
    }

    /** Decides for the current step. */
    void update(Backlog backlog) {
        isBacklog = backlog.exceeds(tailBytes);
        boolean isSlow = uploader.waitsAfterFailure() || uploader.runningNanos() >= patience();
        waitsForSegment = isBacklog && backlog.beginsWithNextSegment() && !backlog.isOnlyRestOfTails() && !isSlow;
        isLimited = nanoTime.getAsLong() - tailAt < 0;
        isCurrent = true;
    }

    /** No tail is wanted in the current step. A delay that ends must not wake the thread. */
    void suspend() {
        isLimited = false;
        isCurrent = false;
    }

    private long patience() {
        return isAwaited ? Math.min(patienceNanos, AWAITED_PATIENCE_NANOS) : patienceNanos;
    }

    /** Returns whether tails wait for a segment, as of the last update. */
    boolean waitsForSegment() {
        return waitsForSegment;
    }

    /** Returns whether the next tail has to wait because of the rate limit, as of the last update. */
    boolean isLimited() {
        return isLimited;
    }

    /** Returns how long until a tail need not wait any more; {@link Long#MAX_VALUE} if none waits for a time. */
    long nanosToTail() {
        long next = isLimited ? Math.max(0, tailAt - nanoTime.getAsLong()) : Long.MAX_VALUE;
        if (isCurrent && waitsForSegment && !uploader.isIdle()) {
            next = Math.min(next, Math.max(0, patience() - uploader.runningNanos()));
        }
        return next;
    }

    /** A tail is sent. In a backlog the next one has to wait, or a slow upload would be sent as tails without the limit. */
    void sending(int bytes) {
        if (isBacklog && bytesPerSecond < Long.MAX_VALUE) {
            tailAt = nanoTime.getAsLong() + (long) ((double) bytes / bytesPerSecond * SECOND_NANOS);
        }
    }
}
