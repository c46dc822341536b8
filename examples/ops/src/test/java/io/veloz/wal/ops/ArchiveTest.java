package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands for an archive in a directory. */
class ArchiveTest {
    private static final int RECORDS = 12;

    @TempDir
    Path scratch;

    private Path log;
    private Path directory;
    private String archive;

    @BeforeEach
    void shipLog() {
        log = Logs.ofRecords(scratch.resolve("log"), RECORDS);
        directory = scratch.resolve("archive");
        archive = directory.toUri().toString();
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
    }

    private Path restored() {
        return scratch.resolve("restored");
    }

    private List<String> dumped(Path directory) {
        return ToolRun.of("dump", directory, "--format", "crc")
                .exits(ExitCode.OK)
                .lines();
    }

    private Path firstSegmentObject() throws IOException {
        try (Stream<Path> objects = Files.list(directory.resolve("segments"))) {
            return objects.filter(object -> object.getFileName().toString().startsWith("orders_"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
    }

    // ---- restore

    @Test
    void restoredLogHasTheSameRecords() {
        ToolRun run = ToolRun.of("restore", archive, restored()).exits(ExitCode.OK);
        assertThat(run.out())
                .contains("records     1 to 12 (12 records)", "outcome     restored, byte for byte: the same log");
        assertThat(run.err()).isEmpty();
        assertThat(dumped(restored())).isEqualTo(dumped(log)).hasSize(RECORDS);
    }

    @Test
    void restoreIsReportedAsJson() {
        JsonNode json = ToolRun.of("restore", "--json", archive, restored())
                .exits(ExitCode.OK)
                .json();
        assertThat(json.get("outcome").asText()).isEqualTo("RESTORED");
        assertThat(json.get("last_sequence").asLong()).isEqualTo(RECORDS);
        assertThat(json.get("plan").get("archived_sequence").asLong()).isEqualTo(RECORDS);
        assertThat(json.get("took_ns").get("fetch").asLong()).isPositive();
    }

    @Test
    void secondRestoreHasNothingToDo() {
        ToolRun.of("restore", archive, restored()).exits(ExitCode.OK);
        assertThat(ToolRun.of("restore", archive, restored()).exits(ExitCode.OK).out())
                .contains("outcome     nothing to do: the log is already complete");
    }

    @Test
    void planWritesNothing() {
        ToolRun run = ToolRun.of("restore", "--plan", archive, restored()).exits(ExitCode.OK);
        assertThat(run.out()).contains("records     1 to 12", "result      the same log");
        assertThat(restored()).doesNotExist();
        JsonNode json =
                ToolRun.of("restore", "--plan", "--json", archive, restored()).json();
        assertThat(json.get("outcome").asText()).isEqualTo("PLANNED");
        assertThat(json.get("new_log").asBoolean()).isFalse();
    }

    @Test
    void restoreUpToARecordCreatesANewLog() {
        ToolRun run = ToolRun.of("restore", "--until-sequence", 7, archive, restored())
                .exits(ExitCode.OK);
        assertThat(run.out()).contains("records     1 to 7 (7 records)", "outcome     a new log, ");
        assertThat(dumped(restored())).isEqualTo(dumped(log).subList(0, 7));
    }

    @Test
    void restoreUpToATimeBeforeTheFirstRecordIsRefused() {
        ToolRun run = ToolRun.of("restore", "--until-time", "2001-01-01T00:00:00Z", archive, restored());
        assertThat(run.exits(ExitCode.REFUSED).err()).contains("take a later point");
    }

    @Test
    void restoreUpToALaterTimeContainsAllRecords() {
        ToolRun run = ToolRun.of("restore", "--until-time", Long.MAX_VALUE - 1, archive, restored());
        assertThat(run.exits(ExitCode.OK).out()).contains("records     1 to 12", "outcome     a new log, ");
    }

    @ParameterizedTest
    @CsvSource({"--until-sequence 99, 4, BEYOND_ARCHIVE", "--expect-log 00000000000000000000000000000000, 4, OTHER_LOG"
    })
    void refusalHasAReasonAndANextStep(String option, int exitCode, String reason) {
        String[] words = option.split(" ");
        ToolRun run = ToolRun.of("restore", "--json", words[0], words[1], archive, restored())
                .exits(exitCode);
        assertThat(run.json().get("outcome").asText()).isEqualTo("REFUSED");
        assertThat(run.json().get("reason").asText()).isEqualTo(reason);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).startsWith("error: ").contains("; ");
    }

    @Test
    void incompleteLogIsMergedWithTheOption() throws IOException {
        ToolRun.of("restore", archive, restored()).exits(ExitCode.OK);
        Files.delete(restored().resolve("orders_0000000000000001.wal"));
        assertThat(ToolRun.of("restore", archive, restored())
                        .exits(ExitCode.REFUSED)
                        .err())
                .contains("restore with --merge");
        ToolRun run = ToolRun.of("restore", "--merge", archive, restored()).exits(ExitCode.OK);
        assertThat(run.out()).contains("outcome     merged", "kept        ");
        assertThat(dumped(restored())).isEqualTo(dumped(log));
    }

    // ---- verify

    @ParameterizedTest
    @ValueSource(strings = {"--quick-is-the-default", "--full"})
    void shippedArchiveIsSound(String depth) {
        boolean full = depth.equals("--full");
        ToolRun run = full ? ToolRun.of("verify", "--full", archive) : ToolRun.of("verify", archive);
        assertThat(run.exits(ExitCode.OK).out()).contains("records     1 to 12", "verdict: sound");
        assertThat(run.out()).contains(full ? "of content" : "sizes only");
    }

    @Test
    void missingSegmentIsReportedAsDamage() throws IOException {
        Path object = firstSegmentObject();
        Files.delete(object);
        ToolRun run = ToolRun.of("verify", archive).exits(ExitCode.FAILED);
        assertThat(run.out()).contains(object.getFileName() + " (records 1 to 5): ", "verdict: damaged");
        JsonNode json =
                ToolRun.of("verify", "--json", archive).exits(ExitCode.FAILED).json();
        assertThat(json.get("verdict").asText()).isEqualTo("damaged");
        assertThat(json.get("problems").get(0).get("last_sequence").asLong()).isEqualTo(5);
        assertThat(ToolRun.of("restore", archive, restored())
                        .exits(ExitCode.FAILED)
                        .err())
                .contains(object.getFileName().toString(), "put it back");
    }

    @Test
    void changedContentIsFoundByFull() throws IOException {
        Path object = firstSegmentObject();
        byte[] bytes = Files.readAllBytes(object);
        bytes[bytes.length / 2] ^= 1;
        Files.write(object, bytes);
        ToolRun.of("verify", archive).exits(ExitCode.OK);
        assertThat(ToolRun.of("verify", "--full", archive)
                        .exits(ExitCode.FAILED)
                        .out())
                .contains(object.getFileName().toString(), "verdict: damaged");
    }

    @ParameterizedTest
    @ValueSource(strings = {"verify", "status"})
    void placeWithoutAnArchiveIsRefused(String command) {
        String nothing = scratch.resolve("nothing").toUri().toString();
        ToolRun run = ToolRun.of(command, nothing).exits(ExitCode.REFUSED);
        assertThat(run.err()).startsWith("error: ").contains("is not an archive", "correct the URI");
    }

    // ---- status

    @Test
    void statusShowsTheLagOfTheArchive() {
        assertThat(ToolRun.of("status", archive, log).exits(ExitCode.OK).out())
                .contains("tip         slot ", "epoch 1", "behind      nothing");
        ToolRun.of("stress", log, "--records", 3).exits(ExitCode.OK);
        ToolRun run = ToolRun.of("status", log, archive).exits(ExitCode.OK);
        assertThat(run.out()).contains("behind      3 records");
        JsonNode json = ToolRun.of("status", "--json", "--max-behind", 2, log, archive)
                .exits(ExitCode.WARNING)
                .json();
        assertThat(json.get("behind_records").asLong()).isEqualTo(3);
        assertThat(json.get("archive").get("archived_sequence").asLong()).isEqualTo(RECORDS);
        assertThat(json.get("log").get("last_sequence").asLong()).isEqualTo(RECORDS + 3);
        ToolRun.of("status", "--max-behind", 3, log, archive).exits(ExitCode.OK);
    }

    @Test
    void statusOfOnlyALogOrAnArchiveIsPrinted() {
        assertThat(ToolRun.of("status", archive).exits(ExitCode.OK).out()).doesNotContain("behind");
        assertThat(ToolRun.of("status", log).exits(ExitCode.OK).out()).contains("records     1 to 12");
    }

    @Test
    void archiveOfADifferentLogIsRefused() {
        Path other = Logs.ofRecords(scratch.resolve("other"), 1);
        assertThat(ToolRun.of("status", archive, other).exits(ExitCode.REFUSED).err())
                .contains("is the archive of log ");
    }

    // ---- probe

    @Test
    void directoryIsUsable() {
        ToolRun run = ToolRun.of("probe", "--quick", archive).exits(ExitCode.OK);
        assertThat(run.out()).contains("yes  ", "is usable: all 3 checks passed");
        JsonNode json = ToolRun.of("probe", "--quick", "--json", archive).json();
        assertThat(json.get("usable").asBoolean()).isTrue();
        assertThat(json.get("checks")).hasSize(3);
    }

    @Test
    void statusReportsALogThatEndsBeforeItsArchive() throws IOException {
        ToolRun.of("restore", "--until-sequence", 5, archive, restored()).exits(ExitCode.OK);
        Path behind = scratch.resolve("behind");
        ToolRun.of("restore", archive, behind).exits(ExitCode.OK);
        ToolRun.of("stress", log, "--records", 3).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        ToolRun run = ToolRun.of("status", archive, behind).exits(ExitCode.FAILED);
        assertThat(run.out()).contains("3 records before its archive", "restore --merge URI DIR");
        JsonNode json = ToolRun.of("status", "--json", archive, behind)
                .exits(ExitCode.FAILED)
                .json();
        assertThat(json.get("relation").asText()).isEqualTo("BEHIND");
        assertThat(json.get("log_behind_records").asLong()).isEqualTo(3);
    }

    @Test
    void statusReportsTheFirstDivergedRecord() {
        Path other = scratch.resolve("other");
        ToolRun.of("restore", archive, other).exits(ExitCode.OK);
        ToolRun.of("stress", log, "--records", 3, "--seed", 1).exits(ExitCode.OK);
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
        ToolRun.of("stress", other, "--records", 4, "--seed", 2).exits(ExitCode.OK);
        ToolRun run = ToolRun.of("status", archive, other).exits(ExitCode.FAILED);
        assertThat(run.out())
                .contains("log and archive differ from record 13 on")
                .contains("`veloz-wal divergence DIR --against URI`");
    }

    @Test
    void restoreOfAnArchiveThatEndsTooEarlyIsRefused() {
        ToolRun.of("restore", "--at-least", RECORDS, archive, restored()).exits(ExitCode.OK);
        ToolRun.of("restore", "--at-least", RECORDS + 1, archive, scratch.resolve("more"))
                .exits(ExitCode.REFUSED);
        assertThat(scratch.resolve("more")).doesNotExist();
    }

    @Test
    void intactObjectsOfADamagedArchiveAreSalvaged() throws IOException {
        Files.delete(firstSegmentObject());
        ToolRun.of("restore", archive, restored()).exits(ExitCode.FAILED);
        ToolRun run = ToolRun.of("salvage", "--json", archive, scratch.resolve("salvaged"));
        assertThat(run.exitCode()).isIn(ExitCode.WARNING, ExitCode.FAILED);
        assertThat(run.json().get("problems")).isNotEmpty();
        assertThat(run.json().get("last_sequence").asLong()).isEqualTo(RECORDS);
        ToolRun.of("salvage", archive, scratch.resolve("salvaged")).isRefusedWith("is not empty");
    }
}
