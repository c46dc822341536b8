package io.veloz.wal.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class BackupMetricsTest {
    private static final Instant NOW = Instant.parse("2026-11-28T12:00:00Z");
    private static final long SECONDS = NOW.getEpochSecond();

    @TempDir
    Path dir;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = dir.resolve("metrics.prom");
    }

    private void write(String... lines) throws Exception {
        Files.writeString(file, String.join("\n", lines) + "\n");
        Files.setLastModifiedTime(file, FileTime.from(NOW.minusSeconds(100)));
    }

    private static String success(String kind, long secondsAgo) {
        return "veloz_backup_last_success_timestamp_seconds{kind=\"" + kind + "\"} " + (SECONDS - secondsAgo);
    }

    private WalHttpServer.Builder server() {
        return Client.server()
                .log(() -> LogState.readOnly(1))
                .backupMetrics(file)
                .maxBackupAge("database", Duration.ofHours(26))
                .maxDrillAge(Duration.ofDays(35))
                .clock(Clock.fixed(NOW, ZoneOffset.UTC));
    }

    private static String drill(long daysAgo) {
        return "veloz_backup_drill_last_success_timestamp_seconds " + (SECONDS - daysAgo * 86_400);
    }

    @Test
    void metricsOfTheFileAreAppended() throws Exception {
        write(
                "# HELP veloz_backup_bytes any text",
                "",
                success("database", 3600),
                success("vault", 7200),
                "veloz_backup_bytes{kind=\"database\"} 1.0027450e+07",
                "veloz_backup_failures_total{kind=\"database\",reason=\"a \\\"quoted\\\\ reason\\nx\"} 3",
                "veloz_backup_points 12",
                "veloz_backup_point_age_seconds 3000",
                "veloz_backup_of_a_later_version{zone=\"a\"} 7",
                drill(3));
        try (WalHttpServer server = server().start()) {
            String text = Client.get(server, "/metrics").body();
            assertThat(MetricsTest.described(text))
                    .containsKeys(
                            "veloz_wal_healthy gauge",
                            "veloz_backup_metrics_readable gauge",
                            "veloz_backup_last_success_timestamp_seconds gauge",
                            "veloz_backup_failures_total counter",
                            "veloz_backup_of_a_later_version untyped");
            assertThat(text)
                    .contains(
                            "\nveloz_backup_metrics_readable 1\n",
                            "\n" + success("database", 3600) + "\n" + success("vault", 7200) + "\n",
                            "\nveloz_backup_bytes{kind=\"database\"} 10027450\n",
                            "\nveloz_backup_failures_total{kind=\"database\",reason=\"a \\\"quoted\\\\ reason\\nx\"} 3\n",
                            "\nveloz_backup_of_a_later_version{zone=\"a\"} 7\n");
            assertThat(Client.get(server, "/health").status()).isEqualTo(200);
        }
    }

    @Test
    void ageOfTheNewestPointGrowsAfterTheFileWasWritten() throws Exception {
        write("veloz_backup_point_age_seconds 3000", success("database", 1), drill(1));
        try (WalHttpServer server = server().start()) {
            assertThat(Client.get(server, "/metrics").body()).contains("\nveloz_backup_point_age_seconds 3100\n");
        }
    }

    @Test
    void oldBackupFailsHealthButNoProbe() throws Exception {
        write(success("database", 27 * 3600), drill(40));
        try (WalHttpServer server = server().start()) {
            Client.Reply health = Client.get(server, "/health");
            assertThat(health.status()).isEqualTo(503);
            assertThat(health.failed())
                    .containsExactly(
                            "backup database: the last successful backup of database is 1 d 3 h old, expected at most 1 d 2 h",
                            "drill: the last drill that passed is 40 d 0 h old, expected at most 35 d 0 h");
            for (String probe : List.of("/health/live", "/health/ready", "/health/startup")) {
                assertThat(Client.get(server, probe).status()).isEqualTo(200);
            }
        }
    }

    @Test
    void backupThatNeverSucceededFailsHealth() throws Exception {
        write(success("vault", 1), "veloz_backup_last_success_timestamp_seconds{kind=\"database\"} 0");
        try (WalHttpServer server = server().start()) {
            assertThat(Client.get(server, "/health").failed())
                    .containsExactly(
                            "backup database: no successful backup of database is recorded in " + file,
                            "drill: no drill that passed is recorded in " + file);
        }
    }

    @Test
    void backupOfTheFutureFailsHealth() throws Exception {
        write(success("database", -600), drill(1));
        try (WalHttpServer server = server().start()) {
            assertThat(Client.get(server, "/health").failed())
                    .containsExactly("backup database: the last successful backup of database is at"
                            + " 2026-11-28T12:10:00Z, in the future: a clock is wrong");
        }
    }

    @Test
    void missingFileFailsHealthAndKeepsTheMetricsOfTheLog() throws Exception {
        try (WalHttpServer server = server().start()) {
            assertThat(Client.get(server, "/health").failed())
                    .contains("backup metrics: " + file + " does not exist: no backup job has written it")
                    .hasSize(3);
            assertThat(Client.get(server, "/metrics").body())
                    .contains("\nveloz_wal_healthy 1\n", "\nveloz_backup_metrics_readable 0\n");
            assertThat(Client.get(server, "/api/status")
                            .json()
                            .get("backups")
                            .get("error")
                            .asText())
                    .contains("does not exist");
        }
    }

    @Test
    void statusHasPointsKindsAndDrill() throws Exception {
        write(
                success("database", 60),
                "veloz_backup_bytes{kind=\"database\"} 5",
                "veloz_backup_key_expiry_timestamp_seconds{kind=\"database\"} 1.9e9",
                "veloz_backup_points 12",
                drill(1));
        try (WalHttpServer server = server().start()) {
            JsonNode backups = Client.get(server, "/api/status").json().get("backups");
            assertThat(backups.get("points").asInt()).isEqualTo(12);
            assertThat(backups.get("point_age_seconds").isNull()).isTrue();
            assertThat(backups.get("drill_time").asLong()).isEqualTo(SECONDS - 86_400);
            assertThat(backups.get("kinds")).hasSize(1);
            assertThat(backups.get("kinds").get(0).get("bytes").asLong()).isEqualTo(5);
            assertThat(backups.get("kinds").get(0).get("key_expiry_time").asLong())
                    .isEqualTo(1_900_000_000);
        }
    }

    // ---- files that are rejected as a whole

    private void assertRejected(String message) {
        assertThatThrownBy(() -> new BackupMetricsFile(file).read())
                .isInstanceOf(BackupMetricsFile.UnreadableException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '|', textBlock = """
                    |veloz_backup_points|, |expected NAME{LABEL="VALUE"} NUMBER|
                    |veloz_backup_points twelve|, |expected NAME{LABEL="VALUE"} NUMBER|
                    |veloz_backup_points 1 1700000000|, |expected NAME{LABEL="VALUE"} NUMBER|
                    |veloz_backup_points 1.2.3|, |invalid number 1.2.3|
                    | veloz_backup_points 1|, |expected NAME{LABEL="VALUE"} NUMBER|
                    |veloz_wal_healthy 1|, |unexpected metric veloz_wal_healthy: expected veloz_backup_…|
                    |veloz_backup_points{kind="vault"} 1|, |veloz_backup_points has the labels [kind], expected []|
                    |veloz_backup_bytes 1|, |veloz_backup_bytes has the labels [], expected [kind]|
                    |veloz_backup_bytes{kind="vualt"} 1|, |unknown kind vualt: expected one of [configuration, secrets, database, roles, vault]|
                    |veloz_backup_bytes{kind="vault} 1|, |invalid labels|
                    |veloz_backup_bytes{kind="vault";} 1|, |invalid labels|
                    |veloz_backup_bytes{kind="va\\xult"} 1|, |invalid labels|
                    |veloz_backup_bytes{kind="vault",kind="vault"} 1|, |the label kind occurs twice|
                    """)
    void lineThatIsNotValidIsNamed(String line, String reason) throws Exception {
        write("# first line", line);
        assertRejected(file + " line 2: " + reason);
    }

    @Test
    void secondValueIsRejected() throws Exception {
        write("veloz_backup_points 1", "veloz_backup_points 2");
        assertRejected(file + " line 2: a second value of veloz_backup_points{}");
    }

    @Test
    void fileThatWasCutIsRejected() throws Exception {
        Files.writeString(file, "veloz_backup_points 1");
        assertRejected(file + " does not end with a line end: it is empty or was cut");
        Files.writeString(file, "");
        assertRejected(file + " does not end with a line end: it is empty or was cut");
    }

    @Test
    void hugeFileIsRejectedWithoutReadingIt() throws Exception {
        try (var out = Files.newByteChannel(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            out.position(4L << 30).write(ByteBuffer.wrap(new byte[] {'\n'}));
        }
        assertRejected(file + " is larger than expected: at most 262144 bytes");
    }

    @Test
    void tooManyValuesAreRejected() throws Exception {
        String[] lines = new String[1001];
        for (int i = 0; i < lines.length; i++) {
            lines[i] = "veloz_backup_x{n=\"" + i + "\"} 1";
        }
        write(lines);
        assertRejected(file + " line 1001: too many values: expected at most 1000");
    }

    @Test
    void bytesThatAreNotUtf8AreRejected() throws Exception {
        Files.write(file, new byte[] {'#', (byte) 0xFF, '\n'});
        assertThatThrownBy(() -> new BackupMetricsFile(file).read())
                .isInstanceOf(BackupMetricsFile.UnreadableException.class)
                .hasMessageStartingWith(file + " cannot be read: ")
                .hasMessageContaining("MalformedInputException");
    }

    @Test
    void directoryAndPipeAreRejectedWithoutReadingThem() throws Exception {
        Files.createDirectory(file);
        assertRejected(file + " is not a regular file");
        Files.delete(file);
        Process mkfifo = new ProcessBuilder("mkfifo", file.toString()).start();
        assumeTrue(mkfifo.waitFor(30, TimeUnit.SECONDS) && mkfifo.exitValue() == 0, "mkfifo (coreutils) failed");
        assertRejected(file + " is not a regular file");
    }

    @ParameterizedTest
    @CsvSource({"0, 0 s", "59, 59 s", "61, 1 min 1 s", "3661, 1 h 1 min", "90000, 1 d 1 h", "-5, 0 s"})
    void agesHaveTwoUnits(long seconds, String text) {
        assertThat(BackupChecks.text(Duration.ofSeconds(seconds))).isEqualTo(text);
    }
}
