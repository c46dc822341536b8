package io.veloz.wal.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.Fault;
import io.veloz.wal.testkit.FaultPlan;
import io.veloz.wal.testkit.FaultyStorage;
import io.veloz.wal.testkit.Operation;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class HealthTest {
    private static final List<String> ALL = List.of("/health", "/health/live", "/health/ready", "/health/startup");

    @TempDir
    Path dir;

    private static List<Integer> statuses(WalHttpServer server) throws Exception {
        return List.of(
                Client.get(server, "/health").status(),
                Client.get(server, "/health/live").status(),
                Client.get(server, "/health/ready").status(),
                Client.get(server, "/health/startup").status());
    }

    private static ByteBuffer payload() {
        return ByteBuffer.wrap(new byte[] {1});
    }

    @Test
    void openLogPassesAllProbes() throws Exception {
        try (Wal wal = Wal.open(dir);
                WalHttpServer server = Client.server().log(wal).start()) {
            wal.appendDurable(1, payload());
            assertThat(statuses(server)).containsExactly(200, 200, 200, 200);
            Client.Reply health = Client.get(server, "/health");
            assertThat(health.headers().firstValue("Content-Type")).contains("application/json");
            assertThat(health.json().get("status").asText()).isEqualTo("ok");
            assertThat(health.json().get("checks").findValuesAsText("name"))
                    .containsExactly("replay", "log", "log open", "disk");
            assertThat(health.body()).contains("last record 1");
        }
    }

    @Test
    void logThatIsReplayedIsLiveButNotReady() throws Exception {
        try (WalHttpServer server = Client.server().start()) {
            assertThat(statuses(server)).containsExactly(503, 200, 503, 503);
            assertThat(Client.get(server, "/health/startup").failed())
                    .containsExactly("replay: the log is being replayed");
        }
    }

    @Test
    void readOnlyLogIsReady() throws Exception {
        try (WalHttpServer server =
                Client.server().log(() -> LogState.readOnly(42)).start()) {
            assertThat(statuses(server)).containsExactly(200, 200, 200, 200);
            assertThat(Client.get(server, "/health/ready").body()).contains("read-only up to record 42");
        }
    }

    @Test
    void failedLogFailsAllProbes() throws Exception {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        Wal wal = Wal.open(WalConfig.builder(storage)
                .segmentBytes(64 * 1024)
                .maxBatchBytes(8 * 1024)
                .build());
        try (WalHttpServer server = Client.server().log(wal).start()) {
            storage.plan(FaultPlan.always(Operation.Kind.FORCE, Fault.IO_ERROR));
            assertThatThrownBy(() -> wal.appendDurable(1, payload())).isInstanceOf(WalFailedException.class);
            assertThat(statuses(server)).containsExactly(503, 503, 503, 503);
            assertThat(Client.get(server, "/health/live").failed())
                    .singleElement()
                    .asString()
                    .startsWith("log: the log has failed: ");
        } finally {
            assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
        }
    }

    @Test
    void closedLogIsNotReadyButLive() throws Exception {
        Wal wal = Wal.open(dir);
        try (WalHttpServer server = Client.server().log(wal).start()) {
            wal.close();
            assertThat(statuses(server)).containsExactly(503, 200, 503, 200);
            assertThat(Client.get(server, "/health/ready").failed()).containsExactly("log open: the log is closed");
        }
    }

    @Test
    void logThatCouldNotBeReplayedFailsAllProbesWithTheReason() throws Exception {
        try (WalHttpServer server = Client.server()
                .log(() -> LogState.failed("record 7 is damaged"))
                .start()) {
            assertThat(statuses(server)).containsExactly(503, 503, 503, 503);
            assertThat(Client.get(server, "/health").failed()).containsExactly("log: record 7 is damaged");
        }
    }

    @Test
    void askingForTheStateOfALogChangesNothing() {
        try (Wal wal = Wal.open(dir)) {
            wal.appendDurable(1, payload());
            wal.roll();
            String before = wal.toString();
            long forces = wal.stats().forces();
            assertThat(LogState.of(wal).mode()).isEqualTo(LogState.Mode.OPEN);
            assertThat(wal.toString()).isEqualTo(before);
            assertThat(wal.stats().forces()).isEqualTo(forces);
        }
    }

    @Test
    void checkOfTheApplicationFailsItsProbesOnly() throws Exception {
        AtomicReference<CheckResult> result = new AtomicReference<>(CheckResult.passed("connected"));
        try (WalHttpServer server = Client.server()
                .log(() -> LogState.readOnly(1))
                .check("venue", result::get, Probe.READY)
                .start()) {
            assertThat(statuses(server)).containsExactly(200, 200, 200, 200);
            result.set(CheckResult.failed("\"disconnected\" <since> 12:00"));
            assertThat(statuses(server)).containsExactly(503, 200, 503, 200);
            assertThat(Client.get(server, "/health/ready").failed())
                    .containsExactly("venue: \"disconnected\" <since> 12:00");
        }
    }

    @Test
    void checkThatThrowsFailsWithoutShowingTheException() throws Exception {
        try (WalHttpServer server = Client.server()
                .log(() -> LogState.readOnly(1))
                .check("venue", () -> {
                    throw new IllegalStateException("password=hunter2");
                })
                .start()) {
            Client.Reply reply = Client.get(server, "/health");
            assertThat(reply.status()).isEqualTo(503);
            assertThat(reply.failed()).containsExactly("venue: the check failed with IllegalStateException");
            assertThat(reply.body()).doesNotContain("hunter2", "at io.veloz");
        }
    }

    @Test
    void supplierOfTheLogThatThrowsFailsTheChecks() throws Exception {
        try (WalHttpServer server = Client.server()
                .log(() -> {
                    throw new IllegalStateException("secret");
                })
                .start()) {
            for (String path : ALL) {
                Client.Reply reply = Client.get(server, path);
                assertThat(reply.status()).isEqualTo(503);
                assertThat(reply.body()).doesNotContain("secret");
            }
        }
    }
}
