package io.veloz.wal.orders;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A lock whose release cannot fail. {@link java.util.concurrent.locks.ReentrantLock#unlock} may throw
 * {@link StackOverflowError}, and then the lock is never released. This lock is released by a write to a field:
 *
 * <pre>{@code
 * lock.lock();
 * try {
 *     ...
 * } finally {
 *     lock.owner = null;
 *     lock.wakeNext();
 * }
 * }</pre>
 *
 * <p>Waiting threads retry after {@link #LONGEST_WAIT_NANOS} in case the call of {@code wakeNext} failed. Not reentrant and
 * not fair. A waiting virtual thread does not pin its carrier.
 */
final class OverflowSafeLock {
    private static final long LONGEST_WAIT_NANOS = 50_000_000;

    private static final AtomicReferenceFieldUpdater<OverflowSafeLock, Thread> OWNER =
            AtomicReferenceFieldUpdater.newUpdater(OverflowSafeLock.class, Thread.class, "owner");

    private static final class Waiter {
        final Thread thread = Thread.currentThread();

        /** Whether it is in the queue: false once the owner has removed it to wake it. */
        volatile boolean queued;
    }

    volatile @Nullable Thread owner;

    private final ConcurrentLinkedQueue<Waiter> waiters = new ConcurrentLinkedQueue<>();

    boolean isHeldByCurrentThread() {
        return owner == Thread.currentThread();
    }

    boolean tryLock() {
        return OWNER.compareAndSet(this, null, Thread.currentThread());
    }

    /** Waits for the lock. An interrupt does not end the wait and stays pending. */
    void lock() {
        while (!tryLock(Long.MAX_VALUE)) {}
    }

    /** Waits for the lock as {@link #lock} does. Returns false if the timeout expires. */
    boolean tryLock(long timeoutNanos) {
        return tryLock() || await(timeoutNanos);
    }

    private boolean await(long timeoutNanos) {
        long begin = System.nanoTime();
        boolean interrupted = false;
        Waiter waiter = new Waiter();
        try {
            while (true) {
                if (!waiter.queued) {
                    waiter.queued = true;
                    waiters.add(waiter);
                }
                // Only after it is in the queue: an owner that releases the lock from here on wakes it.
                if (tryLock()) {
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
            if (waiter.queued) {
                waiters.remove(waiter);
            } else if (owner == null) {
                // It was woken but does not acquire the lock, so the next waiter must be woken.
                wakeNext();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Called after the release. */
    void wakeNext() {
        @Nullable Waiter next = waiters.poll();
        if (next != null) {
            next.queued = false;
            LockSupport.unpark(next.thread);
        }
    }
}
