package io.veloz.wal.orders;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The checkpoint thread: writes checkpoints and trims the log when they are due. */
final class CheckpointThread implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");

    private final OrderLog log;
    private final long everyRecords;
    private final long intervalNanos;
    private @Nullable Thread thread;
    private volatile boolean stopping;
    private volatile long appliedSequence;
    private volatile long coveredSequence;

    CheckpointThread(OrderLog log, OrderLogConfig config, long coveredSequence) {
        this.log = log;
        this.everyRecords = config.checkpointEveryRecords();
        this.intervalNanos = config.checkpointInterval().toNanos();
        this.coveredSequence = coveredSequence;
        this.appliedSequence = log.store().appliedSequence();
    }

    void start() {
        if (everyRecords > 0 || intervalNanos > 0) {
            Thread own = new Thread(this, "veloz-orders-checkpoint");
            own.setDaemon(true);
            thread = own;
            own.start();
        }
    }

    /** Called by the thread that applied events up to {@code sequence}. */
    void applied(long sequence) {
        appliedSequence = sequence;
        if (isDueByCount()) {
            LockSupport.unpark(thread);
        }
    }

    private boolean isDueByCount() {
        return everyRecords > 0 && appliedSequence - coveredSequence >= everyRecords;
    }

    /** Waits for a checkpoint in progress, up to the timeout. An interrupt does not end the wait and stays pending. */
    void stop(Duration timeout) {
        stopping = true;
        Thread own = thread;
        if (own == null) {
            return;
        }
        LockSupport.unpark(own);
        long deadline = System.nanoTime() + timeout.toNanos();
        boolean interrupted = false;
        while (own.isAlive() && deadline - System.nanoTime() > 0) {
            try {
                own.join(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run() {
        long due = System.nanoTime() + intervalNanos;
        while (!stopping) {
            boolean byTime = intervalNanos > 0 && System.nanoTime() - due >= 0 && appliedSequence > coveredSequence;
            if (isDueByCount() || byTime) {
                checkpoint();
                due = System.nanoTime() + intervalNanos;
            } else if (intervalNanos > 0) {
                if (System.nanoTime() - due >= 0) {
                    due = System.nanoTime() + intervalNanos;
                }
                LockSupport.parkNanos(this, Math.max(1, due - System.nanoTime()));
            } else {
                LockSupport.park(this);
            }
        }
    }

    private void checkpoint() {
        try {
            // Its own record in the log counts as covered. Otherwise an idle log would write checkpoints indefinitely.
            coveredSequence = log.writeCheckpoint().markSequence();
            log.trim();
        } catch (Throwable t) {
            // Errors too, such as those of a trim guard or an OutOfMemoryError: without checkpoints neither memory nor
            // disk space is bounded.
            coveredSequence = appliedSequence;
            if (!stopping) {
                // No caller waits for the result. The log stays usable, and its next replay takes longer.
                warn(t);
            }
        }
    }

    private void warn(Throwable t) {
        try {
            LOG.warn("{}: writing a checkpoint failed; retrying when the next one is due", log.wal(), t);
        } catch (Throwable loggingFailed) {
            // Usually an OutOfMemoryError. The thread must keep running.
        }
    }
}
