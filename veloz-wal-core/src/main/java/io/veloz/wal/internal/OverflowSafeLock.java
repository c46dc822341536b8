package io.veloz.wal.internal;

import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.BooleanSupplier;
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
 * <p>Waiting threads retry at intervals in case the call of {@code wakeNext} failed. Not reentrant and not fair. A waiting
 * virtual thread does not pin its carrier.
 */
public final class OverflowSafeLock {
    private static final AtomicReferenceFieldUpdater<OverflowSafeLock, Thread> OWNER =
            AtomicReferenceFieldUpdater.newUpdater(OverflowSafeLock.class, Thread.class, "owner");

    /** Written only by the thread that has the lock, and only to release it. */
    public volatile @Nullable Thread owner;

    private final WaitQueue waiters = new WaitQueue();
    private final BooleanSupplier attempt = this::tryLock;

    public boolean isHeldByCurrentThread() {
        return owner == Thread.currentThread();
    }

    public boolean tryLock() {
        return OWNER.compareAndSet(this, null, Thread.currentThread());
    }

    /** Waits for the lock. An interrupt does not end the wait and stays pending. */
    public void lock() {
        while (!tryLock(Long.MAX_VALUE)) {}
    }

    /** Waits for the lock as {@link #lock} does. Returns false if the timeout expires. */
    public boolean tryLock(long timeoutNanos) {
        return waiters.await(attempt, timeoutNanos);
    }

    /** Called after the release. */
    public void wakeNext() {
        waiters.wakeNext();
    }
}
