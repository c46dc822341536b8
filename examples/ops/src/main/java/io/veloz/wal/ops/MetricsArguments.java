package io.veloz.wal.ops;

import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.backup.BackupMetricsFile;
import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.BackupReport;
import io.veloz.wal.backup.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option for the metrics of a job. A file that cannot be written is a warning: the job itself has ended. */
final class MetricsArguments {
    @Option(
            names = "--metrics-file",
            paramLabel = "FILE",
            description = "Add the result to a file for the textfile collector of Prometheus' node exporter.")
    private @Nullable Path file;

    private interface Update {
        List<String> run(BackupMetricsFile metrics) throws IOException;
    }

    boolean isGiven() {
        return file != null;
    }

    /** Returns false if there is a warning. */
    boolean success(BackupReport report, Streams streams) {
        return update(metrics -> metrics.recordSuccess(report), streams);
    }

    void failure(Set<Kind> kinds, Exception problem, Streams streams) {
        update(metrics -> metrics.recordFailure(kinds, reason(problem)), streams);
    }

    /** Returns false if there is a warning. */
    boolean drill(Instant passed, Streams streams) {
        return update(metrics -> metrics.recordDrill(passed), streams);
    }

    private boolean update(Update update, Streams streams) {
        if (file == null) {
            return true;
        }
        try {
            List<String> findings = update.run(new BackupMetricsFile(file));
            findings.forEach(streams::warning);
            return findings.isEmpty();
        } catch (IOException e) {
            streams.warning("the metrics file cannot be written: " + e);
            return false;
        }
    }

    /** Returns one of few words: each is a time series. */
    private static String reason(Exception problem) {
        if (problem instanceof BackupRefusedException refused) {
            return refused.reason().name().toLowerCase(Locale.ROOT);
        } else if (problem instanceof StoreException) {
            return "store";
        }
        return problem instanceof IOException ? "io" : "internal";
    }
}
