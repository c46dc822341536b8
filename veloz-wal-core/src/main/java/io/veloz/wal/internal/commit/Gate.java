package io.veloz.wal.internal.commit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A monotonically growing number that threads can wait for. One thread opens the gate; any thread waits.
 *
 * <p>Waiters are in a lock-free stack. No wake-up is lost: a waiter pushes itself and then reads the value; the opener
 * stores the value and then takes the stack. All four accesses are volatile, so at least one of the two threads sees the
 * other. A thread that takes the stack and pushes a waiter back reads the value again, for the same reason. No monitor is
 * held while a thread waits, so a virtual thread is not pinned.
 */
final class Gate {
    /** How long a single waiter spins before it parks: about the time of a force on a fast disk. */
    private static final long SPIN_NANOS = 150_000;

    private static final VarHandle WAITERS;
    private static final VarHandle SPINNER;

    static {
        try {
            WAITERS = MethodHandles.lookup().findVarHandle(Gate.class, "waiters", Waiter.class);
            SPINNER = MethodHandles.lookup().findVarHandle(Gate.class, "spinner", Thread.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final class Waiter {
        final long target;
        final Thread thread;
        volatile boolean done;

        @Nullable
        Waiter next;

        Waiter(long target, Thread thread) {
            this.target = target;
            this.thread = thread;
        }
    }

    private volatile long value;
    private volatile @Nullable Supplier<? extends RuntimeException> failure;
    private volatile @Nullable Waiter waiters;

    static {
        // Links the call sites, which allocates, before a failure has to wake waiters when memory has run out.
        new Gate(0).wake();
    }

    /** The thread that spins. At most one spins at a time, so waiting costs at most one core. */
    @SuppressWarnings("unused") // accessed through SPINNER
    private volatile @Nullable Thread spinner;

    Gate(long value) {
        this.value = value;
    }

    long value() {
        return value;
    }

    /** Releases all threads that wait for this value or a lower one. */
    void open(long newValue) {
        value = newValue;
        if (waiters != null) {
            wake();
        }
    }

    /** Releases all present and future waiters; those whose value was not reached receive an exception each. */
    void fail(Supplier<? extends RuntimeException> cause) {
        failure = cause;
        wake();
    }

    private void wake() {
        @Nullable Waiter waiter = (Waiter) WAITERS.getAndSet(this, null);
        while (waiter != null) {
            @Nullable Waiter next = waiter.next;
            if (!waiter.done) {
                if (!isOver(waiter)) {
                    push(waiter);
                }
                // Checked again after the push: while the waiter was not in the stack, an opener may have missed it.
                if (isOver(waiter)) {
                    LockSupport.unpark(waiter.thread);
                }
            }
            waiter = next;
        }
    }

    private boolean isOver(Waiter waiter) {
        return waiter.target <= value || failure != null;
    }

    private void push(Waiter waiter) {
        Waiter head;
        do {
            head = waiters;
            waiter.next = head;
        } while (!WAITERS.compareAndSet(this, head, waiter));
    }

    /**
     * Waits until the value is reached. An interrupt does not end the wait; it stays pending.
     *
     * @param timeoutNanos the longest time to wait; {@link Long#MAX_VALUE} to wait indefinitely
     * @return whether the value was reached
     * @throws RuntimeException the failure of the gate, if the value was not reached before
     */
    boolean await(long target, long timeoutNanos) {
        return await(target, timeoutNanos, false);
    }

    /** Does the same, but an interrupt, which stays pending, ends the wait. */
    boolean awaitUnlessInterrupted(long target, long timeoutNanos) {
        return await(target, timeoutNanos, true);
    }

    private boolean await(long target, long timeoutNanos, boolean untilInterrupt) {
        if (value >= target) {
            return true;
        }
        boolean unlimited = timeoutNanos == Long.MAX_VALUE;
        long deadline = System.nanoTime() + timeoutNanos;
        if (Threads.MAY_SPIN && timeoutNanos > SPIN_NANOS && spin(target)) {
            return true;
        }
        return park(target, unlimited, deadline, untilInterrupt);
    }

    private boolean spin(long target) {
        if (waiters != null || !SPINNER.compareAndSet(this, null, Thread.currentThread())) {
            return false;
        }
        try {
            long end = System.nanoTime() + SPIN_NANOS;
            // Only while there is no other waiter: otherwise another thread needs the core more.
            while (waiters == null && failure == null && System.nanoTime() - end < 0) {
                for (int i = 0; i < 16; i++) {
                    if (value >= target) {
                        return true;
                    }
                    Thread.onSpinWait();
                }
            }
            return value >= target;
        } finally {
            spinner = null;
        }
    }

    private boolean park(long target, boolean unlimited, long deadline, boolean untilInterrupt) {
        Waiter waiter = new Waiter(target, Thread.currentThread());
        push(waiter);
        boolean interrupted = false;
        try {
            while (value < target) {
                Supplier<? extends RuntimeException> cause = failure;
                if (cause != null) {
                    // Checked again: the value may have been reached just before the failure.
                    if (value >= target) {
                        return true;
                    }
                    throw cause.get();
                }
                long left = unlimited ? Long.MAX_VALUE : deadline - System.nanoTime();
                if (left <= 0 || (untilInterrupt && interrupted)) {
                    return false;
                }
                LockSupport.parkNanos(this, Math.min(left, Threads.LONGEST_PARK_NANOS));
                // Cleared, because with a pending interrupt every further park would return at once.
                interrupted |= Thread.interrupted();
            }
            return true;
        } finally {
            waiter.done = true;
            if (value < target && failure == null) {
                // Removes waiters that timed out, so that the stack does not grow while nothing is committed.
                wake();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
