package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.veloz.wal.backup.Attachment.Chunk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class BackupMetricsFileTest {
    private static final Instant NOW = Instant.ofEpochSecond(1_800_000_000);

    @TempDir
    Path dir;

    private Path file() {
        return dir.resolve("veloz_backup.prom");
    }

    private BackupMetricsFile at(Instant now) {
        return new BackupMetricsFile(file(), Clock.fixed(now, ZoneOffset.UTC));
    }

    private String text() throws IOException {
        return Files.readString(file());
    }

    private static RecoveryPoint point(long number, Instant made) {
        Attachment secrets = Attachment.builder(Kind.SECRETS, "a".repeat(32))
                .chunks(List.of(new Chunk(1000, "0".repeat(64)), new Chunk(24, "0".repeat(64))))
                .build();
        Attachment configuration = Attachment.builder(Kind.CONFIGURATION, "b".repeat(32))
                .chunks(List.of(new Chunk(7, "0".repeat(64))))
                .build();
        return RecoveryPoint.of(
                number,
                TestArchive.LOG,
                "0".repeat(64),
                made,
                "db1",
                new RecoveryPoint.Tip(1, "0".repeat(64), 1),
                List.of(configuration, secrets));
    }

    private static BackupReport report(
            Optional<RecoveryPoint> point, Set<Kind> stored, Set<Kind> unchanged, @Nullable Instant expiry) {
        return new BackupReport(point, stored, unchanged, List.of(), 1024, expiry, Duration.ofMillis(1250));
    }

    private static BackupReport made() {
        return report(
                Optional.of(point(3, NOW.minusSeconds(2))),
                EnumSet.of(Kind.SECRETS),
                EnumSet.of(Kind.CONFIGURATION),
                Instant.ofEpochSecond(1_900_000_000));
    }

    @Test
    void aSuccessIsWrittenWithHelpAndType() throws IOException {
        assertThat(at(NOW).recordSuccess(made())).isEmpty();

        assertThat(text()).isEqualTo("""
                # HELP veloz_backup_last_success_timestamp_seconds When the kind was last backed up, or read and found unchanged.
                # TYPE veloz_backup_last_success_timestamp_seconds gauge
                veloz_backup_last_success_timestamp_seconds{kind="configuration"} 1800000000
                veloz_backup_last_success_timestamp_seconds{kind="secrets"} 1800000000
                # HELP veloz_backup_last_attempt_timestamp_seconds When a backup of the kind last ended, successfully or not.
                # TYPE veloz_backup_last_attempt_timestamp_seconds gauge
                veloz_backup_last_attempt_timestamp_seconds{kind="configuration"} 1800000000
                veloz_backup_last_attempt_timestamp_seconds{kind="secrets"} 1800000000
                # HELP veloz_backup_bytes Stored size of the kind in the newest recovery point.
                # TYPE veloz_backup_bytes gauge
                veloz_backup_bytes{kind="configuration"} 7
                veloz_backup_bytes{kind="secrets"} 1024
                # HELP veloz_backup_duration_seconds Duration of the last successful run that included the kind.
                # TYPE veloz_backup_duration_seconds gauge
                veloz_backup_duration_seconds{kind="configuration"} 1.250
                veloz_backup_duration_seconds{kind="secrets"} 1.250
                # HELP veloz_backup_points Number of recovery points in the archive, including those that retention has dropped.
                # TYPE veloz_backup_points gauge
                veloz_backup_points 3
                # HELP veloz_backup_point_timestamp_seconds When the newest recovery point was made.
                # TYPE veloz_backup_point_timestamp_seconds gauge
                veloz_backup_point_timestamp_seconds 1799999998
                # HELP veloz_backup_point_age_seconds Age of the newest recovery point when this file was written.
                # TYPE veloz_backup_point_age_seconds gauge
                veloz_backup_point_age_seconds 2
                # HELP veloz_backup_key_expiry_timestamp_seconds When the first certificate of a recipient expires. Absent if none does.
                # TYPE veloz_backup_key_expiry_timestamp_seconds gauge
                veloz_backup_key_expiry_timestamp_seconds 1900000000
                """);
    }

    @Test
    void anUnchangedKindIsASuccessAndKeepsItsSizeAndPoint() throws IOException {
        at(NOW).recordSuccess(made());

        at(NOW.plusSeconds(300)).recordSuccess(report(Optional.empty(), Set.of(), Set.of(Kind.SECRETS), null));

        assertThat(text())
                .contains(
                        "last_success_timestamp_seconds{kind=\"secrets\"} 1800000300\n",
                        "last_success_timestamp_seconds{kind=\"configuration\"} 1800000000\n",
                        "veloz_backup_bytes{kind=\"secrets\"} 1024\n",
                        "veloz_backup_points 3\n",
                        "veloz_backup_point_age_seconds 302\n")
                .doesNotContain("key_expiry");
    }

    @Test
    void failuresAreCountedByKindAndReasonAndKeepTheLastSuccess() throws IOException {
        at(NOW).recordSuccess(made());
        at(NOW.plusSeconds(10)).recordFailure(Set.of(Kind.SECRETS), "key_unusable");
        at(NOW.plusSeconds(20)).recordFailure(Set.of(Kind.SECRETS, Kind.DATABASE), "key_unusable");

        at(NOW.plusSeconds(30)).recordFailure(Set.of(Kind.SECRETS), "store");

        assertThat(text())
                .contains(
                        "# TYPE veloz_backup_failures_total counter\n",
                        "veloz_backup_failures_total{kind=\"secrets\",reason=\"key_unusable\"} 2\n",
                        "veloz_backup_failures_total{kind=\"database\",reason=\"key_unusable\"} 1\n",
                        "veloz_backup_failures_total{kind=\"secrets\",reason=\"store\"} 1\n",
                        "last_attempt_timestamp_seconds{kind=\"secrets\"} 1800000030\n",
                        "last_success_timestamp_seconds{kind=\"secrets\"} 1800000000\n");
    }

    @Test
    void theNumberOfReasonsIsBounded() throws IOException {
        for (char first = 'a'; first <= 'i'; first++) {
            for (char second = 'a'; second <= 'i'; second++) {
                at(NOW).recordFailure(Set.of(Kind.VAULT), "reason_" + first + second);
            }
        }

        assertThat(text().lines().filter(line -> line.startsWith("veloz_backup_failures_total"))).hasSize(65);
        assertThat(text()).contains("reason=\"other\"} 17\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Key", "a b", "a\"} 1\nx{b=\"", "ä"})
    void aReasonThatIsNoLabelIsRefusedAndTheFileIsUnchanged(String reason) throws IOException {
        at(NOW).recordSuccess(made());
        String before = text();

        assertThatThrownBy(() -> at(NOW).recordFailure(Set.of(Kind.VAULT), reason))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lower-case letters and underscores");
        assertThat(text()).isEqualTo(before);
    }

    @Test
    void aDrillIsRecorded() throws IOException {
        at(NOW).recordSuccess(made());

        at(NOW).recordDrill(NOW.minusMillis(500));

        assertThat(text())
                .contains(
                        "veloz_backup_drill_last_success_timestamp_seconds 1799999999.500\n", "veloz_backup_points 3\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "node_load1 0.5\n",
                "veloz_backup_points 3\n",
                "# HELP veloz_backup_points Number.\n# TYPE veloz_backup_points gauge\nveloz_backup_points 3\n",
                "veloz_backup_points NaN\n",
                "veloz_backup_points{kind=\"secrets\"} 3\n",
                "\u0000\u0001",
                "\n"
            })
    void aForeignFileIsReplacedWithAFinding(String text) throws IOException {
        Files.writeString(file(), text);

        List<String> findings = at(NOW).recordDrill(NOW);

        assertThat(findings).hasSize(1);
        assertThat(findings.get(0)).startsWith(file() + " was not written by this tool, or is damaged (");
        assertThat(text()).startsWith("# HELP veloz_backup_drill").endsWith(" 1800000000\n");
        assertThat(at(NOW).recordDrill(NOW)).isEmpty();
    }

    @Test
    void aFileThatWasCutAtAnyByteIsReplacedWithAFinding() throws IOException {
        at(NOW).recordFailure(Set.of(Kind.VAULT), "store");
        byte[] whole = Files.readAllBytes(file());
        for (int length = 1; length < whole.length; length += 7) {
            Files.write(file(), java.util.Arrays.copyOf(whole, length));

            assertThat(at(NOW).recordDrill(NOW)).as("cut at %s", length).hasSize(1);
        }
    }

    @Test
    void aHugeFileIsReplaced() throws IOException {
        Files.write(file(), new byte[2 * 1024 * 1024]);

        assertThat(at(NOW).recordDrill(NOW).get(0)).contains("has more than 1048576 bytes");
    }

    @Test
    void othersCanReadTheFileAndNothingElseIsVisible() throws IOException {
        at(NOW).recordDrill(NOW);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file()))).isEqualTo("rw-r--r--");
        try (Stream<Path> files = Files.list(dir)) {
            assertThat(files.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("veloz_backup.prom", ".veloz_backup.prom.lock");
        }
    }

    @Test
    void aTemporaryFileOfAnInterruptedCallIsReplaced() throws IOException {
        Files.writeString(dir.resolve(".veloz_backup.prom.tmp"), "half");

        at(NOW).recordDrill(NOW);

        assertThat(dir.resolve(".veloz_backup.prom.tmp")).doesNotExist();
        assertThat(text()).contains("veloz_backup_drill");
    }

    @Test
    void aDirectoryThatDoesNotExistIsAnError() {
        BackupMetricsFile missing = new BackupMetricsFile(dir.resolve("missing/backup.prom"));

        assertThatThrownBy(() -> missing.recordDrill(NOW))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("missing");
    }

    @Test
    void concurrentCallsLoseNoResult() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> calls = Stream.of("a", "b", "c", "d")
                    .<Future<?>>map(reason -> threads.submit(() -> {
                        for (int i = 0; i < 10; i++) {
                            try {
                                at(NOW).recordFailure(Set.of(Kind.VAULT), reason);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        }
                    }))
                    .toList();
            for (Future<?> call : calls) {
                call.get();
            }
        } finally {
            threads.shutdown();
        }

        assertThat(text().lines().filter(line -> line.endsWith("\"} 10"))).hasSize(4);
    }

    @Test
    void promtoolAcceptsTheFile() throws Exception {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(":")).anyMatch(path -> Files.isExecutable(Path.of(path, "promtool"))),
                "promtool is not installed; package: prometheus");
        at(NOW).recordSuccess(made());
        at(NOW).recordFailure(Set.of(Kind.VAULT), "store");
        at(NOW).recordDrill(NOW);

        Process promtool = new ProcessBuilder("promtool", "check", "metrics")
                .redirectInput(file().toFile())
                .redirectErrorStream(true)
                .start();
        try {
            String output = new String(promtool.getInputStream().readNBytes(65536), StandardCharsets.UTF_8);
            assertThat(promtool.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(output).isEmpty();
            assertThat(promtool.exitValue()).isZero();
        } finally {
            promtool.destroyForcibly();
        }
    }
}
