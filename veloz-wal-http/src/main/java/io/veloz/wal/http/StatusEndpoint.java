package io.veloz.wal.http;

import io.veloz.wal.WalStats;
import io.veloz.wal.orders.OrderStore;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Answers {@code /api/status}: the values that the page shows, in one JSON object. Thread-safe. */
final class StatusEndpoint implements Router.Endpoint {
    private final Supplier<LogState> log;
    private final Supplier<Optional<OrderStore>> orders;
    private final ArchiveSection archive;
    private final @Nullable BackupMetricsFile backups;
    private final Health health;
    private final Clock clock;

    StatusEndpoint(
            Supplier<LogState> log,
            Supplier<Optional<OrderStore>> orders,
            ArchiveSection archive,
            @Nullable BackupMetricsFile backups,
            Health health,
            Clock clock) {
        this.log = log;
        this.orders = orders;
        this.archive = archive;
        this.backups = backups;
        this.health = health;
        this.clock = clock;
    }

    @Override
    public Response respond() {
        StringBuilder text = new StringBuilder();
        Json json = new Json(text).object();
        Instant now = clock.instant();
        json.field("time", now.truncatedTo(ChronoUnit.SECONDS).toString());
        Health.write(json, health.run(null));
        writeLog(json, log.get());
        archive.writeStatus(json);
        orders.get()
                .ifPresent(store -> json.object("orders")
                        .field("count", store.count())
                        .field("count_pending", store.pendingCount())
                        .endObject());
        if (backups != null) {
            writeBackups(json, backups, now);
        }
        json.endObject();
        return Response.json(200, text.toString());
    }

    private static void writeLog(Json json, LogState state) {
        json.object("log")
                .field("state", state.mode().name())
                .field("reason", state.reason())
                .field("last_sequence", state.lastSequence());
        state.stats().ifPresent(stats -> writeStats(json, stats));
        json.endObject();
    }

    private static void writeStats(Json json, WalStats stats) {
        json.field("durable_sequence", stats.durableSequence())
                .field("durable_lag", stats.durableLag())
                .field("forces", stats.forces())
                .field("fsync_p50_seconds", Double.valueOf(stats.forceNanosP50() / 1e9))
                .field("fsync_p99_seconds", Double.valueOf(stats.forceNanosP99() / 1e9))
                .field("fsync_max_seconds", Double.valueOf(stats.forceNanosMax() / 1e9))
                .field("disk_full", stats.diskFull());
    }

    private static void writeBackups(Json json, BackupMetricsFile file, Instant now) {
        BackupMetrics metrics;
        try {
            metrics = file.read();
        } catch (BackupMetricsFile.UnreadableException e) {
            json.object("backups").field("error", e.getMessage()).endObject();
            return;
        }
        json.object("backups")
                .field("points", metrics.value(BackupMetrics.POINTS).orElse(null))
                .field("point_age_seconds", metrics.pointAgeSeconds(now).orElse(null))
                .field(
                        "drill_time",
                        metrics.value(BackupMetrics.DRILL_LAST_SUCCESS).orElse(null))
                .array("kinds");
        for (String kind : BackupMetrics.KINDS) {
            Optional<Double> time = metrics.value(BackupMetrics.LAST_SUCCESS, kind);
            if (time.isPresent()) {
                json.object()
                        .field("kind", kind)
                        .field("last_success_time", time.get())
                        .field("bytes", metrics.value(BackupMetrics.BYTES, kind).orElse(null))
                        .field(
                                "key_expiry_time",
                                metrics.value(BackupMetrics.KEY_EXPIRY, kind).orElse(null))
                        .endObject();
            }
        }
        json.endArray().endObject();
    }
}
