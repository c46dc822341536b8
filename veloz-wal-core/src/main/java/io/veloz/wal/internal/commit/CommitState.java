package io.veloz.wal.internal.commit;

import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The progress of the log, and its failure if it has failed. The commit thread acknowledges, any thread may fail the log,
 * any thread reads.
 *
 * <p>Acknowledgement and failure exclude each other by one monitor. So nothing is acknowledged after a failure, not even by
 * a force that was already running. No thread waits inside the monitor.
 *
 * <p>{@link #fail} allocates nothing and never throws. So a thread of the log that ends with an {@link OutOfMemoryError}
 * leaves a failed log, and no caller waits for a thread that has ended. A failure is stored in fields; each thread that
 * receives it builds its own exception.
 */
public final class CommitState {
    /** The last durable sequence. */
    final Gate durable;

    /** The last sequence in a sealed segment. */
    final Gate sealed;

    private final AppendBuffer buffer;

    /** Created in advance, so that a failure does not allocate it. */
    private final Supplier<WalException> exception = this::exception;

    private final Supplier<IllegalStateException> closed = CommitState::closed;

    private volatile Runnable[] onFailure = {};

    // The failure: written once, under the monitor, and the flag last.
    private volatile boolean failed;
    private String failure = "";
    private long failureDurable;
    private long failureLastClaimed;
    private @Nullable Throwable failureCause;

    /** The size of the active segment. Written by the commit thread, before its room. */
    volatile long activeBytes;

    /** Bytes left in the active segment. Written by the commit thread. */
    volatile long activeRoomBytes;

    /** Why a full disk prevents that a segment is prepared or sealed; null if it does not. Written by the housekeeper. */
    volatile @Nullable String diskFull;

    /** Why a full disk prevents that a batch is written; null if it does not. Written by the commit thread. */
    volatile @Nullable String writeBlocked;

    public CommitState(AppendBuffer buffer, long lastSequence) {
        this.buffer = buffer;
        this.durable = new Gate(lastSequence);
        this.sealed = new Gate(lastSequence);
    }

    /** Releases all threads that wait for this sequence. Returns false, and does nothing, if the log has failed. */
    synchronized boolean acknowledge(long sequence) {
        if (failed) {
            return false;
        }
        durable.open(sequence);
        return true;
    }

    /** Sets the actions that wake the threads of the log when it fails. Call it before the threads start. */
    public void onFailure(Runnable... wakes) {
        onFailure = wakes.clone();
    }

    /**
     * Fails the log permanently, and wakes all its threads and waiters. Only the first call has an effect.
     *
     * @param what a string that already exists: a concatenation allocates, and so does the first use of a literal
     */
    void fail(String what, @Nullable Throwable cause) {
        latch(what, cause);
        for (Runnable wake : onFailure) {
            wake.run();
        }
    }

    private synchronized void latch(String what, @Nullable Throwable cause) {
        if (failed) {
            return;
        }
        // Closed first, so that the last claimed sequence is final and every claim up to it receives the failure.
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

    /** Fails all threads that wait for a segment to be sealed: no further segment will be. */
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

    /** Returns the failure as a new exception, one for each thread that receives it. */
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
            // The description of an error may fail too. The failure must be reported nevertheless.
            return cause.getClass().getName();
        }
    }

    /** Returns a supplier of {@link #exception()}. */
    Supplier<WalException> exceptionSupplier() {
        return exception;
    }

    void throwIfFailed() {
        if (failed) {
            throw exception();
        }
    }

    /** Throws the failure that has closed the buffer, if one has: the buffer is closed before the failure is visible. */
    synchronized void throwIfFailing() {
        throwIfFailed();
    }
}
