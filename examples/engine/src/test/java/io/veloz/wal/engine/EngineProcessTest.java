package io.veloz.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.engine.RunningEngine.Reply;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.Side;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class EngineProcessTest {
    private static final String ORDER = "id=%s&symbol=BTCUSDT&side=BUY&quantity=0.5&price=50000.25";

    @TempDir
    Path dir;

    private Path wal() {
        return dir.resolve("wal");
    }

    private String archive() throws IOException {
        return Files.createDirectories(dir.resolve("archive")).toUri().toString();
    }

    /** Writes orders, and returns them. */
    private List<OrderState> tradeBefore() {
        try (OrderEngine engine = new OrderEngine(OrderEngine.settings(wal()), new RecordingVenue())) {
            engine.start();
            for (int i = 0; i < 20; i++) {
                engine.place(OrderNew.limit("order-" + i, "BTCUSDT", Side.BUY, 2.0, 50_000.0 + i));
            }
            engine.filled(OrderFill.of("order-7", "BTCUSDT", 1.0, 50_000.5, 9));
            return engine.opened().store().orders();
        }
    }

    /** The bytes of each file of the log, by name. */
    private static Map<String, Integer> contents(Path directory) throws IOException {
        Map<String, Integer> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            files.filter(Files::isRegularFile).forEach(file -> {
                try {
                    contents.put(
                            directory.relativize(file).toString() + " " + Files.getLastModifiedTime(file),
                            Arrays.hashCode(Files.readAllBytes(file)));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        return contents;
    }

    private static void assertEqual(JsonNode items, List<OrderState> orders) {
        assertThat(items).hasSameSizeAs(orders);
        for (int i = 0; i < orders.size(); i++) {
            OrderState order = orders.get(i);
            JsonNode item = items.get(i);
            assertThat(item.get("client_order_id").asText()).isEqualTo(order.clientOrderId());
            assertThat(item.get("limit_price").asDouble()).isEqualTo(order.limitPrice());
            assertThat(item.get("executed_qty").asDouble()).isEqualTo(order.executedQuantity());
            assertThat(item.get("status").asText()).isEqualTo(order.status());
        }
    }

    private static String order(String id) {
        return ORDER.replace("%s", id);
    }

    @Test
    void readOnlyEngineAnswersAndChangesNeitherLogNorArchive() throws Exception {
        List<OrderState> before = tradeBefore();
        Map<String, Integer> log = contents(wal());
        try (RunningEngine engine =
                RunningEngine.start(dir, "--wal", wal().toString(), "--archive", archive(), "--read-only")) {
            assertThat(engine.get("/health/ready").status()).isEqualTo(200);
            assertThat(engine.get("/health").status()).isEqualTo(200);
            JsonNode state = engine.get("/api/orders_state").json();
            assertThat(state.get("read_only").asBoolean()).isTrue();
            assertEqual(state.get("items"), before);
            assertThat(engine.get("/metrics").body()).contains("\nveloz_wal_last_sequence 21\n");
            Reply order = engine.post("/api/orders", order("a-1"));
            assertThat(order.status()).isEqualTo(503);
            assertThat(order.body()).isEqualTo("{\"error\":\"the engine is read-only and accepts no order\"}\n");
            assertThat(engine.terminate()).isEqualTo("143 stopped\n");
        }
        assertThat(contents(wal())).isEqualTo(log);
        assertThat(contents(dir.resolve("archive"))).isEmpty();
    }

    @Test
    void readOnlyEngineKeepsATornTail() throws Exception {
        tradeBefore();
        Path current = wal().resolve("orders_current.wal");
        // What a crash leaves after the last complete batch.
        Files.write(current, "torn".getBytes(StandardCharsets.US_ASCII), StandardOpenOption.APPEND);
        Map<String, Integer> log = contents(wal());
        try (RunningEngine engine = RunningEngine.start(dir, "--wal", wal().toString(), "--read-only")) {
            assertThat(engine.get("/api/orders_state").json().get("count").asInt())
                    .isEqualTo(20);
        }
        assertThat(contents(wal())).isEqualTo(log);
    }

    @Test
    void engineGoesLiveAndReadOnlyOnAWord() throws Exception {
        tradeBefore();
        try (RunningEngine engine =
                RunningEngine.start(dir, "--wal", wal().toString(), "--archive", archive(), "--read-only")) {
            Reply live = engine.post("/api/admin/live", "");
            assertThat(live.status()).isEqualTo(200);
            assertThat(live.body()).isEqualTo("{\"mode\":\"live\",\"last_sequence\":21,\"orders\":20}\n");
            Reply order = engine.post("/api/orders", order("a-1"));
            assertThat(order.status()).isEqualTo(201);
            assertThat(order.body()).isEqualTo("{\"client_order_id\":\"a-1\"}\n");
            JsonNode state = engine.get("/api/orders_state").json();
            assertThat(state.get("read_only").asBoolean()).isFalse();
            assertThat(state.get("items").findValuesAsText("client_order_id"))
                    .hasSize(21)
                    .contains("a-1");
            assertThat(engine.post("/api/orders", order("a-1")).status()).isEqualTo(409);
            assertThat(engine.post("/api/admin/live", "").status()).isEqualTo(200);

            Reply readOnly = engine.post("/api/admin/readonly", "");
            assertThat(readOnly.body()).isEqualTo("{\"mode\":\"read-only\",\"last_sequence\":22,\"orders\":21}\n");
            assertThat(engine.post("/api/orders", order("a-2")).status()).isEqualTo(503);
            assertThat(engine.get("/health/ready").status()).isEqualTo(200);
        }
        try (ObjectStore store = ObjectStores.open(archive())) {
            assertThat(ArchiveStatus.of(store).epoch()).isEqualTo(1);
            assertThat(ArchiveStatus.of(store).archivedSequence()).isEqualTo(22);
        }
    }

    private void loseLog() throws IOException {
        Files.move(wal(), dir.resolve("lost"));
    }

    @Test
    void readOnlyEngineWhoseLogWasLostDoesNotGoLive() throws Exception {
        tradeBefore();
        try (RunningEngine engine = RunningEngine.start(dir, "--wal", wal().toString(), "--read-only")) {
            loseLog();
            assertThat(engine.post("/api/admin/live", "").status()).isEqualTo(409);
            assertThat(wal()).doesNotExist();

            Files.createDirectory(wal());
            Reply empty = engine.post("/api/admin/live", "");
            assertThat(empty.status()).isEqualTo(409);
            assertThat(empty.json().get("error").asText())
                    .contains(
                            wal() + " has no log; this engine has replayed log ", " up to record 21: restore that log");
            assertThat(wal()).isEmptyDirectory();
            assertThat(engine.get("/api/orders_state").json().get("count").asInt())
                    .isEqualTo(20);
        }
    }

    @Test
    void readOnlyEngineWhoseLogWasReplacedDoesNotGoLive() throws Exception {
        tradeBefore();
        try (RunningEngine engine = RunningEngine.start(dir, "--wal", wal().toString(), "--read-only")) {
            loseLog();
            tradeBefore();
            Map<String, Integer> other = contents(wal());
            Reply replaced = engine.post("/api/admin/live", "");
            assertThat(replaced.status()).isEqualTo(409);
            assertThat(replaced.json().get("error").asText())
                    .contains(wal() + " has log ", "; this engine has replayed");
            assertThat(contents(wal())).isEqualTo(other);
        }
    }

    @Test
    void readOnlyEngineWhoseLogLostItsEndDoesNotGoLive() throws Exception {
        tradeBefore();
        Path older = dir.resolve("older");
        copy(wal(), older);
        try (OrderEngine engine = new OrderEngine(OrderEngine.settings(wal()), new RecordingVenue())) {
            engine.start();
            engine.place(OrderNew.limit("later", "BTCUSDT", Side.BUY, 2.0, 50_000.0));
        }
        try (RunningEngine engine = RunningEngine.start(dir, "--wal", wal().toString(), "--read-only")) {
            loseLog();
            Files.move(older, wal());
            Reply shorter = engine.post("/api/admin/live", "");
            assertThat(shorter.status()).isEqualTo(409);
            assertThat(shorter.json().get("error").asText()).contains(" up to record 21; ", " up to record 22: ");
        }
    }

    @Test
    void helpEndsWithExitCode0() throws Exception {
        assertThat(RunningEngine.run(dir, "--help")).isEqualTo("0 ");
    }

    @Test
    void terminatedEngineHasShippedEverythingAndFreedTheLog() throws Exception {
        try (RunningEngine engine = RunningEngine.start(dir, "--wal", wal().toString(), "--archive", archive())) {
            for (int i = 0; i < 10; i++) {
                assertThat(engine.post("/api/orders", order("a-" + i)).status()).isEqualTo(201);
            }
            assertThat(engine.terminate()).isEqualTo("143 stopped\n");
        }
        try (ObjectStore store = ObjectStores.open(archive())) {
            assertThat(ArchiveStatus.of(store).archivedSequence()).isEqualTo(10);
        }
        try (OrderEngine engine = new OrderEngine(OrderEngine.settings(wal()), new RecordingVenue())) {
            assertThat(engine.start().log().hasTornTail()).isFalse();
            assertThat(engine.pending()).hasSize(10);
        }
    }

    @Test
    void killedEngineAnswersAgainWithEveryOrderThatItShowed() throws Exception {
        JsonNode shown;
        try (RunningEngine engine =
                RunningEngine.start(dir, "--wal", wal().toString(), "--orders-per-second", "1000")) {
            do {
                shown = engine.get("/api/orders_state").json().get("items");
            } while (shown.size() < 100);
            engine.kill();
        }
        try (RunningEngine engine = RunningEngine.start(dir, "--wal", wal().toString(), "--read-only")) {
            JsonNode state = engine.get("/api/orders_state").json();
            assertThat(state.get("items").findValuesAsText("client_order_id"))
                    .containsAll(shown.findValuesAsText("client_order_id"));
            assertThat(state.get("items").findValuesAsText("status")).contains("FILLED", "ACCEPTED");
        }
    }

    @Test
    void generatorContinuesWithNewIdsAfterARestart() throws Exception {
        for (int run = 1; run <= 2; run++) {
            int before = 50 * (run - 1);
            try (RunningEngine engine =
                    RunningEngine.start(dir, "--wal", wal().toString(), "--orders-per-second", "1000")) {
                while (engine.get("/api/status")
                                .json()
                                .get("orders")
                                .get("count")
                                .asInt()
                        < before + 50) {
                    Thread.onSpinWait();
                }
                assertThat(engine.terminate()).isEqualTo("143 stopped\n");
            }
        }
    }

    @Test
    void engineThatAnotherOneLocksOutStaysReadOnly() throws Exception {
        tradeBefore();
        try (OrderEngine other = new OrderEngine(OrderEngine.settings(wal()), new RecordingVenue());
                RunningEngine engine = RunningEngine.start(dir, "--wal", wal().toString(), "--read-only")) {
            other.start();
            Reply reply = engine.post("/api/admin/live", "");
            assertThat(reply.status()).isEqualTo(409);
            assertThat(reply.json().get("error").asText()).contains("is in use by process");
            assertThat(engine.get("/health/ready").status()).isEqualTo(200);
            assertThat(engine.get("/api/orders_state").json().get("read_only").asBoolean())
                    .isTrue();
            assertThat(RunningEngine.run(dir, "--wal", wal().toString(), "--http", "0"))
                    .startsWith("2 error: ")
                    .contains("is in use by process");
        }
    }

    @Test
    void engineWhoseArchiveHasMoreThanItsLogIsNotReadyAndAcceptsNoOrder() throws Exception {
        String archive = archive();
        tradeBefore();
        Path old = dir.resolve("old");
        copy(wal(), old);
        try (OrderEngine other = new OrderEngine(
                OrderEngine.settings(wal()),
                new RecordingVenue(),
                ShipperConfig.builder(archive).build())) {
            other.start();
            other.place(OrderNew.limit("later", "BTCUSDT", Side.BUY, 2.0, 50_000.0));
            assertThat(other.shipper().orElseThrow().awaitArchived(22, Duration.ofSeconds(60)))
                    .isTrue();
        }
        try (RunningEngine engine = RunningEngine.start(dir, "--wal", old.toString(), "--archive", archive)) {
            Reply ready = engine.get("/health/ready");
            while (ready.status() == 200) {
                ready = engine.get("/health/ready");
            }
            assertThat(ready.body()).contains("log and archive are inconsistent");
            Reply order = engine.post("/api/orders", order("a-1"));
            assertThat(order.status()).isEqualTo(503);
            assertThat(order.body()).contains("order a-1 was not accepted: log and archive are inconsistent");
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    @Test
    void oldBackupFailsHealthButNotReadiness() throws Exception {
        Path metrics = Files.writeString(
                dir.resolve("metrics.prom"),
                "veloz_backup_last_success_timestamp_seconds{kind=\"database\"} 1000000000\n");
        tradeBefore();
        try (RunningEngine engine = RunningEngine.start(
                dir,
                "--wal",
                wal().toString(),
                "--read-only",
                "--metrics-file",
                metrics.toString(),
                "--max-backup-age",
                "database=26h")) {
            assertThat(engine.get("/health/ready").status()).isEqualTo(200);
            Reply health = engine.get("/health");
            assertThat(health.status()).isEqualTo(503);
            assertThat(health.body()).contains("the last successful backup of database is");
            assertThat(engine.get("/metrics").body())
                    .contains("veloz_backup_last_success_timestamp_seconds{kind=\"database\"} 1000000000\n");
        }
    }

    @Test
    void engineThatCannotReadItsLogEndsWithTheReason() throws Exception {
        tradeBefore();
        Path first = wal().resolve("orders_0000000000000001.wal");
        byte[] bytes = Files.readAllBytes(first);
        bytes[4096 + 40] ^= 1;
        Files.write(first, bytes);
        assertThat(RunningEngine.run(dir, "--wal", wal().toString(), "--http", "0", "--read-only"))
                .startsWith("2 error: ")
                .contains("orders_0000000000000001.wal");
        assertThat(RunningEngine.run(dir, "--wal", wal().toString(), "--http", "0"))
                .startsWith("2 error: ")
                .contains("orders_0000000000000001.wal");
        assertThat(RunningEngine.run(dir, "--wal", dir.resolve("nothing").toString(), "--http", "0", "--read-only"))
                .startsWith("2 error: cannot open directory ");
        assertThat(dir.resolve("nothing")).doesNotExist();
    }

    @Test
    void usageAndPortErrorsHaveTheirExitCodes() throws Exception {
        assertThat(RunningEngine.run(dir, "--wal")).startsWith("64 error: --wal needs a value\n\nusage: ");
        tradeBefore();
        try (RunningEngine engine = RunningEngine.start(dir, "--wal", wal().toString(), "--read-only")) {
            String port = String.valueOf(engine.uri().getPort());
            assertThat(RunningEngine.run(dir, "--wal", wal().toString(), "--read-only", "--http", port))
                    .startsWith("5 error: cannot listen on ");
        }
        Path metrics = Files.writeString(dir.resolve("metrics.prom"), "\n");
        assertThat(RunningEngine.run(
                        dir,
                        "--wal",
                        wal().toString(),
                        "--metrics-file",
                        metrics.toString(),
                        "--max-backup-age",
                        "databse=1h"))
                .startsWith("64 error: kind databse: expected one of ");
    }

    @Test
    void orderThatIsNotArchivedInTimeIsReportedAsWaiting() throws Exception {
        String archive = archive();
        try (RunningEngine engine = RunningEngine.start(
                dir, "--wal", wal().toString(), "--archive", archive, "--publish-when", "archived")) {
            assertThat(engine.post("/api/orders", order("a-1")).status()).isEqualTo(201);
            try (ObjectStore store = ObjectStores.open(archive)) {
                assertThat(ArchiveStatus.of(store).archivedSequence()).isEqualTo(1);
            }
            Files.move(dir.resolve("archive"), dir.resolve("away"));
            assertThat(engine.post("/api/orders", order("a-2")))
                    .isEqualTo(new Reply(202, "{\"client_order_id\":\"a-2\",\"sent\":false}\n"));
            assertThat(engine.get("/health/ready").status()).isEqualTo(200);
        }
    }

    @Test
    void engineHasItsPage() throws Exception {
        try (RunningEngine engine = RunningEngine.start(dir, "--wal", wal().toString())) {
            assertThat(engine.get("/").body()).startsWith("<!DOCTYPE html>");
        }
    }
}
