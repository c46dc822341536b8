package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.archive.FollowerStatus;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.ship.ShippingChild;
import io.veloz.wal.archive.s3.S3ProxyServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code follow}, also while the process of the primary is killed. */
@Timeout(240)
class FollowCommandTest {

    @TempDir
    Path scratch;

    private Path log() {
        return scratch.resolve("log");
    }

    private Path standby() {
        return scratch.resolve("standby");
    }

    private String archive() {
        return scratch.resolve("archive").toUri().toString();
    }

    private void ship(int records) {
        Logs.ofRecords(log(), records);
        ToolRun.of("ship", "--once", log(), archive()).exits(ExitCode.OK);
    }

    @Test
    void standbyIsFollowedAndPromoted() {
        ship(12);
        assertThat(ToolRun.of("follow", "--once", archive(), standby())
                        .exits(ExitCode.OK)
                        .out())
                .contains("caught-up: applied up to record 12 of epoch 1", "0 records behind");
        ToolRun.of("dump", standby()).failsWith("a restore into it has not ended");
        ToolRun promoted = ToolRun.of("follow", archive(), standby(), "--promote", "--over", 1)
                .exits(ExitCode.OK);
        assertThat(promoted.out()).contains("acquired epoch 2 over epoch 1", "records     up to 12");
        assertThat(ToolRun.of("dump", standby()).out())
                .isEqualTo(ToolRun.of("dump", log()).out());
        ToolRun.of("ship", "--once", standby(), archive()).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", log(), archive(), "--take-over", 1).exits(ExitCode.FENCED);
    }

    @Test
    void statusIsPrintedAsJson() {
        ship(12);
        var status = ToolRun.of("follow", "--once", "--json", archive(), standby())
                .exits(ExitCode.OK)
                .json();
        assertThat(status.get("event").asText()).isEqualTo("caught-up");
        assertThat(status.get("applied_sequence").asLong()).isEqualTo(12);
        assertThat(status.get("lag_records").asLong()).isZero();
        assertThat(status.get("caught_up_at").asText()).isNotEmpty();
        var promoted = ToolRun.of("follow", "--json", archive(), standby(), "--promote", "--over", 1)
                .exits(ExitCode.OK)
                .json();
        assertThat(promoted.get("outcome").asText()).isEqualTo("PROMOTED");
        assertThat(promoted.get("epoch").asLong()).isEqualTo(2);
    }

    @Test
    void lostPromotionExitsWith4() {
        ship(12);
        ToolRun.of("follow", "--once", archive(), standby()).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", "--take-over", 1, log(), archive()).exits(ExitCode.OK);
        ToolRun.of("follow", archive(), standby(), "--promote", "--over", 1).isRefusedWith("promote over epoch 2");
        var lost = ToolRun.of("follow", "--json", archive(), standby(), "--promote", "--over", 1)
                .exits(ExitCode.REFUSED)
                .json();
        assertThat(lost.get("reason").asText()).isEqualTo("LOST_PROMOTION");
        ToolRun.of("follow", archive(), standby(), "--promote", "--over", 2).exits(ExitCode.OK);
    }

