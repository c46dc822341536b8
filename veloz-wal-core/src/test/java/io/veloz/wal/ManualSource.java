package io.veloz.wal;

import java.time.Duration;

/** A condition for the outputs of a gate that a test moves. Thread-safe. */
final class ManualSource implements OutputGate.Source {
    private final Duration roomTimeout;
    private final Duration closeTimeout;
    private long last;
    private long passed;
    private RuntimeException failure;

    ManualSource(Duration closeTimeout) {
        this(Duration.ofMillis(5), closeTimeout);
    }

    ManualSource(Duration roomTimeout, Duration closeTimeout) {
        this.roomTimeout = roomTimeout;
        this.closeTimeout = closeTimeout;
    }

    synchronized long append() {
        return ++last;
    }

    synchronized void pass(long sequence) {
        passed = Math.max(passed, sequence);
        notifyAll();
    }

    /** Fails every record that has not passed. */
    synchronized void fail(RuntimeException value) {
        failure = value;
        notifyAll();
    }

    @Override
    public synchronized long lastSequence() {
        return last;
    }

    @Override
    public synchronized boolean awaitPassed(long sequence, Duration timeout) {
        long end = System.nanoTime() + timeout.toNanos();
        while (passed < sequence) {
            if (failure != null) {
                throw failure;
            }
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            try {
                wait(left / 1_000_000 + 1);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        return true;
    }

    @Override
    public Duration roomTimeout() {
        return roomTimeout;
    }

    @Override
    public Duration closeTimeout() {
        return closeTimeout;
    }

    @Override
    public String describe() {
        return "manual";
    }
}
