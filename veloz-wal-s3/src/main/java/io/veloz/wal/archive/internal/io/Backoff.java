package io.veloz.wal.archive.internal.io;

import io.veloz.wal.archive.store.StoreDeniedException;
import java.util.random.RandomGenerator;

/**
 * Exponential backoff with full jitter: a random delay up to a limit that doubles with each failure. The jitter spreads the
 * retries of many clients after an outage. Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015.
 * An instance is confined to one thread.
 */
public final class Backoff {
    private static final long FIRST_NANOS = 100_000_000;
    private static final long MAX_NANOS = 20_000_000_000L;
    private static final long DENIED_FIRST_NANOS = 2_000_000_000L;
    private static final long DENIED_MAX_NANOS = 60_000_000_000L;
    private static final int MAX_DOUBLINGS = 10;

    private final RandomGenerator random;
    private int failures;

    public Backoff(RandomGenerator random) {
        this.random = random;
    }

    /** Returns the delay before the next retry. Delays are longer if access was denied, which an operator has to correct. */
    public long nanosAfter(Exception failure) {
        boolean denied = failure instanceof StoreDeniedException;
        long first = denied ? DENIED_FIRST_NANOS : FIRST_NANOS;
        long max = denied ? DENIED_MAX_NANOS : MAX_NANOS;
        return jitter(random, first, max, failures++);
    }

    /** Returns the delay after a number of earlier failures, for a caller that counts its attempts itself. */
    public static long nanosAfter(RandomGenerator random, int failures) {
        return jitter(random, FIRST_NANOS, MAX_NANOS, failures);
    }

    private static long jitter(RandomGenerator random, long first, long max, int failures) {
        long limit = Math.min(max, first << Math.min(failures, MAX_DOUBLINGS));
        return random.nextLong(limit) + 1;
    }

    /** Resets the delay to its shortest. */
    public void succeeded() {
        failures = 0;
    }
}
