package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.veloz.wal.Wal;
import io.veloz.wal.orders.OrderStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands {@code repair} and {@code divergence}. */
class RepairCommandTest {
    @TempDir
    Path scratch;

    private Path log;
    private Path directory;
    private String archive;

    @BeforeEach
    void shipLog() {
        log = Logs.ofRecords(scratch.resolve("log"), 23);
        directory = scratch.resolve("archive");
        archive = directory.toUri().toString();
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
    }

    private Path segment(int number) {
        return log.resolve("orders_000000000000000" + number + ".wal");
    }

    private Path object(int number) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("segments"))) {
            return files.filter(file ->
                            file.getFileName().toString().contains("_000000000000000" + number + ".e0000000001"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void flip(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        file.toFile().setWritable(true);
        Files.write(file, bytes);
    }

    @Test
    void logIsRepairedFromItsArchive() throws IOException {
        Logs.damage(segment(1), "record 3");
        Files.delete(segment(2));
        ToolRun.of("verify", log).exits(ExitCode.FAILED);
        ToolRun run = ToolRun.of("repair", log, "--from", archive).exits(ExitCode.OK);
        assertThat(run.lines().get(0))
                .startsWith("repaired    orders_0000000000000001.wal, ")
                .contains(": it was damaged; the previous file is orders_0000000000000001.wal.damaged-");
        assertThat(run.lines().get(1)).contains("orders_0000000000000002.wal").endsWith(": it was missing");
        ToolRun.of("verify", log).exits(ExitCode.OK);
        assertThat(ToolRun.of("repair", log, "--from", archive)
                        .exits(ExitCode.OK)
                        .out())
                .isEqualTo("repaired    nothing\n");
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
    }

    @Test
    void archiveIsRepairedFromItsLog() throws IOException {
        Files.delete(object(1));
        flip(object(2));
        ToolRun.of("verify", "--full", archive).exits(ExitCode.FAILED);
        JsonNode found = ToolRun.of("repair", archive, "--from", log, "--json")
                .exits(ExitCode.OK)
                .json();
        assertThat(found.get("repaired")).hasSize(2);
        assertThat(found.get("repaired").get(0).get("cause").asText()).isEqualTo("missing");
        assertThat(found.get("repaired").get(0).get("other").asText()).isEmpty();
        assertThat(found.get("repaired").get(1).get("other").asText()).contains(".e0000000002.");
        ToolRun.of("verify", "--full", archive).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        ToolRun.of("verify", "--full", archive).exits(ExitCode.OK);
    }

    @Test
    void whatIsNotArchivedIsPrinted() throws IOException {
        Files.delete(object(1));
        Logs.damage(segment(1), "record 3");
        ToolRun run = ToolRun.of("repair", archive, "--from", log).exits(ExitCode.FAILED);
        assertThat(run.out()).contains("repaired    nothing").contains("the file in the directory has other bytes");
    }

    @Test
    void identityIsRepairedFromTheSlots() throws IOException {
        Path logJson = directory.resolve("log.json");
        byte[] original = Files.readAllBytes(logJson);
        Files.delete(logJson);
        assertThat(ToolRun.of("ship", "--once", log, archive)
                        .exits(ExitCode.REFUSED)
                        .err())
                .contains("repair URI --identity");
        assertThat(ToolRun.of("repair", archive, "--identity")
                        .exits(ExitCode.OK)
                        .out())
                .isEqualTo("repaired    log.json: it was missing\n");
        assertThat(Files.readAllBytes(logJson)).isEqualTo(original);
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);

        logJson.toFile().setWritable(true);
        Files.writeString(logJson, Files.readString(logJson).replace("\"firstSequence\":1", "\"firstSequence\":7"));
        ToolRun found = ToolRun.of("repair", archive, "--identity").exits(ExitCode.FAILED);
        assertThat(found.out()).contains("firstSequence is 7, expected 1");
        String sha256 = found.out().replaceAll("(?s).*SHA-256, ([0-9a-f]{64}).*", "$1");
        assertThat(ToolRun.of("repair", archive, "--identity", "--replace", sha256)
                        .exits(ExitCode.OK)
                        .out())
                .isEqualTo("repaired    log.json: it was damaged\n");
        assertThat(Files.readAllBytes(logJson)).isEqualTo(original);
        ToolRun.of("repair", log, "--identity").exits(ExitCode.USAGE);
        ToolRun.of("repair", archive, "--identity", "--from", log).exits(ExitCode.USAGE);
        ToolRun.of("repair", archive, "--replace", sha256).exits(ExitCode.USAGE);
        ToolRun.of("repair", archive, "--identity", "--replace", "1").exits(ExitCode.USAGE);
    }

    @Test
    void runningEngineAndWrongArgumentsAreRefused() {
        ToolRun.of("repair", log, "--from", log).exits(ExitCode.USAGE);
        ToolRun.of("repair", archive, "--from", archive).exits(ExitCode.USAGE);
        try (Wal wal = Logs.open(log)) {
            assertThat(wal.lastSequence()).isEqualTo(23);
            ToolRun.of("repair", log, "--from", archive).exits(ExitCode.REFUSED);
        }
    }

    @Test
    void divergenceOfAShippedLog() {
        assertThat(ToolRun.of("divergence", log, "--against", archive)
                        .exits(ExitCode.OK)
                        .out())
                .contains("relation    the same records\n");
        List<String> before = Logs.listing(log);
        ToolRun.of("divergence", log, "--against", archive, "--json").exits(ExitCode.OK);
        assertThat(Logs.listing(log)).isEqualTo(before);
    }

    @Test
    void divergencePrintsTheOrdersOfBothSides() throws IOException {
        Path other = scratch.resolve("other");
        ToolRun.of("restore", archive, other).exits(ExitCode.OK);
        try (Wal wal = Logs.open(log)) {
            Logs.appendOrders(wal, new OrderStore());
        }
        assertThat(ToolRun.of("divergence", log, "--against", archive)
                        .exits(ExitCode.OK)
                        .out())
                .contains("the log is ahead by 5 records")
                .contains("< 24 ")
                .contains("OrderNew");
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        assertThat(ToolRun.of("divergence", other, "--against", archive)
                        .exits(ExitCode.OK)
                        .out())
                .contains("the log is behind by 5 records")
                .contains("> 24 ");
        try (Wal wal = Logs.open(other)) {
            Logs.appendOrders(wal, new OrderStore());
        }
        ToolRun fork = ToolRun.of("divergence", other, "--against", archive, "--limit", 2)
                .exits(ExitCode.FAILED);
        assertThat(fork.out()).contains("fork at record 24").contains("< 24 ").contains("> 25 ");
        assertThat(fork.out()).doesNotContain("< 26 ");
        assertThat(fork.err()).contains("note: 3 records more in the log;");
        List<String> lines = ToolRun.of("divergence", other, "--against", archive, "--json")
                .exits(ExitCode.FAILED)
                .lines();
        assertThat(lines).hasSize(11);
        assertThat(lines.get(0)).startsWith("{\"side\":\"local\",\"record\":{\"sequence\":24,");
        assertThat(lines.get(10)).contains("\"relation\":\"FORK\"").contains("\"fork_sequence\":24");
    }

    @Test
    void divergenceFromAnotherLogIsRefused() {
        Path other = Logs.ofRecords(scratch.resolve("another"), 3);
        ToolRun.of("divergence", other, "--against", archive).isRefusedWith("does not contain the log of");
    }
}
