package io.veloz.wal.http;

import java.time.Clock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Answers {@code /metrics}: the metrics of the log, of the archive, and of the backup jobs. Thread-safe. */
final class MetricsEndpoint implements Router.Endpoint {
    private static final String READABLE = "veloz_backup_metrics_readable";

    private final Supplier<LogState> log;
    private final ArchiveSection archive;
    private final @Nullable BackupMetricsFile backups;
    private final Clock clock;

    MetricsEndpoint(Supplier<LogState> log, ArchiveSection archive, @Nullable BackupMetricsFile backups, Clock clock) {
        this.log = log;
        this.archive = archive;
        this.backups = backups;
        this.clock = clock;
    }

    @Override
    public Response respond() {
        MetricsText out = new MetricsText();
        LogMetrics.write(log.get(), out);
        archive.writeMetrics(out);
        if (backups != null) {
            writeBackups(backups, out);
        }
        return Response.text(200, MetricsText.CONTENT_TYPE, out.toString());
    }

    /** An unreadable file must not hide the metrics of the log. It has a metric, for an alert. */
    private void writeBackups(BackupMetricsFile file, MetricsText out) {
        out.metric(READABLE, "gauge", "1 if the metrics file of the backup jobs is present and valid");
        try {
            BackupMetrics metrics = file.read();
            out.sample(READABLE, 1);
            metrics.write(out, clock.instant());
        } catch (BackupMetricsFile.UnreadableException e) {
            out.sample(READABLE, 0);
        }
    }
}
