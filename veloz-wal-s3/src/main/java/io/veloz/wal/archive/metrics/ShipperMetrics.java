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
 * Binds a shipper's figures to a Micrometer registry. Any thread may bind it, once per registry. They stay what they were
 * when the shipper has ended; times are in seconds.
 */
public final class ShipperMetrics implements MeterBinder {
    private final WalShipper shipper;
    private final Tags tags;

    public ShipperMetrics(WalShipper shipper) {
        this(shipper, Tags.empty());
    }

    /** With tags for all meters, to tell several archives in a process apart. */
    public ShipperMetrics(WalShipper shipper, Tags tags) {
        this.shipper = shipper;
        this.tags = tags;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        gauge(registry, "veloz_wal_archived_sequence", "last sequence in the archive", ShipperStatus::archivedSequence);
        gauge(registry, "veloz_wal_archive_lag_records", "durable records not archived", ShipperStatus::lagRecords);
        gauge(registry, "veloz_wal_archive_lag_bytes", "about how many bytes they are", ShipperStatus::lagBytes);
        gauge(
                registry,
                "veloz_wal_archive_lag_seconds",
                "how long ago the archive had everything",
                status -> status.lag().toNanos() / 1e9);
        gauge(
                registry,
                "veloz_wal_archive_spool_bytes",
                "sealed and not archived as a whole",
                ShipperStatus::spoolBytes);
        gauge(registry, "veloz_wal_archive_epoch", "the term of office", ShipperStatus::epoch);
        gauge(
                registry,
                "veloz_wal_archive_fenced",
                "1 when another writer has taken over",
                status -> status.fenced() == null ? 0 : 1);
        gauge(
                registry,
                "veloz_wal_archive_refused",
                "1 when log and archive do not fit together",
                status -> status.refused() == null ? 0 : 1);
        gauge(
                registry,
                "veloz_wal_archive_healthy",
                "1 while it ships, 0 in trouble and at the end",
                status -> status.state() == ShipperStatus.State.SHIPPING ? 1 : 0);
        counter(registry, "veloz_wal_archive_errors", Tags.empty(), "steps that failed", ShipperStatus::errors);
        counter(registry, "veloz_wal_archive_bytes", Tags.empty(), "bytes sent", ShipperStatus::bytesSent);
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
