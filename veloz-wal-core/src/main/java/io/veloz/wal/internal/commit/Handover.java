package io.veloz.wal.internal.commit;

import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where the housekeeping thread meets the others: the next segment and the last one change hands here. The
 * commit thread comes here once a segment.
 *
 * <p>No thread does I/O while it holds {@link #lock}. It is a monitor, because entering and notifying a monitor takes no
 * memory: a thread that fails the log for lack of memory can still wake the others.
 */
final class Handover {
    private final CommitState state;
    private final CommitStats stats;
    private final Notifier notifier;

    /** Guards everything below. */
    private final Object lock = new Object();

    private @Nullable SegmentFile toSeal;
    private @Nullable Prepared prepared;
    private boolean commitsWait;
    private int rollsAsked;
    private boolean closing;
    private boolean stopping;
    private boolean roomMade;

    /** Whether {@link #prepared} is there, for those who do not want to wait for it. */
    private volatile boolean isPrepared;

    private volatile Runnable whenPrepared = () -> {};

    /** A segment that is made, named and on disk, and has no batch yet. */
    record Prepared(StorageFile file, SegmentHeader header) {}

    /** What the housekeeping thread should do next. */
    record Work(@Nullable SegmentFile toSeal, boolean prepare, boolean end) {}

    Handover(CommitState state, CommitStats stats, Notifier notifier) {
        this.state = state;
        this.stats = stats;
        this.notifier = notifier;
    }

    /** Has the commit thread told that there is a next segment. Before the threads start. */
    void whenPrepared(Runnable wake) {
        whenPrepared = wake;
    }

    // ---- the commit thread

    /**
     * Exchanges the active segment, which will not be written any more, for the next one, which is made and on disk; waits
     * for that if need be.
     *
     * <p>One step under the lock: were the next one taken first, another could be made under its name before the old one
     * is here to be sealed.
     *
     * @return null if the log has failed, or is closing and there will be none
     */
    @Nullable
    Prepared rollOnCommitThread(SegmentFile active) {
        synchronized (lock) {
            awaitPrepared();
            Prepared next = state.hasFailed() ? null : prepared;
            if (next != null) {
                prepared = null;
                isPrepared = false;
                toSeal = active;
                lock.notifyAll();
            }
            return next;
        }
    }

    private void awaitPrepared() {
        if (prepared != null) {
            return;
        }
        commitsWait = true;
        lock.notifyAll();
        long started = System.nanoTime();
        while (prepared == null && !stopping && !state.hasFailed() && !(closing && state.diskFull != null)) {
            await(Threads.LONGEST_PARK_NANOS);
        }
        commitsWait = false;
        long waited = System.nanoTime() - started;
        stats.stall(waited);
        notifier.event(listener -> listener.onStalled(Duration.ofNanos(waited)));
    }

    // ---- any thread

    /** Whether there is a next segment, so that a roll does not wait. */
    boolean isPrepared() {
        return isPrepared;
    }

    /** Somebody waits for a roll from now on. He may wait for the next segment although the commits do not need it yet. */
    void beginRoll() {
        synchronized (lock) {
            rollsAsked++;
        }
    }

    /** He has been told how it ended. */
    void endRoll() {
        synchronized (lock) {
            rollsAsked--;
        }
    }

    /** There may be room on the disk now: who waits for it tries again at once. */
    void roomMade() {
        synchronized (lock) {
            roomMade = true;
            lock.notifyAll();
        }
    }

    /** From now on nobody waits for a segment that a full disk does not let be made. */
    void closing() {
        synchronized (lock) {
            closing = true;
            lock.notifyAll();
        }
    }

    /** What is to be sealed still is, and then the housekeeping thread ends. */
    void stop() {
        synchronized (lock) {
            stopping = true;
            lock.notifyAll();
        }
    }

    /** Wakes whoever waits here. */
    void wake() {
        synchronized (lock) {
            lock.notifyAll();
        }
    }

    // ---- the housekeeping thread

    /** Waits until there is something to do, or the time is over. */
    Work awaitWork(long nanos) {
        synchronized (lock) {
            awaitWhile(this::isIdle, nanos);
            return new Work(toSeal, prepared == null, state.hasFailed() || (stopping && toSeal == null));
        }
    }

    private boolean isIdle() {
        return toSeal == null && prepared != null && !stopping && !state.hasFailed();
    }

    private boolean isUndisturbed() {
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

    /** Until a change, or not at all if one comes at once; the caller looks again. With the lock. */
    @SuppressWarnings("WaitNotInLoop") // the callers loop
    private void await(long nanos) {
        try {
            lock.wait(nanos / 1_000_000, (int) (nanos % 1_000_000));
        } catch (InterruptedException e) {
            throw new AssertionError("this thread cannot be interrupted", e);
        }
    }

    /** The segment that was handed in has been sealed. */
    void sealed() {
        synchronized (lock) {
            toSeal = null;
        }
    }

    /** The next segment, for the commit thread to take. */
    void offer(Prepared next) {
        synchronized (lock) {
            prepared = next;
            isPrepared = true;
            lock.notifyAll();
        }
        whenPrepared.run();
    }

    /** Waits, shorter if there may be room meanwhile; false if the log is ending. */
    boolean pause(long nanos) {
        synchronized (lock) {
            awaitWhile(() -> isUndisturbed() && !roomMade, nanos);
            roomMade = false;
            return isUndisturbed();
        }
    }

    /** Between the chunks of a segment that is made: leaves the disk to the commit thread for as long as a chunk took. */
    void yieldToCommits(long chunkNanos) throws StoppedException {
        synchronized (lock) {
            if (stopping || state.hasFailed()) {
                throw new StoppedException();
            }
            if (commitsWait) {
                return;
            }
        }
        LockSupport.parkNanos(this, Math.min(chunkNanos, 10_000_000));
    }

    /** Whether somebody can wait for the next segment: the commit thread, or who has asked for a roll. */
    boolean isAwaited() {
        synchronized (lock) {
            return commitsWait || rollsAsked > 0;
        }
    }

    /** What is still open when the thread ends: the next segment, and after a failure also the last. */
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

    /** The log is closing, and what was begun will not be needed. */
    static final class StoppedException extends IOException {
        StoppedException() {
            super("the log is closing");
        }
    }
}
