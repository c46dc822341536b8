package io.veloz.wal.archive.internal.ship;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Lets threads wait for something that others change. Any thread may call any method; no monitor is held while one waits, so
 * that a virtual thread is not pinned. An interrupt of a waiter is kept for later.
 *
 * <p>Time passes here and nowhere else in the shipper: tests put a signal in its place whose time they move themselves.
 */
public class Signal {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** As {@link System#nanoTime}. */
    public long nanoTime() {
        return System.nanoTime();
    }

    /** Something has changed. */
    public void raise() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether it has come true in time. It is looked at after every {@link #raise}. */
    public boolean await(BooleanSupplier condition, long timeoutNanos) {
        long end = System.nanoTime() + timeoutNanos;
        boolean forever = timeoutNanos == Long.MAX_VALUE;
        boolean interrupted = false;
        lock.lock();
        try {
            while (!condition.getAsBoolean()) {
                long left = forever ? Long.MAX_VALUE : end - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                try {
                    var unused = changed.await(left, TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return true;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
