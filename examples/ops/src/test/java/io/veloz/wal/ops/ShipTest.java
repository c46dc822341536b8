package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.veloz.wal.Wal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShipTest {
    @TempDir
    Path scratch;

    private Path log;
    private String archive;

    @BeforeEach
    void setPlaces() {
        log = scratch.resolve("log");
        archive = scratch.resolve("archive").toUri().toString();
    }

    private static void append(Wal wal, int records) {
        for (int i = 0; i < records; i++) {
            wal.appendDurable(7, ByteBuffer.allocate(100));
        }
    }

    private static JsonNode json(String line) throws IOException {
        return new ObjectMapper().readTree(line);
    }

    private ChildTool startShip() {
        ChildTool child = ChildTool.start(
                "ship", "--json", "--status-interval", "50ms", "--flush-interval", "50ms", log, archive);
        child.lineWith("\"in_office\"");
        return child;
    }

    @Test
    void onceShipsAllRecordsAndExits() {
        Logs.ofRecords(log, 12);
        ToolRun run = ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        assertThat(run.out())
                .contains("archived    up to record 12, in epoch 1", "left        nothing", "into        file:");
        assertThat(run.err()).isEmpty();
        assertThat(ToolRun.of("verify", "--json", archive)
                        .json()
                        .get("segments")
                        .asInt())
                .isGreaterThanOrEqualTo(2);
    }

    @Test
    void secondOnceContinuesAfterTheFirst() {
        Logs.ofRecords(log, 3);
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        ToolRun.of("stress", log, "--records", 2).exits(ExitCode.OK);
        List<String> lines = ToolRun.of("ship", "--once", "--json", log, archive)
                .exits(ExitCode.OK)
                .lines();
        assertThat(lines.get(0)).contains("\"event\":\"in_office\"", "epoch 2");
        assertThat(lines.get(lines.size() - 1))
                .contains("\"event\":\"ended\"", "\"archived_sequence\":5,", "\"lag_records\":0,", "\"exit_code\":0");
    }

    @Test
    void shipsConcurrentlyWithTheWriterUntilItIsStopped() throws Exception {
        try (Wal wal = Logs.open(log)) {
            append(wal, 1);
            try (ChildTool child = startShip()) {
                append(wal, 20);
                child.lineWith("\"archived_sequence\":21,");
                append(wal, 5);
                child.terminate();
                JsonNode end = json(child.lineWith("\"ended\""));
                assertThat(child.exitCode()).isEqualTo(end.get("exit_code").asInt());
                assertThat(end.get("archived_sequence").asLong()).isBetween(21L, 26L);
                // While a writer has the log open, only records marked as durable are visible: the last batch later.
                assertThat(end.get("exit_code").asInt()).isIn(ExitCode.OK, ExitCode.WARNING);
                assertThat(child.errors()).isEmpty();
            }
        }
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        assertThat(ToolRun.of("status", log, archive).out()).contains("behind      nothing");
    }

    @Test
    void stoppedWithNothingLeftExitsWithZero() throws Exception {
        Logs.ofRecords(log, 12);
        try (ChildTool child = startShip()) {
            child.lineWith("\"archived_sequence\":12,");
            child.terminate();
            assertThat(child.lineWith("\"ended\"")).contains("\"lag_records\":0,", "\"exit_code\":0");
            assertThat(child.exitCode()).isEqualTo(ExitCode.OK);
        }
    }

    @Test
    void fencedShipperReportsTheWinnerAndExits() throws Exception {
        try (Wal wal = Logs.open(log)) {
            append(wal, 3);
            try (ChildTool child = startShip()) {
                child.lineWith("\"archived_sequence\":3,");
                Path copy = scratch.resolve("copy");
                ToolRun.of("restore", archive, copy).exits(ExitCode.OK);
                ToolRun.of("ship", "--once", "--take-over", 1, copy, archive).exits(ExitCode.OK);
                append(wal, 3);
                JsonNode end = json(child.lineWith("\"ended\""));
                assertThat(child.exitCode()).isEqualTo(ExitCode.FENCED);
                assertThat(end.get("fenced").get("epoch").asLong()).isEqualTo(2);
                assertThat(end.get("fenced").get("since").asText()).isNotEmpty();
                assertThat(child.errors())
                        .contains("error: fenced: ", "to take the archive over again, start with --take-over 2");
            }
        }
    }

    @Test
    void anotherLogIsRefused() {
        Logs.ofRecords(log, 3);
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        Path other = Logs.ofRecords(scratch.resolve("other"), 3);
        ToolRun run =
                ToolRun.of("ship", "--once", "--take-over", 1, other, archive).exits(ExitCode.REFUSED);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).startsWith("error: refused: ").contains("the archive belongs to log ");
    }

    @Test
    void logBehindItsArchiveIsRefusedWithTheRestoreCommand() {
        Logs.ofRecords(log, 3);
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        Path copy = scratch.resolve("copy");
        ToolRun.of("restore", archive, copy).exits(ExitCode.OK);
        ToolRun.of("stress", log, "--records", 2).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        ToolRun run =
                ToolRun.of("ship", "--once", "--take-over", 2, copy, archive).exits(ExitCode.REFUSED);
        assertThat(run.err()).contains("veloz-wal restore --merge URI DIR");
    }

    @Test
    void unreachableStoreEndsOnceWithItsOwnExitCode() throws IOException {
        Logs.ofRecords(log, 3);
        Path file = Files.writeString(scratch.resolve("archive"), "no directory");
        ToolRun run = ToolRun.of("ship", "--once", "--patience", "1s", "--end-within", "100ms", log, file.toUri())
                .exits(ExitCode.UNREACHABLE);
        assertThat(run.err()).contains("warning: ", "error: gave up: ");
    }

    @Test
    void secondShipOfADirectoryIsRefused() throws Exception {
        Logs.ofRecords(log, 3);
        try (ChildTool child = startShip()) {
            child.lineWith("\"archived_sequence\":3,");
            ToolRun.of("ship", "--once", "--take-over", 1, log, archive)
                    .exits(ExitCode.REFUSED)
                    .isRefusedWith("another `ship` runs on this directory");
            child.terminate();
            assertThat(child.lineWith("\"ended\"")).contains("\"exit_code\":0");
        }
    }

    @Test
    void archiveThatAnotherWriterJustWroteIsTakenOverOnlyWithTheOption() {
        Logs.ofRecords(log, 3);
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        Path copy = scratch.resolve("copy");
        ToolRun.of("restore", archive, copy).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", copy, archive)
                .isRefusedWith("the writer of epoch 1 on host ")
                .isRefusedWith("fence it with --take-over 1");
        ToolRun.of("ship", "--once", "--take-over", 1, copy, archive).exits(ExitCode.OK);
        // The copy acquired the last epoch, so it continues without the option, and the first log does not.
        ToolRun.of("ship", "--once", copy, archive).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", log, archive).isRefusedWith("the writer of epoch 3 on host ");
    }

    @Test
    void replacedDirectoryExitsLikeAFencedOne() {
        Logs.ofRecords(log, 3);
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        Path copy = scratch.resolve("copy");
        ToolRun.of("restore", archive, copy).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", "--take-over", 1, copy, archive).exits(ExitCode.OK);
        ToolRun run =
                ToolRun.of("ship", "--once", "--take-over", 1, log, archive).exits(ExitCode.FENCED);
        assertThat(run.err())
                .contains("another directory of this log", "take over epoch 2 with `ship --take-over EPOCH`");
        assertThat(ToolRun.of("ship", "--take-over", -1, log, archive)
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("--take-over -1: expected an epoch from 1 on");
    }

    @Test
    void archiveInsideTheLogsDirectoryIsRefused() throws IOException {
        Logs.ofRecords(log, 3);
        Path link = Files.createSymbolicLink(scratch.resolve("link"), log);
        ToolRun.of("ship", "--once", log, log.resolve("archive").toUri())
                .isRefusedWith("is inside the log's directory");
        ToolRun.of("ship", "--once", log, link.resolve("archive").toUri())
                .isRefusedWith("is inside the log's directory");
        assertThat(log.resolve("archive")).doesNotExist();
    }

    @Test
    void onceFailsIfTheLogIsDamaged() throws IOException {
        Logs.ofRecords(log, 12);
        Logs.damage(log.resolve("orders_0000000000000001.wal"), "record 3");
        ToolRun run = ToolRun.of("ship", "--once", log, archive).exits(ExitCode.FAILED);
        assertThat(run.err())
                .contains("orders_0000000000000001.wal is corrupt", "is damaged and cannot be shipped completely");
    }

    @Test
    void directoryOfAnArchiveMayContainSpacesAndNonAsciiLetters() {
        Logs.ofRecords(log, 3);
        String uri = "file://" + scratch.resolve("dir \u00fc");
        ToolRun.of("ship", "--once", log, uri).exits(ExitCode.OK);
        assertThat(scratch.resolve("dir \u00fc").resolve("log.json")).exists();
        ToolRun.of("restore", uri, scratch.resolve("restored")).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", log, "file://" + log + "/my archive").isRefusedWith("inside the log's directory");
    }

    @Test
    void missingDirectoryIsRefused() {
        ToolRun.of("ship", log, archive).isRefusedWith("no such directory");
    }
}
