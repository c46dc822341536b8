package io.veloz.wal.internal.commit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A number that only grows, for which threads can wait. One thread opens it; any thread waits.
 *
 * <p>Waiters stand in a lock-free stack. No wake-up is lost: a waiter pushes itself and then looks at the value; the
 * opener stores the value and then takes the stack. All four are volatile, so one of them sees the other. Who takes the
 * stack and puts a waiter back looks once more, for the same reason. No monitor is held while a thread waits, so a virtual
 * thread is not pinned.
 */
final class Gate {
    /** How long a lone waiter looks at the value before it parks: about as long as a force takes on a good disk. */
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
        volatile boolean gone;

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
        // Links the calls, which takes memory, before a failure that has none makes them.
        new Gate(0).wake();
    }

    /** At most one thread spins for each gate, so that waiting costs at most one core. */
    @SuppressWarnings("unused") // through SPINNER
    private volatile @Nullable Thread spinner;

    Gate(long value) {
        this.value = value;
    }

    long value() {
        return value;
    }

    /** Lets everybody through who waits for this value or less. */
    void open(long newValue) {
        value = newValue;
        if (waiters != null) {
            wake();
        }
    }

    /** Lets everybody through, for good; those whose value was not reached get a failure each. */
    void fail(Supplier<? extends RuntimeException> cause) {
        failure = cause;
        wake();
    }

    private void wake() {
        @Nullable Waiter waiter = (Waiter) WAITERS.getAndSet(this, null);
        while (waiter != null) {
            @Nullable Waiter next = waiter.next;
            if (!waiter.gone) {
                if (!isOver(waiter)) {
                    push(waiter);
                }
                // Also after the push: while the waiter was in our hands, an opener may have found the stack empty.
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
     * Waits until the value is reached, and does not give up when the thread is interrupted: the interrupt is kept.
     *
     * @param timeoutNanos how long at the most; {@link Long#MAX_VALUE} for ever
     * @return whether it was reached
     * @throws RuntimeException what the gate failed with, if the value was not reached before
     */
    boolean await(long target, long timeoutNanos) {
        if (value >= target) {
            return true;
        }
        boolean forever = timeoutNanos == Long.MAX_VALUE;
        long deadline = System.nanoTime() + timeoutNanos;
        if (Threads.MAY_SPIN && timeoutNanos > SPIN_NANOS && spin(target)) {
            return true;
        }
        return park(target, forever, deadline);
    }

    private boolean spin(long target) {
        if (waiters != null || !SPINNER.compareAndSet(this, null, Thread.currentThread())) {
            return false;
        }
        try {
            long end = System.nanoTime() + SPIN_NANOS;
            // Only as long as nobody else waits: then the others need the core more.
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

    private boolean park(long target, boolean forever, long deadline) {
        Waiter waiter = new Waiter(target, Thread.currentThread());
        push(waiter);
        boolean interrupted = false;
        try {
            while (value < target) {
                Supplier<? extends RuntimeException> cause = failure;
                if (cause != null) {
                    // Once more: the value may have been reached just before the failure.
                    if (value >= target) {
                        return true;
                    }
                    throw cause.get();
                }
                long left = forever ? Long.MAX_VALUE : deadline - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                LockSupport.parkNanos(this, Math.min(left, Threads.LONGEST_PARK_NANOS));
                // A pending interrupt would make park return at once, for ever.
                interrupted |= Thread.interrupted();
            }
            return true;
        } finally {
            waiter.gone = true;
            if (value < target && failure == null) {
                // Takes those who gave up out of the stack, so that it does not grow while nothing is committed.
                wake();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
