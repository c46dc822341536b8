package io.veloz.wal.http;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.ShipperStatus;
import io.veloz.wal.archive.WalShipper;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Checks, metrics and status of the archive. The only class that uses the optional module {@code io.veloz.wal.archive}, apart
 * from the metrics. Thread-safe if the supplier is.
 */
final class ArchiveView implements ArchiveSection {
    private final Supplier<Optional<WalShipper>> shipper;
    private final Duration maxLag;

    ArchiveView(Supplier<Optional<WalShipper>> shipper, Duration maxLag) {
        this.shipper = shipper;
        this.maxLag = maxLag;
    }

    private Optional<ShipperStatus> status() {
        return shipper.get().map(WalShipper::status);
    }

    @Override
    public List<Check> checks() {
        return List.of(
                new Check(
                        "archive",
                        Set.of(Probe.READY),
                        () -> status().map(ArchiveView::writable).orElseGet(ArchiveView::notShipping)),
                new Check(
                        "shipping", Set.of(), () -> status().map(this::shipping).orElseGet(ArchiveView::notShipping)));
    }

    private static CheckResult notShipping() {
        return CheckResult.passed("this process does not ship the log");
    }

    private static CheckResult writable(ShipperStatus status) {
        WalFencedException fenced = status.fenced();
        if (fenced != null) {
            return CheckResult.failed("another engine has taken over: " + fenced.getMessage());
        }
        WalShippingRefusedException refused = status.refused();
        if (refused != null) {
            return CheckResult.failed("log and archive are inconsistent: " + refused.getMessage());
        }
        return CheckResult.passed("epoch " + status.epoch());
    }

    private CheckResult shipping(ShipperStatus status) {
        return switch (status.state()) {
            case STARTING, SHIPPING ->
                status.lag().compareTo(maxLag) > 0
                        ? CheckResult.failed("the archive lags by " + BackupChecks.text(status.lag())
                                + ", expected at most " + BackupChecks.text(maxLag))
                        : CheckResult.passed("archived up to record " + status.archivedSequence());
            case TROUBLE -> CheckResult.failed("the store fails: " + status.lastError());
            case FENCED, REFUSED -> CheckResult.failed("shipping has ended");
            case CLOSED -> CheckResult.failed("the shipper is closed");
        };
    }

    @Override
    public void writeMetrics(MetricsText out) {
        status().ifPresent(status -> ArchiveMetrics.write(status, out));
    }

    @Override
    public void writeStatus(Json json) {
        Optional<ShipperStatus> current = status();
        if (current.isEmpty()) {
            return;
        }
        ShipperStatus status = current.get();
        json.object("archive")
                .field("archive", status.archive())
                .field("state", status.state().name())
                .field("epoch", status.epoch())
                .field("archived_sequence", status.archivedSequence())
                .field("lag_records", status.lagRecords())
                .field("lag_seconds", Double.valueOf(status.lag().toNanos() / 1e9))
                .field("last_error", status.lastError())
                .endObject();
    }
}
