package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The metrics file of {@code backup}. */
@Timeout(120)
class BackupMetricsTest {
    @TempDir
    Path scratch;

    private BackedUpEngine engine;
    private Path metrics;

    @BeforeEach
    void createEngine() throws Exception {
        engine = new BackedUpEngine(scratch);
        metrics = scratch.resolve("backup.prom");
    }

    @Test
    void successIsRecordedForEachKind() {
        engine.run("backup", "--metrics-file", metrics).exits(ExitCode.OK);
        assertThat(metrics)
                .content()
                .contains("veloz_backup_last_success_timestamp_seconds{kind=\"configuration\"} ")
                .contains("veloz_backup_last_success_timestamp_seconds{kind=\"secrets\"} ");
    }

    @Test
    void failureIsCountedWithItsReason() throws Exception {
        Files.delete(scratch.resolve("keys/signer.key"));
        engine.run("backup", "--metrics-file", metrics).isRefusedWith("the signing key cannot be read");
        assertThat(metrics).content().contains("veloz_backup_failures_total{kind=\"secrets\",reason=\"no_key\"} 1");
    }

    @Test
    void fileThatCannotBeWrittenIsAWarning() {
        ToolRun run = engine.run("backup", "--metrics-file", scratch.resolve("none/backup.prom"))
                .exits(ExitCode.WARNING);
        assertThat(run.err()).startsWith("warning: the metrics file cannot be written");
        assertThat(run.out()).contains("point       1, made ");
    }

    @Test
    void dryRunContradictsMetrics() {
        assertThat(engine.run("backup", "--dry-run", "--metrics-file", metrics)
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("--dry-run contradicts --metrics-file");
    }
}
