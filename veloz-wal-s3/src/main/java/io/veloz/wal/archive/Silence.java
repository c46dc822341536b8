package io.veloz.wal.archive;

import io.veloz.wal.archive.internal.follow.Follower;
import io.veloz.wal.archive.internal.io.StoppableStore.StoppedException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long a follower has seen no slot. Only requests that succeed count, so a follower that is cut off from the store itself
 * does not take its writer for dead. {@link #stepped} is called by the thread of the follower, the others by any thread.
 */
final class Silence {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal.archive");

    private final Follower follower;
    private final Duration configured;
    private final LongSupplier nanoTime;
    private volatile long slot;

    /** When the last slot was applied, or following began. */
    private volatile long slotAt;

    /** When the store last showed that there is no further slot. */
    private volatile long absentAt;

    private volatile @Nullable Instant endedAt;

    /** The silence after which the end of the writer is looked up; then it doubles, as the end may be recorded later. */
    private long endNanos;

    Silence(Follower follower, Duration configured, LongSupplier nanoTime) {
        this.follower = follower;
        this.configured = configured;
        this.nanoTime = nanoTime;
        this.slot = follower.state().place().slot().number();
        this.slotAt = nanoTime.getAsLong();
        this.absentAt = slotAt;
    }

    /**
     * A step of the follower has succeeded. If the writer is silent, reads at growing intervals whether it has ended on purpose. If
     * that fails, the end counts as not recorded: a follower that may not read it must report a silent writer nevertheless.
     *
     * @throws StoppedException if the follower is stopped
     */
    void stepped(Follower.Step step) throws StoppedException {
        long now = nanoTime.getAsLong();
        long number = follower.state().place().slot().number();
        if (number != slot) {
            slot = number;
            slotAt = now;
            absentAt = now;
            endedAt = null;
            endNanos = 0;
        }
        if (step == Follower.Step.MORE) {
            return;
        }
        // Order matters: a status must not report a dead writer before its end was looked up.
        long silent = now - slotAt;
        if (endedAt == null
                && silent >= endNanos
                && FollowerStatus.isSilent(beatInterval(), Duration.ofNanos(silent))) {
            endedAt = readEnd();
            endNanos = 2 * silent;
        }
        absentAt = now;
    }

    private @Nullable Instant readEnd() throws StoppedException {
        try {
            return follower.endedAt().orElse(null);
        } catch (StoppedException e) {
            throw e;
        } catch (IOException e) {
            LOG.warn("cannot read whether the writer of slot {} has ended: {}", slot, e.getMessage());
            return null;
        }
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
