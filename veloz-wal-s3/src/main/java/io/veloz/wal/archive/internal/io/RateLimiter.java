package io.veloz.wal.archive.internal.io;

import java.io.IOException;
import java.util.function.BooleanSupplier;

/** Limits the number of bytes per second that all its callers transfer together. Thread-safe. */
public final class RateLimiter {
    /** A limiter that never delays. */
    public static final RateLimiter UNLIMITED = new RateLimiter(Long.MAX_VALUE);

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final long bytesPerSecond;
    private final Signal signal;
    private final BooleanSupplier cancelled;
    private long freeAt;

    public RateLimiter(long bytesPerSecond) {
        this(bytesPerSecond, new Signal(), () -> false);
    }

    /**
     * @param bytesPerSecond {@link Long#MAX_VALUE} for no limit
     * @param signal raised when {@code cancelled} has become true
     * @param cancelled whether transfers have to stop
     */
    public RateLimiter(long bytesPerSecond, Signal signal, BooleanSupplier cancelled) {
        this.bytesPerSecond = bytesPerSecond;
        this.signal = signal;
        this.cancelled = cancelled;
        this.freeAt = signal.nanoTime();
    }

    /**
     * Waits until the transfer of that many bytes is within the limit. Bandwidth that is not used is lost, so that no burst
     * follows a pause.
     *
     * @throws IOException if transfers were cancelled
     */
    public void acquire(long bytes) throws IOException {
        if (cancelled.getAsBoolean()) {
            throw cancelled();
        }
        if (bytesPerSecond == Long.MAX_VALUE) {
            return;
        }
        long waitNanos;
        synchronized (this) {
            long now = signal.nanoTime();
            freeAt = (freeAt - now < 0 ? now : freeAt) + (long) ((double) bytes * NANOS_PER_SECOND / bytesPerSecond);
            waitNanos = freeAt - now;
        }
        if (signal.await(cancelled, waitNanos)) {
            throw cancelled();
        }
    }

    private static IOException cancelled() {
        return new IOException("transfer cancelled: the shipper is being closed");
    }
}
