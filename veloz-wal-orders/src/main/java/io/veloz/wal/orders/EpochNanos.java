package io.veloz.wal.orders;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Conversion between nanoseconds since 1970, as stored in the log, and {@link Instant}. Stateless and thread-safe. */
final class EpochNanos {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private EpochNanos() {}

    /** Returns the time; empty for 0 or less, which means "not known". */
    static Optional<Instant> toInstant(long nanos) {
        return nanos <= 0
                ? Optional.empty()
                : Optional.of(Instant.ofEpochSecond(nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND));
    }

    /** Throws {@link IllegalArgumentException} if the time is null or outside of the range of a {@code long}. */
    static long of(String field, @Nullable Instant time) {
        Instant present = OrderText.requirePresent(field, time);
        try {
            return ChronoUnit.NANOS.between(Instant.EPOCH, present);
        } catch (ArithmeticException | DateTimeException e) {
            throw new IllegalArgumentException(field + " " + present + ": expected a time from 1677 to 2262", e);
        }
    }
}
