package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.store.StoreDeniedException;
import java.util.random.RandomGenerator;

/**
 * How long to wait after failures: any time up to a limit that doubles with each, so that many clients of a store that
 * comes back do not all come at once. Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015. It
 * belongs to one thread.
 */
public final class Backoff {
    private static final long FIRST_NANOS = 100_000_000;
    private static final long LONGEST_NANOS = 20_000_000_000L;
    private static final long DENIED_FIRST_NANOS = 2_000_000_000L;
    private static final long DENIED_LONGEST_NANOS = 60_000_000_000L;

    private final RandomGenerator random;
    private int failures;

    public Backoff(RandomGenerator random) {
        this.random = random;
    }

    /** After another failure. Where a person has to act first the waits are longer. */
    public long nanosAfter(Exception failure) {
        boolean denied = failure instanceof StoreDeniedException;
        long first = denied ? DENIED_FIRST_NANOS : FIRST_NANOS;
        long longest = denied ? DENIED_LONGEST_NANOS : LONGEST_NANOS;
        long limit = Math.min(longest, first << Math.min(failures, 10));
        failures++;
        return random.nextLong(limit) + 1;
    }

    public void succeeded() {
        failures = 0;
    }
}
