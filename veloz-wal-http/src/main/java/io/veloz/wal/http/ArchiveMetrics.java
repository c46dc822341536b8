package io.veloz.wal.http;

import io.veloz.wal.archive.ShipperStatus;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * The metrics of a shipper, under the names that {@code io.veloz.wal.archive.metrics.ShipperMetrics} has in Prometheus.
 * Stateless.
 */
final class ArchiveMetrics {
    private record Metric(String name, String type, String help, ToDoubleFunction<ShipperStatus> value) {}

    private static final String REQUESTS = "veloz_wal_archive_requests_total";

    private static final List<Metric> METRICS = List.of(
            gauge("veloz_wal_archived_sequence", "last archived sequence", ShipperStatus::archivedSequence),
            gauge("veloz_wal_archive_lag_records", "durable records not archived", ShipperStatus::lagRecords),
            gauge(
                    "veloz_wal_archive_lag_bytes",
                    "approximate bytes of durable records not archived",
                    ShipperStatus::lagBytes),
            gauge(
                    "veloz_wal_archive_lag_seconds",
                    "time since the archive contained all durable records",
                    status -> status.lag().toNanos() / 1e9),
            gauge("veloz_wal_archive_spool_bytes", "bytes of sealed segments not uploaded", ShipperStatus::spoolBytes),
            gauge("veloz_wal_archive_epoch", "epoch of this writer", ShipperStatus::epoch),
            gauge(
                    "veloz_wal_archive_fenced",
                    "1 if another writer has acquired a later epoch",
                    status -> status.fenced() == null ? 0 : 1),
            gauge(
                    "veloz_wal_archive_refused",
                    "1 if log and archive are inconsistent",
                    status -> status.refused() == null ? 0 : 1),
            gauge(
                    "veloz_wal_archive_healthy",
                    "1 while shipping, 0 while failing and after the end",
                    status -> status.state() == ShipperStatus.State.SHIPPING ? 1 : 0),
            counter("veloz_wal_archive_errors_total", "failed steps", ShipperStatus::errors),
            counter("veloz_wal_archive_bytes_total", "bytes uploaded", ShipperStatus::bytesSent),
            counter(
                    "veloz_wal_archive_hedged_puts_total",
                    "puts that were sent a second time",
                    ShipperStatus::hedgedPuts));

    private ArchiveMetrics() {}

    private static Metric counter(String name, String help, ToDoubleFunction<ShipperStatus> value) {
        return new Metric(name, "counter", help, value);
    }

    private static Metric gauge(String name, String help, ToDoubleFunction<ShipperStatus> value) {
        return new Metric(name, "gauge", help, value);
    }

    static void write(ShipperStatus status, MetricsText out) {
        METRICS.forEach(metric -> out.metric(metric.name(), metric.type(), metric.help())
                .sample(metric.name(), metric.value().applyAsDouble(status)));
        ShipperStatus.Requests requests = status.requests();
        out.metric(REQUESTS, "counter", "requests to the store")
                .sample(REQUESTS, Map.of("kind", "put"), (double) requests.puts())
                .sample(REQUESTS, Map.of("kind", "get"), (double) requests.gets())
                .sample(REQUESTS, Map.of("kind", "list"), (double) requests.lists())
                .sample(REQUESTS, Map.of("kind", "delete"), (double) requests.deletes());
    }
}
