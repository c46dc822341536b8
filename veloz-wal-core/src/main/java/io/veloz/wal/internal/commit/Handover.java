package io.veloz.wal.internal.commit;

import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.internal.stats.Stalls;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The exchange of segments between the commit thread and the housekeeping thread. The commit thread takes the prepared
 * segment and hands over the one to be sealed, once for each segment. Thread-safe.
 *
 * <p>No thread does I/O under {@link #lock}. The lock is a monitor because entering and notifying a monitor does not
 * allocate: a thread that fails the log with an {@link OutOfMemoryError} can still wake the others.
 */
public final class Handover {
    /** The share of the next segment that is filled is at least this many times the share of the active one that is used. */
    private static final int FILL_AHEAD = 3;

    private final CommitState state;
    private final Stalls stalls;

    /** Guards the fields below. */
    private final Object lock = new Object();

    private @Nullable SegmentFile toSeal;
    private @Nullable Prepared prepared;
    private boolean commitsWait;
    private int rollsRequested;
    private boolean closing;
    private boolean prepareFailed;
    private boolean stopping;
    private boolean spaceFreed;

    /** Whether {@link #prepared} is set, for threads that do not enter the monitor. */
    private volatile boolean isPrepared;

    private volatile Runnable onPrepared = () -> {};

    /** A segment that has its name, is durable, and has no batch yet. */
    record Prepared(StorageFile file, SegmentHeader header) {}

    /** The next work of the housekeeping thread. */
    record Work(@Nullable SegmentFile toSeal, boolean prepare, boolean end) {}

    public Handover(CommitState state, Stalls stalls) {
        this.state = state;
        this.stalls = stalls;
    }

    /** Sets the callback that runs when the next segment is ready. Call it before the threads start. */
    public void onPrepared(Runnable wake) {
        onPrepared = wake;
    }

    // ---- the commit thread

    /**
     * Exchanges the active segment, which will not be written any more, for the prepared one. Waits until one is prepared.
     *
     * <p>The exchange is one step under the lock. Otherwise the housekeeper could prepare another segment under the same
     * name before it receives the old one to seal.
     *
     * @param needed whether records wait for the segment: then a failed preparation is repeated also while the log is closing
     * @return the prepared segment; null if the log has failed, or is closing and no segment will be prepared
     */
    @Nullable
    Prepared rollOnCommitThread(SegmentFile active, boolean needed) {
        synchronized (lock) {
            awaitPrepared(needed);
            Prepared next = state.hasFailed() ? null : prepared;
            if (next != null) {
                prepared = null;
                isPrepared = false;
                stalls.rolled();
                toSeal = active;
                lock.notifyAll();
            }
            return next;
        }
    }

    private void awaitPrepared(boolean needed) {
        if (prepared != null) {
            return;
        }
        commitsWait = true;
        lock.notifyAll();
        stalls.beginCommit();
        try {
            while (prepared == null && isRunning() && !(closing && givesUp(needed))) {
                await(Threads.LONGEST_PARK_NANOS);
            }
        } finally {
            stalls.endCommit();
        }
        commitsWait = false;
    }

    /** Returns whether a log that is closing ends without the next segment. */
    private boolean givesUp(boolean needed) {
        return state.diskFull != null || (prepareFailed && !needed);
    }

    // ---- any thread

    /** Returns whether a next segment is prepared, so that a roll does not wait. */
    boolean isPrepared() {
        return isPrepared;
    }

    /** Counts a caller that waits for a roll, and so for the next segment, from now on. */
    void beginRoll() {
        synchronized (lock) {
            rollsRequested++;
        }
    }

    /** Ends a {@link #beginRoll}. */
    void endRoll() {
        synchronized (lock) {
            rollsRequested--;
        }
    }

    /** Ends a {@link #pause}, because files were deleted. */
    void spaceFreed() {
        synchronized (lock) {
            spaceFreed = true;
            lock.notifyAll();
        }
    }

    /** Ends the wait for the next segment if the disk is full, now and later. */
    void closing() {
        synchronized (lock) {
            closing = true;
            lock.notifyAll();
        }
    }

    boolean isClosing() {
        synchronized (lock) {
            return closing;
        }
    }

    /** Makes the housekeeping thread seal a segment that was handed over, and end. */
    void stop() {
        synchronized (lock) {
            stopping = true;
            lock.notifyAll();
        }
    }

    /** Wakes all threads that wait here. */
    public void wake() {
        synchronized (lock) {
            lock.notifyAll();
        }
    }

    // ---- the housekeeping thread

    /** Waits until there is work, or until the timeout. */
    Work awaitWork(long nanos) {
        synchronized (lock) {
            awaitWhile(this::isIdle, nanos);
            return new Work(toSeal, needsNext(), state.hasFailed() || (stopping && toSeal == null));
        }
    }

    private boolean isIdle() {
        return toSeal == null && !needsNext() && isRunning();
    }

    /** Returns whether a segment must be prepared. A log that is closing needs one only if the commit thread waits for it. */
    private boolean needsNext() {
        return prepared == null && (!closing || commitsWait);
    }

    private boolean isRunning() {
        return !stopping && !state.hasFailed();
    }

    private void awaitWhile(BooleanSupplier condition, long nanos) {
        long deadline = System.nanoTime() + nanos;
        long left = nanos;
        while (left > 0 && condition.getAsBoolean()) {
            await(left);
            left = deadline - System.nanoTime();
        }
    }

    /** Waits for a change, under the lock. The caller checks its condition again. */
    @SuppressWarnings("WaitNotInLoop") // the callers loop
    private void await(long nanos) {
        try {
            lock.wait(nanos / 1_000_000, (int) (nanos % 1_000_000));
        } catch (InterruptedException e) {
            throw new AssertionError("this thread cannot be interrupted", e);
        }
    }

    /** Records that the segment that was handed over has been sealed. */
    void sealed() {
        synchronized (lock) {
            toSeal = null;
        }
    }

    /** Offers the prepared segment to the commit thread. */
    void offer(Prepared next) {
        synchronized (lock) {
            prepared = next;
            isPrepared = true;
            prepareFailed = false;
            stalls.prepared();
            lock.notifyAll();
        }
        onPrepared.run();
    }

    /** Records that a preparation has failed, for another reason than space, and will be repeated. */
    void prepareFailed() {
        synchronized (lock) {
            prepareFailed = true;
            lock.notifyAll();
        }
    }

    /** Waits before a retry, until the timeout or until space is freed; false if the log is ending. */
    boolean pause(long nanos) {
        synchronized (lock) {
            awaitWhile(() -> isRunning() && !spaceFreed, nanos);
            spaceFreed = false;
            return isRunning();
        }
    }

    /**
     * Sets the pace at which the next segment is filled: fast if the active one might be full before the next one is ready.
     * Otherwise leaves the disk to the commit thread after each chunk, for as long as the chunk took.
     *
     * @param filled the share of the next segment that is filled
     * @param used the share of the active segment that is used
     * @return whether the next chunk is needed at once
     */
    boolean pace(double filled, double used, long chunkNanos) throws StoppedException {
        synchronized (lock) {
            if (stopping || state.hasFailed()) {
                throw new StoppedException();
            }
            if (isAwaited() || stalls.areWaiting() || filled < FILL_AHEAD * used) {
                return true;
            }
        }
        LockSupport.parkNanos(this, Math.min(chunkNanos, 10_000_000));
        return false;
    }

    /** Returns whether the commit thread or the caller of a roll may be waiting for the next segment. */
    boolean isAwaited() {
        synchronized (lock) {
            return commitsWait || rollsRequested > 0;
        }
    }

    /**
     * Returns whether records of the commit thread or of appends wait for the next segment, or the end of the log does. A caller
     * of a roll waits for a segment of full size.
     */
    boolean areRecordsWaiting() {
        synchronized (lock) {
            return commitsWait || stalls.areWaiting();
        }
    }

    /** Closes the prepared segment, and after a failure also the one to seal. Call it when the housekeeping thread ends. */
    void closeFiles() throws IOException {
        try {
            if (prepared != null) {
                prepared.file().close();
            }
        } finally {
            if (toSeal != null) {
                toSeal.close();
            }
        }
    }

    /** Thrown to abandon work that a closing log does not need. */
    static final class StoppedException extends IOException {
        StoppedException() {
            super("the log is closing");
        }
    }
}
