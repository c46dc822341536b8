package io.veloz.wal.internal.commit;

import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalListener;
import io.veloz.wal.internal.stats.CommitStats;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The writing side of an open log: waits, rolls, trims, counters, and the start and the end of the threads. Thread-safe.
 * Appends go through {@link RecordPublisher}.
 */
public final class LogWriter {
    private final Storage storage;
    private final AppendBuffer buffer;
    private final CommitState state;
    private final CommitStats stats;
    private final Notifier notifier;
    private final SealedSegments sealedSegments;
    private final Handover handover;
    private final Housekeeper housekeeper;
    private final CommitThread commitThread;
    private final long closeTimeoutNanos;

    /** Not a literal or a concatenation at its use, see {@link CommitState#fail}. */
    private final String closeTimedOut;

    /** One close at a time. Not a monitor, so that a virtual thread is not pinned. */
    private final ReentrantLock closing = new ReentrantLock();

    // Guarded by closing.
    private boolean releases;
    private boolean closed;

    public LogWriter(
            Storage storage,
            AppendBuffer buffer,
            CommitState state,
            CommitStats stats,
            Notifier notifier,
            SealedSegments sealedSegments,
            Handover handover,
            Housekeeper housekeeper,
            CommitThread commitThread,
            long closeTimeoutNanos) {
        this.storage = storage;
        this.buffer = buffer;
        this.state = state;
        this.stats = stats;
        this.notifier = notifier;
        this.sealedSegments = sealedSegments;
        this.handover = handover;
        this.housekeeper = housekeeper;
        this.commitThread = commitThread;
        this.closeTimeoutNanos = closeTimeoutNanos;
        this.closeTimedOut = "close waited " + closeTimeoutNanos / 1_000_000 + " ms for the disk";
    }

    /**
     * Starts the threads. If one of them cannot be started, this ends those that were started, leaves the active segment
     * open, and throws.
     */
    public void start(Consumer<Thread> starter) {
        boolean started = false;
        try {
            notifier.start(starter);
            housekeeper.start(starter);
            // Last, because it closes the active segment when it ends.
            commitThread.start(starter);
            started = true;
        } finally {
            if (!started) {
                endThreads();
            }
        }
    }

    /** Ends the threads that were started, without a timeout. */
    private void endThreads() {
        buffer.close();
        handover.stop();
        housekeeper.join(Long.MAX_VALUE / 2);
        notifier.stop();
        notifier.join(Long.MAX_VALUE / 2);
    }

    // ---- waiting

    /** Waits until a record is durable; false on timeout. */
    public boolean awaitDurable(long sequence, long timeoutNanos) {
        return state.durable.await(sequence, timeoutNanos);
    }

    /** Does the same, but an interrupt, which stays pending, ends the wait. */
    public boolean awaitDurableUnlessInterrupted(long sequence, long timeoutNanos) {
        return state.durable.awaitUnlessInterrupted(sequence, timeoutNanos);
    }

    public long durableSequence() {
        return state.durable.value();
    }

    public long lastSequence() {
        return buffer.lastClaimedSequence();
    }

    public boolean hasFailed() {
        return state.hasFailed();
    }

    /** Requests a force of everything up to a sequence, whatever its durability. Returns at once. */
    public void requestForce(long sequence) {
        commitThread.requestForce(sequence);
    }

    /**
     * Rolls, and returns when everything up to a sequence is in sealed segments.
     *
     * @throws IllegalStateException if the log is closed before that
     */
    public void roll(long sequence) {
        // First, so that failed preparations are counted, and do not continue indefinitely while this waits.
        handover.beginRoll();
        try {
            commitThread.requestRoll(sequence);
            state.sealed.await(sequence, Long.MAX_VALUE);
        } finally {
            handover.endRoll();
        }
    }

    // ---- trimming

    /**
     * Deletes sealed segments that contain no record after a sequence, and returns when that is durable. Rolls continue
     * concurrently. Call it on a thread that cannot be interrupted.
     *
     * @throws IllegalStateException if the log is closed
     */
    public List<SegmentReport> trim(long upToSequence, int keepSegments) throws IOException {
        // If the lock was lost, another writer may have other files under these names.
        housekeeper.checkLock();
        List<SegmentReport> trimmed = sealedSegments.trim(upToSequence, keepSegments);
        if (!trimmed.isEmpty()) {
            handover.spaceFreed();
            long last = trimmed.get(trimmed.size() - 1).lastSequence();
            notifier.event(listener -> listener.onTrimmed(last));
        }
        return trimmed;
    }

