package io.veloz.wal.orders;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Bounds the number of pending events: each holds one permit. Thread-safe. */
final class EventPermits {
    private final int limit;
    private final AtomicLong acquired = new AtomicLong();

    /** For waiting only. Not a monitor, so that a waiting virtual thread does not pin its carrier. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition released = lock.newCondition();
    private final AtomicInteger waiting = new AtomicInteger();

    EventPermits(int limit) {
        this.limit = limit;
    }

    int limit() {
        return limit;
    }

    long acquired() {
        return acquired.get();
    }

    /** Acquires permits without waiting. A group larger than the limit succeeds when no other event is pending. */
    boolean tryAcquire(int count) {
        while (true) {
            long now = acquired.get();
            if (now != 0 && now + count > limit) {
                return false;
            }
            if (acquired.compareAndSet(now, now + count)) {
                return true;
            }
        }
    }

    /** Waits for permits. Returns false if the timeout expires. An interrupt does not end the wait and stays pending. */
    boolean acquire(int count, long timeoutNanos) {
        boolean interrupted = false;
        long deadline = System.nanoTime() + timeoutNanos;
        lock.lock();
        try {
            // Incremented before the permits are checked: a release after that check sees the waiter.
            waiting.incrementAndGet();
            while (!tryAcquire(count)) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                try {
                    var unused = released.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return true;
        } finally {
            waiting.decrementAndGet();
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    void release(int count) {
        acquired.addAndGet(-count);
        if (waiting.get() > 0) {
            lock.lock();
            try {
                released.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
