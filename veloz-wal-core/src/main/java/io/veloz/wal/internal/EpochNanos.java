package io.veloz.wal.internal;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Converts between {@link Instant} and the timestamps of the log: nanoseconds since 1970-01-01T00:00:00Z in a long. */
public final class EpochNanos {
    private static final Instant MIN = toInstant(Long.MIN_VALUE);
    private static final Instant MAX = toInstant(Long.MAX_VALUE);

    private EpochNanos() {}

    /**
     * Returns a time in nanoseconds since 1970.
     *
     * @throws IllegalArgumentException if the nanoseconds do not fit into a long: before 1677 or after 2262
     */
    public static long of(Instant time) {
        return of("time", time);
    }

    /**
     * Returns a time in nanoseconds since 1970.
     *
     * @param name of the argument, for the message
     * @throws IllegalArgumentException if the nanoseconds do not fit into a long: before 1677 or after 2262
     */
    public static long of(String name, Instant time) {
        if (time.isBefore(MIN) || time.isAfter(MAX)) {
            throw new IllegalArgumentException(name + " " + time + ": expected " + MIN + " to " + MAX);
        }
        return Duration.between(Instant.EPOCH, time).toNanos();
    }

    /** Returns the time that is that many nanoseconds after 1970, or before it if negative. */
    public static Instant toInstant(long nanos) {
        return Instant.EPOCH.plusNanos(nanos);
    }

    /** Returns the time; empty for 0 or less, where these mean "not known". */
    public static Optional<Instant> known(long nanos) {
        return nanos <= 0 ? Optional.empty() : Optional.of(toInstant(nanos));
    }
}
