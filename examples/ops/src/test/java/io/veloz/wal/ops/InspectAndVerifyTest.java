package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InspectAndVerifyTest {
    private static final String FIRST = "orders_0000000000000001.wal";
    private static final String SECOND = "orders_0000000000000002.wal";

    @TempDir
    Path scratch;

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "verify"})
    void intactLogIsSound(String command) {
        Path log = Logs.ofRecords(scratch.resolve("log"), 12);
        ToolRun text = ToolRun.of(command, log).exits(ExitCode.OK);
        assertThat(text.out())
                .contains("records     1 to 12 (12 records)", FIRST, "sealed", "active", "verdict: sound");
        assertThat(text.err()).isEmpty();

        JsonNode json = ToolRun.of(command, log, "--json").exits(ExitCode.OK).json();
        assertThat(json.get("verdict").asText()).isEqualTo("sound");
        assertThat(json.get("records").asLong()).isEqualTo(12);
        assertThat(json.get("segments")).hasSizeGreaterThanOrEqualTo(3);
        assertThat(json.get("segments").get(1).get("first_sequence").asLong()).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "verify"})
    void tornTailIsAWarning(String command) {
        Path log = Logs.ofRecords(scratch.resolve("log"), 3);
        Logs.tearTail(log);
        ToolRun run = ToolRun.of(command, log).exits(ExitCode.WARNING);
        assertThat(run.out()).contains("torn tail in orders_current.wal", "verdict: warning");
        JsonNode json =
                ToolRun.of(command, log, "--json").exits(ExitCode.WARNING).json();
        assertThat(json.get("has_torn_tail").asBoolean()).isTrue();
        assertThat(json.get("torn_bytes").asLong()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "verify"})
    void damagedFooterIsAWarningThatNamesTheFile(String command) throws IOException {
        Path log = Logs.ofRecords(scratch.resolve("log"), 12);
        byte[] bytes = Files.readAllBytes(log.resolve(FIRST));
        bytes[bytes.length - 100] ^= 1;
        Files.write(log.resolve(FIRST), bytes);
        ToolRun run = ToolRun.of(command, log).exits(ExitCode.WARNING);
        assertThat(run.out()).contains("- " + FIRST + ": its footer", "verdict: warning");
    }

    @Test
    void damagedRecordIsFoundByVerify() {
        Path log = Logs.ofRecords(scratch.resolve("log"), 12);
        Logs.damage(log.resolve(SECOND), "record 8");
        ToolRun run = ToolRun.of("verify", log).exits(ExitCode.FAILED);
        assertThat(run.out()).contains(SECOND + " is corrupt", "verdict: damaged");
        JsonNode json =
                ToolRun.of("verify", log, "--json").exits(ExitCode.FAILED).json();
        assertThat(json.get("lost").get(0).get("first_sequence").asLong()).isEqualTo(8);
        assertThat(json.get("lost").get(0).get("file").asText()).contains(SECOND);
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "verify"})
    void missingSegmentIsDamage(String command) throws IOException {
        Path log = Logs.ofRecords(scratch.resolve("log"), 12);
        Files.delete(log.resolve(SECOND));
        ToolRun run = ToolRun.of(command, log).exits(ExitCode.FAILED);
        assertThat(run.out()).contains(SECOND + " is missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "verify"})
    void declaredLossesAreAWarning(String command) throws IOException {
        Path log = Logs.ofRecords(scratch.resolve("log"), 12);
        Files.delete(log.resolve(SECOND));
        Path salvaged = scratch.resolve("salvaged");
        ToolRun.of("salvage", log, salvaged).exits(ExitCode.FAILED);

        ToolRun run = ToolRun.of(command, salvaged).exits(ExitCode.WARNING);
        assertThat(run.out()).contains("records 6 to 10 lost", "verdict: warning");
    }

    @Test
    void checkpointThatCannotBeReadIsAWarning() throws IOException {
        Path log = Logs.ofRecords(scratch.resolve("log"), 3);
        Files.writeString(log.resolve(".orders_checkpoint_a"), "garbage");
        ToolRun run = ToolRun.of("verify", log).exits(ExitCode.WARNING);
        assertThat(run.out()).contains("no checkpoint can be read");
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "verify", "dump", "orders"})
    void directoryThatIsNotALogIsRefusedInOneLine(String command) throws IOException {
        ToolRun.of(command, scratch.resolve("nowhere")).isRefusedWith("nowhere: no such directory");
        ToolRun.of(command, scratch).isRefusedWith("does not contain a log");
        Path file = Files.writeString(scratch.resolve("file"), "text");
        ToolRun.of(command, file).isRefusedWith("is a file");
        Path legacy = LegacyCase.of("a-small", scratch).wal();
        ToolRun.of(command, legacy).isRefusedWith("contains an old log of the engine");
    }

    @Test
    void lockWithoutASegmentIsAWarning() throws IOException {
        Path log = Files.createDirectory(scratch.resolve("log"));
        Files.createFile(log.resolve("orders.lock"));
        assertThat(ToolRun.of("inspect", log).exits(ExitCode.WARNING).out()).contains("- no segment: ");
        assertThat(ToolRun.of("dump", log).exits(ExitCode.OK).out()).isEmpty();
    }

    @Test
    void partialDirectoryOfAMissingOneIsReported() throws IOException {
        Files.createDirectory(scratch.resolve("log.partial"));
        ToolRun.of("inspect", scratch.resolve("log"))
                .isRefusedWith("log.partial is left over from an interrupted import, salvage or restore");
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "verify", "dump", "orders"})
    void unknownVersionIsReported(String command) throws IOException {
        Path log = Logs.ofRecords(scratch.resolve("log"), 3);
        Files.writeString(log.resolve("orders_current.wal"), "VELOZWAX is not the magic of any version");
        ToolRun run = ToolRun.of(command, log).exits(ExitCode.FAILED);
        assertThat(run.out() + run.err()).contains("orders_current.wal");
    }
}
