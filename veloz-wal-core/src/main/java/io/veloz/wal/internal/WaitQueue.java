package io.veloz.wal.internal;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Threads that wait for a condition, first in, first out. A wake-up may fail with {@link StackOverflowError} or
 * {@link OutOfMemoryError}, so a waiting thread also checks its condition every {@link #LONGEST_WAIT_NANOS}.
 *
 * <p>No wake-up is lost otherwise: a thread adds itself and then checks the condition; a thread that makes the condition
 * true does so and then removes and wakes a waiter. A waiting virtual thread does not pin its carrier.
 */
public final class WaitQueue {
    private static final long LONGEST_WAIT_NANOS = 50_000_000;

    private static final class Waiter {
        final Thread thread = Thread.currentThread();

        /** Whether it is in the queue: false once it was removed to wake it. */
        volatile boolean queued;
    }

    private final ConcurrentLinkedQueue<Waiter> waiters = new ConcurrentLinkedQueue<>();

    /**
     * Waits until an attempt succeeds, and returns false if the timeout expires before. An interrupt does not end the wait and
     * stays pending.
     *
     * @param attempt checks the condition, and takes what it waits for: a lock, or a place
     * @param timeoutNanos the longest time to wait; {@link Long#MAX_VALUE} to wait indefinitely
     */
    public boolean await(BooleanSupplier attempt, long timeoutNanos) {
        if (attempt.getAsBoolean()) {
            return true;
        }
        long begin = System.nanoTime();
        boolean interrupted = false;
        boolean succeeded = false;
        Waiter waiter = new Waiter();
        try {
            while (true) {
                if (!waiter.queued) {
                    waiter.queued = true;
                    waiters.add(waiter);
                }
                succeeded = attempt.getAsBoolean();
                if (succeeded) {
                    return true;
                }
                long left = timeoutNanos - (System.nanoTime() - begin);
                if (left <= 0) {
                    return false;
                }
                LockSupport.parkNanos(this, Math.min(left, LONGEST_WAIT_NANOS));
                interrupted |= Thread.interrupted();
            }
        } finally {
            try {
                leave(waiter, succeeded, interrupted);
            } catch (StackOverflowError e) {
                // The caller must learn that it has the lock, or it would never release it. A wake-up of this waiter is
                // lost.
            }
        }
    }

    private void leave(Waiter waiter, boolean succeeded, boolean interrupted) {
        if (waiter.queued) {
            waiters.remove(waiter);
        } else if (!succeeded) {
            // It was woken, but does not take what it waited for, so the next waiter must be woken.
            wakeNext();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Wakes the thread that has waited longest. Called after its condition may have become true. */
    public void wakeNext() {
        var unused = wakeOne();
    }

    /** Wakes all threads. Called after the condition of all has become true. */
    public void wakeAll() {
        while (wakeOne()) {}
    }

    private boolean wakeOne() {
        var next = waiters.poll();
        if (next == null) {
            return false;
        }
        next.queued = false;
        LockSupport.unpark(next.thread);
        return true;
    }
}
