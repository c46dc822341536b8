package io.veloz.wal;

import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.internal.replay.DurableLimit;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * The open log as its own readers see it: what is durable, and whether more is to come. Any thread may use it.
 */
final class Reading implements WalReader.Writer, DurableLimit.WriterProbe {
    /** So long a reader sleeps at a time when the log has ended. */
    private static final long AFTER_END_NANOS = 5_000_000;

    private final LogWriter writer;
    private final BooleanSupplier closed;

    Reading(LogWriter writer, BooleanSupplier closed) {
        this.writer = writer;
        this.closed = closed;
    }

    @Override
    public boolean lives() {
        return !closed.getAsBoolean();
    }

    @Override
    public long durableSequence() {
        return writer.durableSequence();
    }

    @Override
    public void awaitDurable(long sequence, long timeoutNanos) {
        try {
            if (lives() && writer.awaitDurable(sequence, timeoutNanos)) {
                return;
            }
        } catch (WalFailedException e) {
            // The failure is for those who append. What is durable can be read all the same.
        }
        if (!lives() || writer.hasFailed()) {
            // Nothing will come, but the reader has promised to wait.
            LockSupport.parkNanos(this, Math.min(timeoutNanos, AFTER_END_NANOS));
        }
    }

    /** So long a time that it does not fit is for ever. */
    static long nanos(Duration timeout) {
        try {
            return timeout.toNanos();
        } catch (ArithmeticException e) {
            return timeout.isNegative() ? 0 : Long.MAX_VALUE;
        }
    }
}
