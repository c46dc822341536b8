package io.veloz.wal.archive.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.veloz.wal.archive.ShipperStatus;
import io.veloz.wal.archive.WalShipper;
import java.util.function.ToDoubleFunction;

/**
 * Binds the metrics of a shipper to a Micrometer registry. Bind it once per registry. Times are in seconds. After the shipper
 * has ended the metrics keep their last values. Thread-safe.
 */
public final class ShipperMetrics implements MeterBinder {
    private final WalShipper shipper;
    private final Tags tags;

    public ShipperMetrics(WalShipper shipper) {
        this(shipper, Tags.empty());
    }

    /** Creates metrics with additional tags, which distinguish several archives in a process. */
    public ShipperMetrics(WalShipper shipper, Tags tags) {
        this.shipper = shipper;
        this.tags = tags;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        gauge(registry, "veloz_wal_archived_sequence", "last archived sequence", ShipperStatus::archivedSequence);
        gauge(registry, "veloz_wal_archive_lag_records", "durable records not archived", ShipperStatus::lagRecords);
        gauge(
                registry,
                "veloz_wal_archive_lag_bytes",
                "approximate bytes of durable records not archived",
                ShipperStatus::lagBytes);
        gauge(
                registry,
                "veloz_wal_archive_lag_seconds",
                "time since the archive contained all durable records",
                status -> status.lag().toNanos() / 1e9);
        gauge(
                registry,
                "veloz_wal_archive_spool_bytes",
                "bytes of sealed segments not uploaded",
                ShipperStatus::spoolBytes);
        gauge(registry, "veloz_wal_archive_epoch", "epoch of this writer", ShipperStatus::epoch);
        gauge(
                registry,
                "veloz_wal_archive_fenced",
                "1 if another writer has acquired a later epoch",
                status -> status.fenced() == null ? 0 : 1);
        gauge(
                registry,
                "veloz_wal_archive_refused",
                "1 if log and archive are inconsistent",
                status -> status.refused() == null ? 0 : 1);
        gauge(
                registry,
                "veloz_wal_archive_healthy",
                "1 while shipping, 0 while failing and after the end",
                status -> status.state() == ShipperStatus.State.SHIPPING ? 1 : 0);
        counter(registry, "veloz_wal_archive_errors", Tags.empty(), "failed steps", ShipperStatus::errors);
        counter(registry, "veloz_wal_archive_bytes", Tags.empty(), "bytes uploaded", ShipperStatus::bytesSent);
        counter(
                registry,
                "veloz_wal_archive_hedged_puts",
                Tags.empty(),
                "puts that were sent a second time",
                ShipperStatus::hedgedPuts);
        requests(registry, "put", status -> status.requests().puts());
        requests(registry, "get", status -> status.requests().gets());
        requests(registry, "list", status -> status.requests().lists());
        requests(registry, "delete", status -> status.requests().deletes());
    }

    private void requests(MeterRegistry registry, String kind, ToDoubleFunction<ShipperStatus> value) {
        counter(registry, "veloz_wal_archive_requests", Tags.of("kind", kind), "requests to the store", value);
    }

    private void counter(
            MeterRegistry registry, String name, Tags more, String what, ToDoubleFunction<ShipperStatus> value) {
        FunctionCounter.builder(name, shipper, each -> value.applyAsDouble(each.status()))
                .description(what)
                .tags(tags.and(more))
                .register(registry);
    }

    private void gauge(MeterRegistry registry, String name, String what, ToDoubleFunction<ShipperStatus> value) {
        Gauge.builder(name, shipper, each -> value.applyAsDouble(each.status()))
                .description(what)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }
}
