package io.veloz.wal.http;

import io.veloz.wal.WalStats;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * The metrics of a log, under the names that {@link io.veloz.wal.metrics.WalMetrics} has in Prometheus. A log that this
 * process has not opened has only its position and whether it is usable. Stateless.
 */
final class LogMetrics {
    private record Metric(String name, String type, String help, ToDoubleFunction<WalStats> value) {}

    private static final String LAST_SEQUENCE = "veloz_wal_last_sequence";
    private static final String LAST_SEQUENCE_HELP = "last sequence assigned to a record";
    private static final String DURABLE_SEQUENCE = "veloz_wal_durable_sequence";
    private static final String DURABLE_SEQUENCE_HELP = "last durable sequence";
    private static final String HEALTHY = "veloz_wal_healthy";
    private static final String HEALTHY_HELP = "0 when the log has failed permanently";

    private static final List<Metric> METRICS = List.of(
            counter("veloz_wal_entries_written_total", "records written", WalStats::recordsWritten),
            counter("veloz_wal_bytes_written_total", "bytes written, including framing", WalStats::bytesWritten),
            counter("veloz_wal_rotations_total", "segments sealed", WalStats::rolls),
            counter(
                    "veloz_wal_corrupted_entries_total",
                    "records found damaged or missing when the log was opened",
                    WalStats::corruptedRecords),
            counter("veloz_wal_batches_total", "group commits", WalStats::batches),
            counter("veloz_wal_forces_total", "forces (fsync) of data", WalStats::forces),
            counter(
                    "veloz_wal_stalls_total",
                    "segments that were prepared so late that commits or appends waited",
                    WalStats::stalls),
            counter(
                    "veloz_wal_stalled_seconds_total",
                    "time in which commits or appends waited for the next segment",
                    stats -> stats.stalledNanos() / 1e9),
            counter(
                    "veloz_wal_slow_commits_total",
                    "commits that took as long as slowCommitThreshold",
                    WalStats::slowCommits),
            gauge(LAST_SEQUENCE, LAST_SEQUENCE_HELP, WalStats::lastSequence),
            gauge(DURABLE_SEQUENCE, DURABLE_SEQUENCE_HELP, WalStats::durableSequence),
            gauge("veloz_wal_durable_lag", "records that are not durable yet", WalStats::durableLag),
            gauge("veloz_wal_buffered_bytes", "bytes in the append buffer", WalStats::bufferedBytes),
            gauge(
                    "veloz_wal_force_p50_seconds",
                    "median duration of a force (fsync)",
                    stats -> stats.forceNanosP50() / 1e9),
            gauge(
                    "veloz_wal_force_p99_seconds",
                    "99th percentile of the duration of a force (fsync)",
                    stats -> stats.forceNanosP99() / 1e9),
            gauge(
                    "veloz_wal_force_max_seconds",
                    "longest duration of a force (fsync)",
                    stats -> stats.forceNanosMax() / 1e9),
            gauge(
                    "veloz_wal_disk_full",
                    "1 while the disk has no space for the next segment",
                    stats -> stats.diskFull() ? 1 : 0),
            gauge(HEALTHY, HEALTHY_HELP, stats -> stats.failed() ? 0 : 1));

    private LogMetrics() {}

    private static Metric counter(String name, String help, ToDoubleFunction<WalStats> value) {
        return new Metric(name, "counter", help, value);
    }

    private static Metric gauge(String name, String help, ToDoubleFunction<WalStats> value) {
        return new Metric(name, "gauge", help, value);
    }

    static void write(LogState log, MetricsText out) {
        Optional<WalStats> stats = log.stats();
        if (stats.isPresent()) {
            METRICS.forEach(metric -> out.metric(metric.name(), metric.type(), metric.help())
                    .sample(metric.name(), metric.value().applyAsDouble(stats.get())));
        } else if (log.mode() == LogState.Mode.READ_ONLY) {
            out.metric(LAST_SEQUENCE, "gauge", LAST_SEQUENCE_HELP).sample(LAST_SEQUENCE, (double) log.lastSequence());
            out.metric(DURABLE_SEQUENCE, "gauge", DURABLE_SEQUENCE_HELP)
                    .sample(DURABLE_SEQUENCE, (double) log.lastSequence());
            out.metric(HEALTHY, "gauge", HEALTHY_HELP).sample(HEALTHY, 1);
        } else if (log.mode() == LogState.Mode.FAILED) {
            out.metric(HEALTHY, "gauge", HEALTHY_HELP).sample(HEALTHY, 0);
        }
    }
}
