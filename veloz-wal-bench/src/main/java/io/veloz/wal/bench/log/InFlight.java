package io.veloz.wal.bench.log;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Counts the records that an asynchronous log has accepted and not made durable, for {@link MeasuredLog#sync} and as a bound where
 * the log has none. One thread appends; any thread reports.
 */
public final class InFlight {
    private static final int LIMIT = 4096;
    private static final long CHECK_NANOS = 10_000_000;

    private final AtomicLong durable = new AtomicLong();
    private final AtomicLong waitsFor = new AtomicLong(Long.MAX_VALUE);
    private volatile @Nullable Thread waiting;
    private volatile @Nullable Throwable failure;
    private long appended;

    /** Counts a record that will be appended; waits while the log has as many as it may. */
    public void begin() throws IOException {
        if (appended - durable.get() >= LIMIT) {
            // Continues when half are durable, so that a wake-up is paid for many records.
            await(appended - LIMIT / 2);
        }
        appended++;
    }

    /** Reports that one record is durable. */
    public void end() {
        if (durable.incrementAndGet() == waitsFor.get()) {
            LockSupport.unpark(waiting);
        }
    }

    /** Reports that a record is not durable. */
    public void fail(Throwable cause) {
        failure = cause;
        LockSupport.unpark(waiting);
    }

    /** Returns when every record is durable. */
    public void awaitAll() throws IOException {
        await(appended);
    }

    private void await(long count) throws IOException {
        waiting = Thread.currentThread();
        waitsFor.set(count);
        while (durable.get() < count) {
            if (failure != null) {
                throw new IOException("append failed", failure);
            }
            LockSupport.parkNanos(this, CHECK_NANOS);
        }
        waitsFor.set(Long.MAX_VALUE);
    }
}
