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
 * Binds a log's counters to a Micrometer registry. Any thread may bind it, once per registry.
 *
 * <p>The names are those that VeloZ's documents promise, and what an operator needs beside them; a registry for Prometheus
 * adds "_total" to counters. docs/operations.md says what to watch. Times are in seconds.
 */
public final class WalMetrics implements MeterBinder {
    private final Wal wal;
    private final Tags tags;

    public WalMetrics(Wal wal) {
        this(wal, Tags.empty());
    }

    /** With tags for all meters, to tell several logs in a process apart. */
    public WalMetrics(Wal wal, Tags tags) {
        this.wal = wal;
        this.tags = tags;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        counter(registry, "veloz_wal_entries_written", "records written", WalStats::recordsWritten);
        counter(registry, "veloz_wal_bytes_written", "bytes written, with all framing", WalStats::bytesWritten);
        counter(registry, "veloz_wal_rotations", "segments sealed", WalStats::rolls);
        counter(
                registry,
                "veloz_wal_corrupted_entries",
                "records found damaged or missing at the open",
                WalStats::corruptedRecords);
        counter(registry, "veloz_wal_batches", "group commits", WalStats::batches);
        counter(registry, "veloz_wal_forces", "forces of data to disk", WalStats::forces);
        counter(registry, "veloz_wal_stalls", "commits that waited for the next segment", WalStats::stalls);
        counter(registry, "veloz_wal_stalled_seconds", "time commits waited for it", s -> seconds(s.stalledNanos()));
        gauge(registry, "veloz_wal_last_sequence", "last sequence given to a record", WalStats::lastSequence);
        gauge(registry, "veloz_wal_durable_sequence", "last sequence on disk", WalStats::durableSequence);
        gauge(registry, "veloz_wal_durable_lag", "records with a sequence that are not on disk", WalStats::durableLag);
        gauge(registry, "veloz_wal_buffered_bytes", "bytes in the append buffer", WalStats::bufferedBytes);
        gauge(registry, "veloz_wal_force_p50_seconds", "median time of a force", s -> seconds(s.forceNanosP50()));
        gauge(registry, "veloz_wal_force_p99_seconds", "99th percentile of it", s -> seconds(s.forceNanosP99()));
        gauge(registry, "veloz_wal_force_max_seconds", "longest force", s -> seconds(s.forceNanosMax()));
        gauge(
                registry,
                "veloz_wal_disk_full",
                "1 while there is no room for the next segment",
                s -> s.diskFull() ? 1 : 0);
        gauge(registry, "veloz_wal_healthy", "0 when the log has failed for good", s -> s.failed() ? 0 : 1);
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
