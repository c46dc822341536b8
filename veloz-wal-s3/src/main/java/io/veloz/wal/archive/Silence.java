package io.veloz.wal.archive;

import io.veloz.wal.archive.internal.follow.Follower;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How long a follower has seen no slot. Only requests that succeed count, so a follower that is cut off from the store itself
 * does not take its writer for dead. {@link #stepped} is called by the thread of the follower, the others by any thread.
 */
final class Silence {
    private final Follower follower;
    private final Duration configured;
    private final LongSupplier nanoTime;
    private volatile long slot;

    /** When the last slot was applied, or following began. */
    private volatile long slotAt;

    /** When the store last showed that there is no further slot. */
    private volatile long absentAt;

    private volatile @Nullable Instant endedAt;

    /** Whether the end of the writer of the last slot was looked up. */
    private boolean isEndRead;

    Silence(Follower follower, Duration configured, LongSupplier nanoTime) {
        this.follower = follower;
        this.configured = configured;
        this.nanoTime = nanoTime;
        this.slot = follower.state().place().slot().number();
        this.slotAt = nanoTime.getAsLong();
        this.absentAt = slotAt;
    }

    /** A step of the follower has succeeded. If the writer is silent, reads once whether it has ended on purpose. */
    void stepped(Follower.Step step) throws IOException {
        long now = nanoTime.getAsLong();
        long number = follower.state().place().slot().number();
        if (number != slot) {
            slot = number;
            slotAt = now;
            absentAt = now;
            endedAt = null;
            isEndRead = false;
        }
        if (step == Follower.Step.MORE) {
            return;
        }
        // Order matters: a status must not report a dead writer before its end was looked up.
        if (!isEndRead && FollowerStatus.isSilent(beatInterval(), Duration.ofNanos(now - slotAt))) {
            endedAt = follower.endedAt().orElse(null);
            isEndRead = true;
        }
        absentAt = now;
    }

    /** Returns the time within which a slot is expected; empty if it is not known. */
    Optional<Duration> beatInterval() {
        long observed = follower.beatMillis();
        Duration interval = observed > 0 ? Duration.ofMillis(observed) : configured;
        return interval.isZero() ? Optional.empty() : Optional.of(interval);
    }

    Duration length() {
        return Duration.ofNanos(Math.max(0, absentAt - slotAt));
    }

    Optional<Instant> endedAt() {
        return Optional.ofNullable(endedAt);
    }
}
