package io.veloz.wal.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.veloz.wal.Wal;
import io.veloz.wal.WalStats;
import java.util.function.ToDoubleFunction;

/**
 * Binds the counters of a log to a Micrometer registry. Any thread may bind it, once per registry.
 *
 * <p>The metric names "entries", "rotations" and "corrupted_entries" are those that the documents of VeloZ promise.
 * They mean records and rolls. A registry for Prometheus adds "_total" to counters. Times are in seconds.
 * docs/operations.md describes the alerts.
 */
public final class WalMetrics implements MeterBinder {
    private final Wal wal;
    private final Tags tags;

    /** Creates a binder without tags. */
    public WalMetrics(Wal wal) {
        this(wal, Tags.empty());
    }

    /** Creates a binder with tags for all meters, which distinguish the logs of a process. */
    public WalMetrics(Wal wal, Tags tags) {
        this.wal = wal;
        this.tags = tags;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        counter(registry, "veloz_wal_entries_written", "records written", WalStats::recordsWritten);
        counter(registry, "veloz_wal_bytes_written", "bytes written, including framing", WalStats::bytesWritten);
        counter(registry, "veloz_wal_rotations", "segments sealed", WalStats::rolls);
        counter(
                registry,
                "veloz_wal_corrupted_entries",
                "records found damaged or missing when the log was opened",
                WalStats::corruptedRecords);
        counter(registry, "veloz_wal_batches", "group commits", WalStats::batches);
        counter(registry, "veloz_wal_forces", "forces (fsync) of data", WalStats::forces);
        counter(
                registry,
                "veloz_wal_stalls",
                "segments that were prepared so late that commits or appends waited",
                WalStats::stalls);
        counter(
                registry,
                "veloz_wal_stalled_seconds",
                "time in which commits or appends waited for the next segment",
                s -> seconds(s.stalledNanos()));
        counter(
                registry,
                "veloz_wal_slow_commits",
                "commits that took as long as slowCommitThreshold",
                WalStats::slowCommits);
        gauge(registry, "veloz_wal_last_sequence", "last sequence assigned to a record", WalStats::lastSequence);
        gauge(registry, "veloz_wal_durable_sequence", "last durable sequence", WalStats::durableSequence);
        gauge(registry, "veloz_wal_durable_lag", "records that are not durable yet", WalStats::durableLag);
        gauge(registry, "veloz_wal_buffered_bytes", "bytes in the append buffer", WalStats::bufferedBytes);
        gauge(
                registry,
                "veloz_wal_force_p50_seconds",
                "median duration of a force (fsync)",
                s -> seconds(s.forceNanosP50()));
        gauge(
                registry,
                "veloz_wal_force_p99_seconds",
                "99th percentile of the duration of a force (fsync)",
                s -> seconds(s.forceNanosP99()));
        gauge(
                registry,
                "veloz_wal_force_max_seconds",
                "longest duration of a force (fsync)",
                s -> seconds(s.forceNanosMax()));
        gauge(
                registry,
                "veloz_wal_disk_full",
                "1 while the disk has no space for the next segment",
                s -> s.diskFull() ? 1 : 0);
        gauge(registry, "veloz_wal_healthy", "0 when the log has failed permanently", s -> s.failed() ? 0 : 1);
    }

    private void counter(MeterRegistry registry, String name, String what, ToDoubleFunction<WalStats> value) {
        FunctionCounter.builder(name, wal, log -> value.applyAsDouble(log.stats()))
                .description(what)
                .tags(tags)
                .register(registry);
    }

    private void gauge(MeterRegistry registry, String name, String what, ToDoubleFunction<WalStats> value) {
        Gauge.builder(name, wal, log -> value.applyAsDouble(log.stats()))
                .description(what)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }

    private static double seconds(long nanos) {
        return nanos / 1e9;
    }
}
