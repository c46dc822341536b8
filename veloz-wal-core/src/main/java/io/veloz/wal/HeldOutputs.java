package io.veloz.wal;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
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
 * <p>It allocates nothing for an output. No monitor is used, so a virtual thread that waits is not pinned. No wait lasts
 * longer than a second without checking its condition, so a wake-up that is lost for lack of memory costs a second.
 */
final class HeldOutputs<T> {
    private static final long LONGEST_WAIT_NANOS = 1_000_000_000;

    private final ReentrantLock lock = new ReentrantLock();

    /** Submitters wait for room. */
    private final Condition roomChanged = lock.newCondition();

    /** The publisher waits for the first output, or the end. */
    private final Condition firstChanged = lock.newCondition();

    /** A thread that closes waits for the end. */
    private final Condition endChanged = lock.newCondition();

    private final BooleanSupplier hasRoom = this::hasRoomOrEndsLocked;
    private final BooleanSupplier hasFirst = this::hasFirstOrEndsLocked;
    private final BooleanSupplier hasEnded = this::hasEndedLocked;

    // The ring, by place.
    private final long[] sequences;
    private final long[] submittedNanos;
    private final @Nullable Object[] outputs;
    private int first;
    private int count;

    private int reserved;
    private long lastSubmitted;
    private boolean closing;
    private boolean ended;
    private @Nullable Throwable failure;

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
        lock.lock();
        try {
            if (!awaitLocked(roomChanged, hasRoom, timeoutNanos)) {
                return false;
            }
            throwIfFailedLocked("the output was not accepted");
            if (closing) {
                throw new IllegalStateException("the output gate is closed");
            }
            reserved++;
            return true;
        } finally {
            lock.unlock();
        }
    }

    void cancelReservation() {
        lock.lock();
        try {
            reserved--;
            roomChanged.signal();
            // The last reservation of a closed gate may be what its end waits for.
            firstChanged.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Adds an output to the reserved place. If it throws, the reservation remains. */
    void add(long newSequence, T newOutput) {
        lock.lock();
        try {
            throwIfFailedLocked("the output of record " + newSequence + " was not accepted");
            if (newSequence < lastSubmitted) {
                throw new IllegalArgumentException("output of record " + newSequence + " after one of record "
                        + lastSubmitted + ": expected sequences that do not decrease; threads that append and submit"
                        + " concurrently must use OutputGate.append");
            }
            int place = wrapped(first + count);
            sequences[place] = newSequence;
            submittedNanos[place] = System.nanoTime();
            outputs[place] = newOutput;
            lastSubmitted = newSequence;
            reserved--;
            count++;
            if (count == 1) {
                firstChanged.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    void throwIfFailed(String what) {
        lock.lock();
        try {
            throwIfFailedLocked(what);
        } finally {
            lock.unlock();
        }
    }

    private void throwIfFailedLocked(String what) {
        if (failure != null) {
            throw new WalGateFailedException(what, publishedSequence, failure);
        }
    }

    private boolean hasRoomOrEndsLocked() {
        return count + reserved < outputs.length || closing || failure != null;
    }

    // ---- the publisher

    /** Waits for the first output. Returns false at the end: the gate has failed, or is closed and has published everything. */
    boolean awaitFirst() {
        lock.lock();
        try {
            awaitLocked(firstChanged, hasFirst, Long.MAX_VALUE);
            if (failure != null || count == 0) {
                return false;
            }
            sequence = sequences[first];
            output = outputs[first];
            return true;
        } finally {
            lock.unlock();
        }
    }

    private boolean hasFirstOrEndsLocked() {
        return count > 0 || failure != null || (closing && reserved == 0);
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
            lock.unlock();
        }
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
            lock.unlock();
        }
    }

    private void removeFirstLocked() {
        outputs[first] = null;
        first = wrapped(first + 1);
        count--;
        roomChanged.signal();
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
            signalAllLocked();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the publishing. Only the first failure has an effect, and none after the end. */
    void fail(Throwable cause) {
        lock.lock();
        try {
            if (failure == null && !ended) {
                failure = cause;
            }
            signalAllLocked();
        } finally {
            lock.unlock();
        }
    }

    @Nullable
    Throwable failure() {
        lock.lock();
        try {
            return failure;
        } finally {
            lock.unlock();
        }
    }

    /** Releases the threads that wait for the end. The publisher calls it last. */
    void end() {
        lock.lock();
        try {
            output = null;
            ended = true;
            signalAllLocked();
        } finally {
            lock.unlock();
        }
    }

    boolean awaitEnd(long timeoutNanos) {
        lock.lock();
        try {
            return awaitLocked(endChanged, hasEnded, timeoutNanos);
        } finally {
            lock.unlock();
        }
    }

    private boolean hasEndedLocked() {
        return ended;
    }

    private void signalAllLocked() {
        roomChanged.signalAll();
        firstChanged.signalAll();
        endChanged.signalAll();
    }

    // ---- observe

    OutputGate.Status status() {
        lock.lock();
        try {
            long age = count == 0 ? 0 : System.nanoTime() - submittedNanos[first];
            return new OutputGate.Status(
                    count, Duration.ofNanos(age), published, discarded, publishedSequence, failure);
        } finally {
            lock.unlock();
        }
    }

    // ---- waiting

    /** Waits for a condition, and returns whether it became true in time. An interrupt does not end the wait. */
    private boolean awaitLocked(Condition changed, BooleanSupplier condition, long timeoutNanos) {
        if (condition.getAsBoolean()) {
            return true;
        }
        boolean unlimited = timeoutNanos == Long.MAX_VALUE;
        long end = System.nanoTime() + timeoutNanos;
        boolean interrupted = false;
        try {
            while (!condition.getAsBoolean()) {
                long left = unlimited ? LONGEST_WAIT_NANOS : end - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                try {
                    var unused = changed.awaitNanos(Math.min(left, LONGEST_WAIT_NANOS));
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
