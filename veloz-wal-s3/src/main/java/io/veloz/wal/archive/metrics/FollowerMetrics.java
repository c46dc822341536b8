package io.veloz.wal.archive.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.veloz.wal.archive.ArchiveFollower;
import io.veloz.wal.archive.FollowerStatus;
import java.time.Clock;
import java.time.Duration;
import java.util.function.ToDoubleFunction;

/**
 * Binds the metrics of a standby to a Micrometer registry. Bind it once per registry. Times are in seconds. After the follower
 * has ended the metrics keep their last values, except for times. Thread-safe.
 */
public final class FollowerMetrics implements MeterBinder {
    private final ArchiveFollower follower;
    private final Tags tags;
    private final Clock clock = Clock.systemUTC();

    public FollowerMetrics(ArchiveFollower follower) {
        this(follower, Tags.empty());
    }

    /** Creates metrics with additional tags, which distinguish several standbys in a process. */
    public FollowerMetrics(ArchiveFollower follower, Tags tags) {
        this.follower = follower;
        this.tags = tags;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        gauge(
                registry,
                "veloz_wal_follow_healthy",
                "1 while following, 0 while failing and after the end",
                status -> status.state() == FollowerStatus.State.FOLLOWING ? 1 : 0);
        gauge(
                registry,
                "veloz_wal_follow_caught_up_seconds",
                "time since a list last showed that nothing was missing, -1 if none has",
                this::sinceCaughtUp);
        gauge(
                registry,
                "veloz_wal_follow_lag_seconds",
                "time since the newest applied slot was written",
                status -> status.lag().toNanos() / 1e9);
        gauge(
                registry,
                "veloz_wal_follow_lag_records",
                "archived records that are not applied",
                FollowerStatus::lagRecords);
        gauge(registry, "veloz_wal_follow_applied_sequence", "last applied record", FollowerStatus::appliedSequence);
        gauge(registry, "veloz_wal_follow_epoch", "epoch of the newest applied slot", FollowerStatus::epoch);
    }

    private double sinceCaughtUp(FollowerStatus status) {
        return status.caughtUpAt()
                .map(time -> Duration.between(time, clock.instant()).toNanos() / 1e9)
                .orElse(-1.0);
    }

    private void gauge(MeterRegistry registry, String name, String what, ToDoubleFunction<FollowerStatus> value) {
        Gauge.builder(name, follower, each -> value.applyAsDouble(each.status()))
                .description(what)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }
}
