package io.veloz.wal.internal.commit;

import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How far the log has come, and whether it has failed. Here the threads of a log meet: the commit thread acknowledges,
 * any thread may fail the log, any thread reads.
 *
 * <p>Both changes are made under one monitor, so after a failure nothing is acknowledged, not even by a force that was
 * already running. No thread waits inside the monitor.
 *
 * <p>{@link #fail} allocates nothing and never throws: a thread of the log that ends because memory has run out still
 * leaves a failed log, and no caller waits for a thread that has ended. What a failure needs is a field; its message is
 * built by whoever receives the exception.
 */
final class CommitState {
    /** The last sequence on disk. */
    final Gate durable;

    /** The last sequence in a sealed segment. */
    final Gate sealed;

    private final AppendBuffer buffer;

    /** Made once, so that a failure needs no memory for it. */
    private final Supplier<WalException> exception = this::exception;

    private final Supplier<IllegalStateException> closed = CommitState::closed;

    private volatile Runnable[] whenFailed = {};

    // The failure. Written once, under the monitor, the flag last.
    private volatile boolean failed;
    private String failure = "";
    private long failureDurable;
    private long failureLastClaimed;
    private @Nullable Throwable failureCause;

    /** Bytes left in the active segment. Written by the commit thread. */
    volatile long activeRoomBytes;

    /** Why the next segment cannot be made, or the last one sealed, for lack of room. Written by the housekeeping thread. */
    volatile @Nullable String diskFull;

    /** Why what was taken cannot be written for lack of room; null if it can. Written by the commit thread. */
    volatile @Nullable String writeBlocked;

    CommitState(AppendBuffer buffer, long lastSequence) {
        this.buffer = buffer;
        this.durable = new Gate(lastSequence);
        this.sealed = new Gate(lastSequence);
    }

    /** Lets through all who wait for this sequence; false if the log has failed, and nothing was acknowledged. */
    synchronized boolean acknowledge(long sequence) {
        if (failed) {
            return false;
        }
        durable.open(sequence);
        return true;
    }

    /** Sets what wakes the log's threads when the log fails. Before they start. */
    void whenFailed(Runnable... wakes) {
        whenFailed = wakes.clone();
    }

    /**
     * Fails the log for good, and wakes all its threads and waiters; the first call counts.
     *
     * @param what made before: a text that is built for this call needs memory, and so does a literal that is used for the
     *     first time
     */
    void fail(String what, @Nullable Throwable cause) {
        latch(what, cause);
        for (Runnable wake : whenFailed) {
            wake.run();
        }
    }

    private synchronized void latch(String what, @Nullable Throwable cause) {
        if (failed) {
            return;
        }
        // First closed, so that the last claimed sequence is final: every claim is below it, and gets the failure.
        failureLastClaimed = buffer.close();
        failureDurable = durable.value();
        failureCause = cause;
        failure = what;
        failed = true;
        durable.fail(exception);
        sealed.fail(exception);
        buffer.consumedPosition().fail(exception);
    }

    boolean isDiskFull() {
        return diskFull != null || writeBlocked != null;
    }

    /** No segment will be sealed any more: those who wait for one get an exception. */
    void endSealing() {
        if (!hasFailed()) {
            sealed.fail(closed);
        }
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("the log is closed");
    }

    boolean hasFailed() {
        return failed;
    }

    /** The failure, as a new exception for each thread that gets it. */
    WalException exception() {
        if (!failed) {
            throw new IllegalStateException("the log has not failed");
        }
        String reason = failureCause == null ? failure : failure + ": " + describe(failureCause);
        return new WalFailedException(reason, failureDurable, failureLastClaimed, failureCause);
    }

    private static String describe(Throwable cause) {
        try {
            return cause.toString();
        } catch (Throwable t) {
            // The description of an error may fail itself. The failure must be reported all the same.
            return cause.getClass().getName();
        }
    }

    /** The same, for who takes it later. */
    Supplier<WalException> exceptions() {
        return exception;
    }

    void throwIfFailed() {
        if (failed) {
            throw exception();
        }
    }

    /** For a thread that found the buffer closed: a failure closes it first, and is known when the monitor is free again. */
    synchronized void throwIfFailing() {
        throwIfFailed();
    }
}