    /**
     * Puts an older segment in front of the log: see {@link SealedSegments#fillIn}.
     *
     * @throws IllegalStateException if the log is closed
     */
    public boolean fillIn(long number) throws IOException {
        housekeeper.checkLock();
        return sealedSegments.fillIn(number);
    }

    /**
     * Checks that a fill may change files.
     *
     * @throws IllegalStateException if the log is closed
     */
    public void checkFilling() {
        sealedSegments.checkOpen();
    }

    /** Ends a fill. */
    public void endFill() throws IOException {
        housekeeper.checkLock();
        sealedSegments.endFill();
    }

    /** Returns the oldest sealed segment; null if there is none. */
    public @Nullable SegmentReport oldestSealed() {
        return sealedSegments.oldest();
    }

    /** Returns the sequence of the oldest record of the log; of the next record if the log is empty. */
    public long firstSequence() {
        return sealedSegments.firstSequence();
    }

    /** Returns the directory, for messages. */
    public String describe() {
        return storage.describe();
    }

    /** Queues a call of the listener. */
    public void event(Consumer<WalListener> event) {
        notifier.event(event);
    }

    // ---- the end

    /**
     * Commits all appended records, and ends the threads. If this throws, the next call continues where it stopped. After it
     * has returned, or has failed because of the disk, further calls do nothing.
     *
     * @param whenEnded runs once, when no thread uses the files any more, perhaps after this has thrown
     * @throws WalFailedException if the log has failed, or the disk took longer than the timeout
     * @throws WalBusyException if everything is durable and closed, but a callback that does not return delays the futures
     */
    public void close(Runnable whenEnded) {
        closing.lock();
        try {
            if (!closed) {
                closeLocked(whenEnded);
            }
        } finally {
            closing.unlock();
        }
    }

    /** Throws if the caller runs on a thread of the log, for operations that wait for these threads. */
    public void refuseOnOwnThread(String what) {
        if (notifier.isOwnThread() || commitThread.isOwnThread() || housekeeper.isOwnThread()) {
            throw new IllegalStateException(
                    what + " was called on " + Thread.currentThread().getName()
                            + ", which it waits for; call it on a thread of the application");
        }
    }

    private void closeLocked(Runnable whenEnded) {
        long deadline = System.nanoTime() + closeTimeoutNanos;
        buffer.close();
        handover.closing();
        commitThread.stop();
        boolean ended = commitThread.join(deadline - System.nanoTime());
        if (!ended) {
            failClose();
        }
        handover.stop();
        ended &= housekeeper.join(Math.max(1_000_000, deadline - System.nanoTime()));
        ended &= sealedSegments.endTrimming(Math.max(1_000_000, deadline - System.nanoTime()));
        if (!ended) {
            failClose();
        }
        releaseWhenEnded(ended, whenEnded);
        notifier.stop();
        boolean delivered = notifier.join(Math.max(1_000_000, deadline - System.nanoTime()));
        closed = delivered || state.hasFailed();
        state.throwIfFailed();
        if (!delivered) {
            throw new WalBusyException(
                    "all records are durable and the log is closed, but a callback has not returned for "
                            + closeTimeoutNanos / 1_000_000 + " ms, and the futures after it are pending: " + notifier
                            + "; they complete when it returns");
        }
    }

    private void releaseWhenEnded(boolean ended, Runnable whenEnded) {
        if (releases) {
            return;
        }
        if (ended) {
            whenEnded.run();
            commitThread.release();
            buffer.release();
        } else {
            // A force that hangs may still return. Until then the lock is kept, so no other writer opens the files.
            Thread last = new Thread(
                    () -> {
                        commitThread.join(Long.MAX_VALUE / 2);
                        housekeeper.join(Long.MAX_VALUE / 2);
                        sealedSegments.endTrimming(Long.MAX_VALUE / 2);
                        whenEnded.run();
                    },
                    "veloz-wal-close");
            last.setDaemon(true);
            last.start();
        }
        releases = true;
    }

    private void failClose() {
        state.fail(closeTimedOut, null);
    }

    /** Throws the failure if the log has failed. */
    public void throwIfFailed() {
        state.throwIfFailed();
    }

    // ---- observe

    public boolean isDiskFull() {
        return state.isDiskFull();
    }

    public CommitStats stats() {
        return stats;
    }

    public long bufferedBytes() {
        return buffer.pendingBytes();
    }

    /** Query it after {@link #activeRoomBytes}: the size of a larger segment is set before its room. */
    public long activeBytes() {
        return state.activeBytes;
    }

    public long activeRoomBytes() {
        return state.activeRoomBytes;
    }
}