    @Test
    void optionsThatDoNotFitAreRefused() {
        ToolRun.of("follow", archive(), standby(), "--over", 2).exits(ExitCode.USAGE);
        ToolRun.of("follow", archive(), standby(), "--once", "--promote", "--over", 1)
                .exits(ExitCode.USAGE);
        assertThat(ToolRun.of("follow", archive(), standby(), "--promote")
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("name the epoch to replace with --over");
        ToolRun.of("follow", archive(), standby()).isRefusedWith("is not an archive");
    }

    @Test
    void signalDuringTheStartEndsItWithExitCode0() throws Exception {
        CountDownLatch isStarting = new CountDownLatch(1);
        HttpServer unavailable = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        unavailable.createContext("/", exchange -> {
            isStarting.countDown();
            exchange.sendResponseHeaders(503, -1);
            exchange.close();
        });
        unavailable.start();
        Map<String, String> environment = Map.of(
                "AWS_ENDPOINT_URL_S3",
                        "http://127.0.0.1:" + unavailable.getAddress().getPort(),
                "AWS_REGION", "us-east-1",
                "AWS_ACCESS_KEY_ID", "id",
                "AWS_SECRET_ACCESS_KEY", "secret");
        try (ChildTool follow = ChildTool.startWith(environment, "follow", "s3://bucket/orders", standby())) {
            isStarting.await();
            follow.terminate();
            String errors = follow.errors();
            assertThat(follow.exitCode()).as(errors).isZero();
        } finally {
            unavailable.stop(0);
        }
    }

    private static FollowerStatus status(FollowerStatus.State state, long slot, long bytesRead) {
        return new FollowerStatus(
                "archive",
                "directory",
                state,
                slot,
                1,
                "host",
                Instant.EPOCH,
                1,
                1,
                Duration.ZERO,
                bytesRead,
                Optional.empty(),
                "",
                Optional.empty(),
                Duration.ZERO,
                Optional.empty(),
                null);
    }

    @Test
    void onceWaitsAsLongAsSomethingIsRead() {
        FollowerStatus before = status(FollowerStatus.State.FOLLOWING, 7, 1000);
        assertThat(FollowCommand.isWorthWaiting(before, status(FollowerStatus.State.FOLLOWING, 7, 1001)))
                .isTrue();
        assertThat(FollowCommand.isWorthWaiting(before, status(FollowerStatus.State.RETRYING, 8, 1000)))
                .isTrue();
        assertThat(FollowCommand.isWorthWaiting(before, status(FollowerStatus.State.RETRYING, 7, 1000)))
                .isFalse();
        assertThat(FollowCommand.isWorthWaiting(before, status(FollowerStatus.State.CLOSED, 8, 2000)))
                .isFalse();
        assertThat(FollowCommand.isWorthWaiting(before, status(FollowerStatus.State.FAILED, 8, 2000)))
                .isFalse();
    }

    @Test
    void primaryInTheDirectoryOfALogIsNoStandby() {
        ship(12);
        ToolRun.of("follow", archive(), log()).isRefusedWith("is not a standby");
    }

    /**
     * Kills the primary as kill -9 does, and promotes the standby by the command. The time to the first append is printed, and not
     * bounded: up to five processes share the machine with other tests.
     */
    private void killAndPromote(String archive, Map<String, String> environment) throws Exception {
        Process primary = startPrimary(archive, environment);
        long archived = 0;
        Duration took;
        try (BufferedReader out = primary.inputReader(StandardCharsets.UTF_8)) {
            archived = archivedIn(out);
            try (ChildTool follow = ChildTool.startWith(
                    environment, "follow", "--json", "--status-interval", "1s", archive, standby())) {
                follow.lineWith("\"event\":\"following\"");
                follow.lineWith("\"event\":\"status\"");
                for (int i = 0; i < 60; i++) {
                    archived = archivedIn(out);
                }
                ProcessHandle.of(primary.pid()).orElseThrow().destroyForcibly();
                primary.onExit().join();
                long killed = System.nanoTime();
                follow.terminate();
                assertThat(follow.exitCode()).as(follow.errors()).isZero();
                took = promoteAndAppend(archive, environment, killed);
            }
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                archived = line.startsWith("archived ") ? Long.parseLong(line.substring(9)) : archived;
            }
        } finally {
            primary.destroyForcibly();
        }
        System.out.println("promotion: " + took.toMillis() + " ms from kill -9 to the first durable append, " + archived
                + " records awaited");
        assertThat(archived).isGreaterThan(60);
        List<Entry> promoted = SmallLog.read(ReadOptions.of(standby()));
        assertThat(promoted.size()).isGreaterThan((int) archived);
        List<Entry> old = SmallLog.read(ReadOptions.of(log()));
        assertThat(old).startsWith(promoted.subList(0, promoted.size() - 1).toArray(Entry[]::new));
        assertOldPrimaryIsRefused(archive, environment);
    }

    private static long archivedIn(BufferedReader out) throws IOException {
        return Long.parseLong(out.readLine().substring("archived ".length()));
    }

    private Process startPrimary(String archive, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-Xmx128m",
                        ShippingChild.class.getName(),
                        log().toString(),
                        archive)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** Returns the time since the kill, at which a record is durable in the promoted log. */
    private Duration promoteAndAppend(String archive, Map<String, String> environment, long killed) throws Exception {
        try (ChildTool promote =
                ChildTool.startWith(environment, "follow", "--json", archive, standby(), "--promote", "--over", "1")) {
            List<String> lines = promote.linesLeft();
            assertThat(promote.exitCode()).as(promote.errors()).isZero();
            assertThat(lines).singleElement().asString().contains("\"outcome\":\"PROMOTED\"", "\"over\":1");
        }
        try (Wal wal = SmallLog.open(standby())) {
            SmallLog.append(wal, 1);
            return Duration.ofNanos(System.nanoTime() - killed);
        }
    }

    private void assertOldPrimaryIsRefused(String archive, Map<String, String> environment) throws Exception {
        try (ChildTool old = ChildTool.startWith(environment, "ship", "--once", log(), archive)) {
            old.linesLeft();
            String errors = old.errors();
            assertThat(old.exitCode()).as(errors).isIn(ExitCode.REFUSED, ExitCode.FENCED);
        }
        try (ChildTool promoted = ChildTool.startWith(environment, "ship", "--once", standby(), archive)) {
            promoted.linesLeft();
            assertThat(promoted.exitCode()).as(promoted.errors()).isZero();
        }
        try (ChildTool old = ChildTool.startWith(environment, "ship", "--once", "--take-over", "1", log(), archive)) {
            old.linesLeft();
            String errors = old.errors();
            assertThat(old.exitCode()).as(errors).isEqualTo(ExitCode.FENCED);
            assertThat(errors).contains("another directory of this log");
        }
    }

    @Test
    void killedPrimaryIsReplaced() throws Exception {
        killAndPromote(archive(), Map.of());
    }

    @Test
    void killedPrimaryIsReplacedOnS3() throws Exception {
        killAndPromote(S3ProxyServer.newUri(), S3ProxyServer.shared().environment());
    }
}
