package io.veloz.wal.internal.commit;

import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * How far the log has come, and whether it has failed. Here the threads of a log meet: the commit thread acknowledges,
 * any of them may fail the log, everybody reads.
 *
 * <p>Both changes are made under one monitor, so after a failure nothing is acknowledged, not even by a force that was
 * already running. Nobody waits inside the monitor.
 */
final class CommitState {
    /** The last sequence on disk. */
    final Gate durable;

    /** The last sequence in a sealed segment. */
    final Gate sealed;

    private final AppendBuffer buffer;
    private volatile @Nullable Failure failure;

    /** Bytes left in the active segment. Written by the commit thread. */
    volatile long activeRoomBytes;

    /** Why the next segment cannot be made, or the last one sealed, for lack of room. Written by the housekeeping thread. */
    volatile @Nullable String diskFull;

    /** Why what was taken cannot be written for lack of room; null if it can. Written by the commit thread. */
    volatile @Nullable String writeBlocked;

    private final CopyOnWriteArrayList<Runnable> whenFailed = new CopyOnWriteArrayList<>();

    private record Failure(
            String reason,
            long durable,
            long lastClaimed,
            @Nullable Throwable cause) {}

    CommitState(AppendBuffer buffer, long lastSequence) {
        this.buffer = buffer;
        this.durable = new Gate(lastSequence);
        this.sealed = new Gate(lastSequence);
    }

    /** Lets through all who wait for this sequence; false if the log has failed, and nothing was acknowledged. */
    synchronized boolean acknowledge(long sequence) {
        if (failure != null) {
            return false;
        }
        durable.open(sequence);
        return true;
    }

    /** Has a thread woken when the log fails. */
    void whenFailed(Runnable wake) {
        whenFailed.add(wake);
    }

    /** Fails the log for good, and wakes everybody; the first call counts. */
    void fail(String reason, @Nullable Throwable cause) {
        latch(reason, cause);
        whenFailed.forEach(Runnable::run);
    }

    private synchronized void latch(String reason, @Nullable Throwable cause) {
        if (failure != null) {
            return;
        }
        // First closed, so that the last claimed sequence is final: everybody who has one is told.
        long lastClaimed = buffer.close();
        failure = new Failure(reason, durable.value(), lastClaimed, cause);
        durable.fail(this::exception);
        sealed.fail(this::exception);
        buffer.consumedPosition().fail(this::exception);
    }

    boolean isDiskFull() {
        return diskFull != null || writeBlocked != null;
    }

    /** No segment will be sealed any more: those who wait for one are told. */
    void endSealing() {
        if (!hasFailed()) {
            sealed.fail(() -> new IllegalStateException("the log is closed"));
        }
    }

    boolean hasFailed() {
        return failure != null;
    }

    /** The failure, as a new exception for each thread that gets it. */
    WalException exception() {
        Failure what = failure;
        if (what == null) {
            throw new IllegalStateException("the log has not failed");
        }
        return new WalFailedException(what.reason, what.durable, what.lastClaimed, what.cause);
    }

    void throwIfFailed() {
        if (failure != null) {
            throw exception();
        }
    }

    /** For who has found the buffer closed: a failure closes it first, and is known when the monitor is free again. */
    synchronized void throwIfFailing() {
        throwIfFailed();
    }
}
