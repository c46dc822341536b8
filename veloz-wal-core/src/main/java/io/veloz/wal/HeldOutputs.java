package io.veloz.wal;

import io.veloz.wal.internal.OverflowSafeLock;
import io.veloz.wal.internal.WaitQueue;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The outputs of a gate that wait, in a ring, and the state of the gate. The threads of a gate meet here: any
 * number of submitters, the publisher, and a thread that closes. Thread-safe.
 *
 * <p>Why this is correct:
 *
 * <ul>
 *   <li>One lock guards all fields. It is never kept during a call of the sink, the log, or the archive.
 *   <li>Only the publisher removes outputs. So the first output stays the first while the publisher waits for its record or
 *       publishes it, without the lock.
 *   <li>Sequences never decrease. So when a record passes, the outputs that may be published are the first ones of the ring.
 *   <li>A place is reserved before a record is appended, and free after its output was published. So an accepted append
 *       never waits, and {@code count + reserved} never exceeds the capacity.
 *   <li>A failure is set under the lock that covers an addition. So every output is either added before it, and the publisher
 *       discards it, or refused. A closed gate ends when it has neither outputs nor reservations, so it waits for an
 *       append that has begun.
 * </ul>
 *
 * <p>An output allocates nothing, unless a thread has to wait. No monitor is used, so a virtual thread that waits is not
 * pinned. A {@link StackOverflowError} in a submitter never leaves the lock locked, and {@link #overflow} then fails the gate,
 * because the place of the submitter may stay reserved.
 */
final class HeldOutputs<T> {
    private final OverflowSafeLock lock = new OverflowSafeLock();

    /** Submitters wait for room. */
    private final WaitQueue room = new WaitQueue();

    /** The publisher waits for the first output, or the end. */
    private final WaitQueue work = new WaitQueue();

    /** A thread that closes waits for the end. */
    private final WaitQueue end = new WaitQueue();

    private final BooleanSupplier reserves = this::tryReserve;
    private final BooleanSupplier findsFirst = this::tryFindFirst;
    private final BooleanSupplier hasEnded = this::hasEnded;

    // The ring, by place.
    private final long[] sequences;
    private final long[] submittedNanos;
    private final @Nullable Object[] outputs;
    private int first;
    private int count;

    private int reserved;
    private long lastSubmitted;
    private boolean closing;
    private volatile boolean ended;
    private @Nullable Throwable failure;

    /** The error of a submitter that had no stack left to call {@link #fail}. Never reset; the waiting threads find it. */
    volatile @Nullable Throwable overflow;

    private long published;
    private long discarded;
    private long publishedSequence;

    // Used by the publisher only: the first output, and whether the sink has received it.
    private long sequence;
    private @Nullable Object output;
    private boolean handedOver;

    HeldOutputs(int capacity) {
        this.sequences = new long[capacity];
        this.submittedNanos = new long[capacity];
        this.outputs = new Object[capacity];
    }

    // ---- submitters

    /**
     * Reserves a place. Returns false if there was none in time.
     *
     * @throws WalGateFailedException if the gate has failed
     * @throws IllegalStateException if the gate is closed
     */
    boolean reserve(long timeoutNanos) {
        return room.await(reserves, timeoutNanos);
    }

    private boolean tryReserve() {
        lock.lock();
        try {
            throwIfFailedLocked("the output was not accepted");
            if (closing) {
                throw new IllegalStateException("the output gate is closed");
            }
            if (count + reserved == outputs.length) {
                return false;
            }
            reserved++;
            return true;
        } finally {
            lock.owner = null;
            lock.wakeNext();
        }
    }

    void cancelReservation() {
        lock.lock();
        try {
            reserved--;
        } finally {
            lock.owner = null;
            lock.wakeNext();
        }
        room.wakeNext();
        // The last reservation of a closed gate may be what its end waits for.
        work.wakeNext();
    }

    /** Adds an output to the reserved place. If it throws, the reservation remains. */
    void add(long newSequence, T newOutput) {
        boolean wasEmpty;
        lock.lock();
        try {
            throwIfFailedLocked("the output of record " + newSequence + " was not accepted");
            if (newSequence < lastSubmitted) {
                throw new IllegalArgumentException("output of record " + newSequence + " after one of record "
                        + lastSubmitted + ": expected sequences that do not decrease; threads that append and submit"
                        + " concurrently must use OutputGate.append");
            }
            int place = wrapped(first + count);
            submittedNanos[place] = System.nanoTime();
            sequences[place] = newSequence;
            outputs[place] = newOutput;
            lastSubmitted = newSequence;
            wasEmpty = count == 0;
            reserved--;
            count++;
        } finally {
            lock.owner = null;
            lock.wakeNext();
        }
        if (wasEmpty) {
            work.wakeNext();
        }
    }

    void throwIfFailed(String what) {
        lock.lock();
        try {
            throwIfFailedLocked(what);
        } finally {
            lock.owner = null;
            lock.wakeNext();
        }
    }

    private void throwIfFailedLocked(String what) {
        @Nullable Throwable cause = failureLocked();
        if (cause != null) {
            throw new WalGateFailedException(what, publishedSequence, cause);
        }
    }

    // ---- the publisher

    /** Waits for the first output. Returns false at the end: the gate has failed, or is closed and has published everything. */
    boolean awaitFirst() {
        var unused = work.await(findsFirst, Long.MAX_VALUE);
        return output != null;
    }

    /** Finds the first output, or none at the end. Returns false if there is neither yet. */
    private boolean tryFindFirst() {
        lock.lock();
        try {
            output = null;
            if (failureLocked() != null) {
                return true;
            }
            if (count == 0) {
                return closing && reserved == 0;
            }
            sequence = sequences[first];
            output = outputs[first];
            return true;
        } finally {
            lock.owner = null;
            lock.wakeNext();
        }
    }

    /** Returns the sequence of the output that {@link #awaitFirst} or {@link #removeNext} has found. */
    long sequence() {
        return sequence;
    }

    /** Returns the output that {@link #awaitFirst} or {@link #removeNext} has found. */
    @SuppressWarnings("unchecked") // Only outputs are stored.
    T output() {
        return (T) Objects.requireNonNull(output);
    }

    /** Returns the first output, for the sink. From now on it is not discarded. */
    T handOver() {
        handedOver = true;
        return output();
    }

    /** Removes the output that was handed over, and was published. */
    void removePublished() {
        lock.lock();
        try {
            published++;
            publishedSequence = sequence;
            removeFirstLocked();
            output = null;
            handedOver = false;
        } finally {
            lock.owner = null;
            lock.wakeNext();
        }
        room.wakeNext();
    }

    /** Removes the next output that the sink has not received; returns false if there is none. */
    boolean removeNext() {
        lock.lock();
        try {
            if (handedOver) {
                removeFirstLocked();
                handedOver = false;
            }
            if (count == 0) {
                return false;
            }
            sequence = sequences[first];
            output = outputs[first];
            discarded++;
            removeFirstLocked();
            return true;
        } finally {
            lock.owner = null;
            lock.wakeNext();
        }
    }

    private void removeFirstLocked() {
        outputs[first] = null;
        first = first + 1 == outputs.length ? 0 : first + 1;
        count--;
    }

    private int wrapped(int place) {
        return place < outputs.length ? place : place - outputs.length;
    }

    // ---- the end

    /** Accepts no more output. */
    void close() {
        lock.lock();
        try {
            closing = true;
        } finally {
            lock.owner = null;
            lock.wakeNext();
        }
        wakeAll();
    }

    /** Ends the publishing. Only the first failure has an effect, and none after the end. */
    void fail(Throwable cause) {
        lock.lock();
        try {
            if (failure == null && !ended) {
                failure = cause;
            }
        } finally {
            lock.owner = null;
            lock.wakeNext();
        }
        wakeAll();
    }

    @Nullable
    Throwable failure() {
        lock.lock();
        try {
            return failureLocked();
        } finally {
            lock.owner = null;
            lock.wakeNext();
        }
    }

    private @Nullable Throwable failureLocked() {
        return failure != null ? failure : overflow;
    }

    /** Releases the threads that wait for the end. The publisher calls it last. */
    void end() {
        output = null;
        ended = true;
        wakeAll();
    }

    private boolean hasEnded() {
        return ended;
    }

    boolean awaitEnd(long timeoutNanos) {
        return end.await(hasEnded, timeoutNanos);
    }

    private void wakeAll() {
        room.wakeAll();
        work.wakeAll();
        end.wakeAll();
    }

    // ---- observe

    OutputGate.Status status() {
        lock.lock();
        try {
            long age = count == 0 ? 0 : System.nanoTime() - submittedNanos[first];
            return new OutputGate.Status(
                    count, Duration.ofNanos(age), published, discarded, publishedSequence, failureLocked());
        } finally {
            lock.owner = null;
            lock.wakeNext();
        }
    }
}
