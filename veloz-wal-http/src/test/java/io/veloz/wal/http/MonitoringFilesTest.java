package io.veloz.wal.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.veloz.wal.Wal;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The files in docs/monitoring name only metrics that exist. promtool checks them where it is installed. */
@Timeout(180)
class MonitoringFilesTest {
    private static final Path MONITORING = Path.of("../docs/monitoring");
    private static final Path ALERTS = MONITORING.resolve("veloz-wal-alerts.yml");
    private static final Path ALERTS_TEST = MONITORING.resolve("veloz-wal-alerts-test.yml");
    private static final Path DASHBOARD = MONITORING.resolve("veloz-wal-dashboard.json");
    private static final Pattern METRIC = Pattern.compile("\\bveloz_[a-z0-9_]+");

    @TempDir
    Path dir;

    /** Returns what a server with everything shows, when the backup jobs have written every metric that is known. */
    private String metrics() throws Exception {
        Path backups = dir.resolve("metrics.prom");
        StringBuilder lines = new StringBuilder();
        BackupMetrics.KNOWN.forEach((name, known) -> {
            List<String> labels = new ArrayList<>();
            known.labels()
                    .forEach(label -> labels.add(label + "=\"" + (label.equals("kind") ? "database" : "x") + "\""));
            lines.append(name).append(labels.isEmpty() ? "" : "{" + String.join(",", labels) + "}");
            lines.append(" 1\n");
        });
        Files.writeString(backups, lines);
        String archive = Files.createDirectory(dir.resolve("archive")).toUri().toString();
        try (Wal wal = Wal.open(dir.resolve("log"));
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(archive).build());
                WalHttpServer server = Client.server()
                        .log(wal)
                        .shipper(shipper)
                        .backupMetrics(backups)
                        .start()) {
            return Client.get(server, "/metrics").body();
        }
    }

    private Set<String> existing() throws Exception {
        Set<String> names = new HashSet<>();
        MetricsTest.described(metrics()).keySet().forEach(key -> names.add(key.substring(0, key.indexOf(' '))));
        return names;
    }

    private static Set<String> namesIn(String text) {
        Set<String> names = new TreeSet<>();
        Matcher matcher = METRIC.matcher(text);
        while (matcher.find()) {
            names.add(matcher.group());
        }
        return names;
    }

    private static List<String> dashboardExpressions() throws IOException {
        JsonNode dashboard = new ObjectMapper().readTree(DASHBOARD.toFile());
        return dashboard.findValuesAsText("expr");
    }

    private static List<String> alerts() throws IOException {
        return values(ALERTS, "- alert: (.+)");
    }

    private static List<String> values(Path file, String pattern) throws IOException {
        List<String> values = new ArrayList<>();
        Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(file));
        while (matcher.find()) {
            values.add(matcher.group(1));
        }
        return values;
    }

    @Test
    void alertsNameOnlyMetricsThatExist() throws Exception {
        Set<String> named = namesIn(Files.readString(ALERTS));
        assertThat(named).hasSizeGreaterThan(15);
        assertThat(existing()).containsAll(named);
        assertThat(named).containsAll(namesIn(Files.readString(ALERTS_TEST)));
    }

    @Test
    void dashboardShowsExactlyTheMetricsThatExist() throws Exception {
        assertThat(dashboardExpressions()).hasSizeGreaterThan(30);
        Set<String> shown = namesIn(String.join("\n", dashboardExpressions()));
        Set<String> existing = existing();
        assertThat(existing).containsAll(shown);
        // Positions are shown once, as the last record; the last attempt is for its alert.
        assertThat(existing)
                .filteredOn(name -> !shown.contains(name))
                .containsExactlyInAnyOrder(
                        "veloz_wal_durable_sequence",
                        "veloz_wal_archived_sequence",
                        "veloz_backup_last_attempt_timestamp_seconds");
    }

    @Test
    void everyAlertHasASeverityTextsATestAndAPlaceInTheOperationsManual() throws Exception {
        List<String> alerts = alerts();
        String rules = Files.readString(ALERTS);
        assertThat(alerts).doesNotHaveDuplicates().hasSizeGreaterThan(18);
        assertThat(values(ALERTS, "severity: (warning|critical)")).hasSameSizeAs(alerts);
        assertThat(values(ALERTS, "summary: (.+)")).hasSameSizeAs(alerts);
        assertThat(values(ALERTS, "description: (.+)")).hasSameSizeAs(alerts);
        assertThat(new TreeSet<>(values(ALERTS_TEST, "alertname: (.+)"))).isEqualTo(new TreeSet<>(alerts));
        assertThat(Files.readString(Path.of("../docs/operations.md"))).contains(alerts);
        assertThat(rules).doesNotContain("\t");
    }

    @Test
    void panelsHaveTitlesAndDoNotOverlap() throws Exception {
        JsonNode panels = new ObjectMapper().readTree(DASHBOARD.toFile()).get("panels");
        Set<String> cells = new HashSet<>();
        Set<Integer> ids = new HashSet<>();
        for (JsonNode panel : panels) {
            assertThat(panel.get("title").asText()).isNotBlank();
            assertThat(ids.add(panel.get("id").asInt())).isTrue();
            JsonNode at = panel.get("gridPos");
            assertThat(at.get("x").asInt() + at.get("w").asInt()).isLessThanOrEqualTo(24);
            for (int x = at.get("x").asInt();
                    x < at.get("x").asInt() + at.get("w").asInt();
                    x++) {
                for (int y = at.get("y").asInt();
                        y < at.get("y").asInt() + at.get("h").asInt();
                        y++) {
                    assertThat(cells.add(x + " " + y))
                            .as(panel.get("title").asText())
                            .isTrue();
                }
            }
        }
    }

    // ---- with promtool

    private String promtool(Path input, String... arguments) throws Exception {
        boolean isInstalled = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "promtool")));
        assumeTrue(isInstalled, "promtool is not installed; install the package prometheus");
        List<String> command = new ArrayList<>(List.of("promtool"));
        command.addAll(List.of(arguments));
        Path out = dir.resolve("promtool.out");
        Process process = new ProcessBuilder(command)
                .redirectInput(input.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertThat(process.waitFor(150, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        return process.exitValue() + " " + Files.readString(out);
    }

    @Test
    void promtoolAcceptsTheAlerts() throws Exception {
        assertThat(promtool(ALERTS, "check", "rules", ALERTS.toString()))
                .startsWith("0 ")
                .contains(alerts().size() + " rules found");
    }

    @Test
    void promtoolRunsTheTestsOfTheAlerts() throws Exception {
        assertThat(promtool(ALERTS, "test", "rules", ALERTS_TEST.toString()))
                .startsWith("0 ")
                .contains("SUCCESS");
    }

    @Test
    void promtoolAcceptsTheMetrics() throws Exception {
        Path metrics = Files.writeString(dir.resolve("metrics.txt"), metrics());
        // Exit code 3 reports names that are unusual, 1 an invalid format.
        assertThat(promtool(metrics, "check", "metrics")).startsWith("0 ");
    }
}
