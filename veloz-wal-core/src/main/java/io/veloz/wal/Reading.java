package io.veloz.wal;

import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.internal.replay.DurableLimit;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** The state of an open log for its own readers: what is durable, and whether it is still open. Any thread may use it. */
final class Reading implements WalReader.Writer, DurableLimit.WriterProbe {
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
            var unused = writer.awaitDurableUnlessInterrupted(sequence, timeoutNanos);
        } catch (WalFailedException e) {
            // No further record will become durable, but those that are can be read, and the contract of the reader is
            // to wait.
            LockSupport.parkNanos(this, timeoutNanos);
        }
    }

    /**
     * Returns the timeout in nanoseconds; {@link Long#MAX_VALUE}, an unlimited wait, if it does not fit. Never negative: the
     * deadline of the most negative one would overflow into a wait of centuries.
     */
    static long nanos(Duration timeout) {
        try {
            return Math.max(0, timeout.toNanos());
        } catch (ArithmeticException e) {
            return timeout.isNegative() ? 0 : Long.MAX_VALUE;
        }
    }
}
