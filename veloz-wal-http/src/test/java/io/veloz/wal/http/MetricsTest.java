package io.veloz.wal.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.veloz.wal.Wal;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.metrics.ShipperMetrics;
import io.veloz.wal.metrics.WalMetrics;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class MetricsTest {
    private static final Pattern HELP = Pattern.compile("# HELP ([a-z0-9_]+) (.+)");
    private static final Pattern TYPE = Pattern.compile("# TYPE ([a-z0-9_]+) (gauge|counter|untyped)");
    private static final Pattern SAMPLE = Pattern.compile("([a-z0-9_]+)(\\{.+})? (\\S+)");

    @TempDir
    Path dir;

    /** Returns the help of each metric by "name type". Fails if a line is not valid, or a sample has no type. */
    static Map<String, String> described(String text) {
        Map<String, String> described = new TreeMap<>();
        String name = "";
        String help = "";
        assertThat(text).endsWith("\n");
        for (String line : text.split("\n")) {
            Matcher helped = HELP.matcher(line);
            Matcher typed = TYPE.matcher(line);
            Matcher sample = SAMPLE.matcher(line);
            if (helped.matches()) {
                name = helped.group(1);
                help = helped.group(2);
            } else if (typed.matches()) {
                assertThat(typed.group(1)).isEqualTo(name);
                assertThat(described.put(name + " " + typed.group(2), help)).isNull();
            } else {
                assertThat(sample.matches()).as(line).isTrue();
                assertThat(sample.group(1)).isEqualTo(name);
                assertThat(Double.parseDouble(sample.group(3))).isFinite();
            }
        }
        return described;
    }

    /** Returns what a Prometheus registry of Micrometer exposes: it appends "_total" to counters. */
    private static Map<String, String> described(SimpleMeterRegistry registry) {
        Map<String, String> described = new TreeMap<>();
        for (Meter meter : registry.getMeters()) {
            boolean counter = meter instanceof FunctionCounter;
            described.put(
                    meter.getId().getName() + (counter ? "_total counter" : " gauge"),
                    meter.getId().getDescription());
        }
        return described;
    }

    @Test
    void metricsOfLogAndArchiveAreThoseOfMicrometer() throws Exception {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        String archive = Files.createDirectory(dir.resolve("archive")).toUri().toString();
        try (Wal wal = Wal.open(dir.resolve("log"));
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(archive).build());
                WalHttpServer server = Client.server().log(wal).shipper(shipper).start()) {
            new WalMetrics(wal).bindTo(registry);
            new ShipperMetrics(shipper).bindTo(registry);
            Client.Reply reply = Client.get(server, "/metrics");
            assertThat(reply.headers().firstValue("Content-Type")).contains("text/plain; version=0.0.4; charset=utf-8");
            assertThat(described(reply.body())).isEqualTo(described(registry)).hasSize(18 + 13);
        }
    }

    @Test
    void valuesAreThoseOfTheLogAndTheArchive() throws Exception {
        String archive = Files.createDirectory(dir.resolve("archive")).toUri().toString();
        try (Wal wal = Wal.open(dir.resolve("log"));
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(archive).build());
                WalHttpServer server = Client.server().log(wal).shipper(shipper).start()) {
            wal.appendDurable(1, ByteBuffer.wrap(new byte[] {1}));
            long last = wal.appendDurable(1, ByteBuffer.wrap(new byte[] {1}));
            assertThat(shipper.awaitArchived(last, Duration.ofSeconds(60))).isTrue();
            assertThat(Client.get(server, "/metrics").body())
                    .contains(
                            "\nveloz_wal_last_sequence 2\n",
                            "\nveloz_wal_durable_sequence 2\n",
                            "\nveloz_wal_entries_written_total 2\n",
                            "\nveloz_wal_durable_lag 0\n",
                            "\nveloz_wal_healthy 1\n",
                            "\nveloz_wal_archived_sequence 2\n",
                            "\nveloz_wal_archive_epoch 1\n",
                            "\nveloz_wal_archive_healthy 1\n",
                            "\nveloz_wal_archive_requests_total{kind=\"delete\"} ");
            assertThat(Client.get(server, "/health").status()).isEqualTo(200);
            Client.Reply status = Client.get(server, "/api/status");
            assertThat(status.json().get("archive").get("state").asText()).isEqualTo("SHIPPING");
            assertThat(status.json().get("archive").get("archived_sequence").asLong())
                    .isEqualTo(2);
        }
    }

    @Test
    void fencedShipperIsNotReady() throws Exception {
        String archive = Files.createDirectory(dir.resolve("archive")).toUri().toString();
        try (Wal wal = Wal.open(dir.resolve("log"))) {
            long last = wal.appendDurable(1, ByteBuffer.wrap(new byte[] {1}));
            try (WalShipper fenced =
                            WalShipper.start(wal, ShipperConfig.builder(archive).build());
                    WalHttpServer server =
                            Client.server().log(wal).shipper(fenced).start()) {
                assertThat(fenced.awaitArchived(last, Duration.ofSeconds(60))).isTrue();
                try (WalShipper newer = WalShipper.start(
                        dir.resolve("log"), ShipperConfig.builder(archive).build())) {
                    assertThat(newer.awaitArchived(last, Duration.ofSeconds(60)))
                            .isTrue();
                }
                long next = wal.appendDurable(1, ByteBuffer.wrap(new byte[] {2}));
                assertThatThrownBy(() -> fenced.awaitArchived(next, Duration.ofSeconds(60)))
                        .isInstanceOf(WalFencedException.class);
                assertThat(Client.get(server, "/health/live").status()).isEqualTo(200);
                Client.Reply ready = Client.get(server, "/health/ready");
                assertThat(ready.status()).isEqualTo(503);
                assertThat(ready.failed())
                        .singleElement()
                        .asString()
                        .startsWith("archive: another engine has taken over: ");
                assertThat(Client.get(server, "/health").failed()).contains("shipping: shipping has ended");
                assertThat(Client.get(server, "/metrics").body()).contains("\nveloz_wal_archive_fenced 1\n");
            }
        }
    }

    @Test
    void closedShipperFailsHealthOnly() throws Exception {
        String archive = Files.createDirectory(dir.resolve("archive")).toUri().toString();
        try (Wal wal = Wal.open(dir.resolve("log"))) {
            WalShipper shipper =
                    WalShipper.start(wal, ShipperConfig.builder(archive).build());
            shipper.close();
            try (WalHttpServer server =
                    Client.server().log(wal).shipper(shipper).start()) {
                assertThat(Client.get(server, "/health/ready").status()).isEqualTo(200);
                assertThat(Client.get(server, "/health").failed()).containsExactly("shipping: the shipper is closed");
            }
        }
    }

    @Test
    void logThatIsReadOnlyHasItsPosition() throws Exception {
        try (WalHttpServer server =
                Client.server().log(() -> LogState.readOnly(42)).start()) {
            String text = Client.get(server, "/metrics").body();
            assertThat(described(text))
                    .containsOnlyKeys(
                            "veloz_wal_last_sequence gauge",
                            "veloz_wal_durable_sequence gauge",
                            "veloz_wal_healthy gauge");
            assertThat(text).contains("\nveloz_wal_last_sequence 42\n", "\nveloz_wal_healthy 1\n");
        }
    }

    @Test
    void logThatCouldNotBeReplayedIsUnhealthy() throws Exception {
        try (WalHttpServer server =
                Client.server().log(() -> LogState.failed("damaged")).start()) {
            assertThat(Client.get(server, "/metrics").body()).contains("\nveloz_wal_healthy 0\n");
        }
    }

    @Test
    void numbersAreThoseOfPrometheus() {
        MetricsText text = new MetricsText()
                .sample("a", 1e14 + 1)
                .sample("b", 1e-7)
                .sample("c", Double.POSITIVE_INFINITY)
                .sample("d", Double.NaN)
                .sample("e", Map.of("reason", "a\"b\\c\nd"), -0.5);
        assertThat(text)
                .hasToString("a 100000000000001\nb 1.0E-7\nc +Inf\nd NaN\ne{reason=\"a\\\"b\\\\c\\nd\"} -0.5\n");
    }
}
