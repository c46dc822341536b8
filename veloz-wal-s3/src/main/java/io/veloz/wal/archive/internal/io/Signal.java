package io.veloz.wal.archive.internal.io;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Lets threads wait for a condition that other threads change. Thread-safe. Waiting holds no monitor, so it does not pin a
 * virtual thread. An interrupt does not end a wait and stays pending.
 *
 * <p>All waiting of the shipper goes through this class, so a test can replace it by one with a simulated clock.
 */
public class Signal {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** Returns the time, as {@link System#nanoTime} does. */
    public long nanoTime() {
        return System.nanoTime();
    }

    /** Makes all waiting threads evaluate their conditions again. */
    public void raise() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until a condition is true, which is evaluated after every {@link #raise}.
     *
     * @param timeoutNanos {@link Long#MAX_VALUE} for no timeout
     * @return whether the condition became true before the timeout
     */
    public boolean await(BooleanSupplier condition, long timeoutNanos) {
        long end = System.nanoTime() + timeoutNanos;
        boolean unlimited = timeoutNanos == Long.MAX_VALUE;
        boolean interrupted = false;
        lock.lock();
        try {
            while (!condition.getAsBoolean()) {
                long left = unlimited ? Long.MAX_VALUE : end - System.nanoTime();
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
