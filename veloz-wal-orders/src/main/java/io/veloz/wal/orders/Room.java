package io.veloz.wal.orders;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Bounds how many events are pending. Any thread may take and give back room. */
final class Room {
    private final int capacity;
    private final AtomicLong taken = new AtomicLong();

    /** For waiting only. No monitor, so that a virtual thread is not pinned. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition given = lock.newCondition();
    private final AtomicInteger waiting = new AtomicInteger();

    Room(int capacity) {
        this.capacity = capacity;
    }

    int capacity() {
        return capacity;
    }

    long taken() {
        return taken.get();
    }

    /** A group that is larger than all of the room fits when nothing else is pending. */
    boolean tryTake(int count) {
        while (true) {
            long now = taken.get();
            if (now != 0 && now + count > capacity) {
                return false;
            }
            if (taken.compareAndSet(now, now + count)) {
                return true;
            }
        }
    }

    /** As {@link #tryTake}, and waits. An interrupt does not end the wait, and stays pending. */
    boolean take(int count, long timeoutNanos) {
        boolean interrupted = false;
        long deadline = System.nanoTime() + timeoutNanos;
        lock.lock();
        try {
            // Counted before the room is looked at: whoever gives room back after that look sees a waiter.
            waiting.incrementAndGet();
            while (!tryTake(count)) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                try {
                    var unused = given.awaitNanos(left);
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

    void give(int count) {
        taken.addAndGet(-count);
        if (waiting.get() > 0) {
            lock.lock();
            try {
                given.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
