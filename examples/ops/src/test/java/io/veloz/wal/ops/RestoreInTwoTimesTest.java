package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.veloz.wal.Wal;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A log of 12 records in segments of 5, with a checkpoint of the first 10, restored from it and filled in. */
class RestoreInTwoTimesTest {
    @TempDir
    Path scratch;

    private Path log;
    private Path restored;
    private String archive;

    @BeforeEach
    void shipLog() {
        log = Logs.ofRecords(scratch.resolve("log"), 12);
        try (Wal wal = Logs.open(log)) {
            wal.writeCheckpoint(10, out -> out.write(1));
        }
        restored = scratch.resolve("restored");
        archive = scratch.resolve("archive").toUri().toString();
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
    }

    private Object records(Path directory) {
        return ToolRun.of("dump", directory, "--format", "crc")
                .exits(ExitCode.OK)
                .lines();
    }

    @Test
    void logIsRestoredFromItsCheckpointAndFilledIn() {
        ToolRun first =
                ToolRun.of("restore", "--from-checkpoint", archive, restored).exits(ExitCode.OK);
        assertThat(first.out()).contains("records     11 to 12 (2 records)", "left        2 segments in the archive");
        assertThat(ToolRun.of("inspect", restored).exits(ExitCode.OK).out())
                .contains("fill-in     pending, down to record 1: 2 segments in file://");
        assertThat(ToolRun.of("history", "unknown", restored)
                        .exits(ExitCode.WARNING)
                        .err())
                .contains("note: the records before 11 are in file://");
        ToolRun second = ToolRun.of("restore", "--fill", archive, restored).exits(ExitCode.OK);
        assertThat(second.out()).contains("outcome     complete", "filled in   2 segments", "records     from 1 on");
        assertThat(ToolRun.of("verify", restored).exits(ExitCode.OK).out()).doesNotContain("fill-in");
        assertThat(records(restored)).isEqualTo(records(log));
        assertThat(ToolRun.of("restore", "--fill", archive, restored)
                        .exits(ExitCode.OK)
                        .out())
                .contains("nothing to do");
    }

    @Test
    void whatIsLeftIsPrintedAsJson() {
        JsonNode plan = ToolRun.of("restore", "--plan", "--from-checkpoint", "--json", archive, restored)
                .exits(ExitCode.OK)
                .json();
        assertThat(plan.get("left_segments").asInt()).isEqualTo(2);
        assertThat(plan.get("left_first_sequence").asLong()).isEqualTo(1);
        ToolRun.of("restore", "--from-checkpoint", archive, restored).exits(ExitCode.OK);
        JsonNode inspected =
                ToolRun.of("inspect", "--json", restored).exits(ExitCode.OK).json();
        assertThat(inspected.get("fill_in").get("left_segments").asInt()).isEqualTo(2);
        JsonNode filled = ToolRun.of("restore", "--fill", "--json", archive, restored)
                .exits(ExitCode.OK)
                .json();
        assertThat(filled.get("outcome").asText()).isEqualTo("COMPLETE");
        assertThat(filled.get("filled_segments").asInt()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--plan", "--merge", "--accept-gaps", "--from-checkpoint", "--until-sequence=1"})
    void fillTakesNoOptionOfARestore(String option) {
        assertThat(ToolRun.of("restore", "--fill", option, archive, restored)
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("--fill takes only");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--merge", "--accept-gaps", "--until-sequence=1"})
    void restoreFromACheckpointIsOfTheWholeArchive(String option) {
        assertThat(ToolRun.of("restore", "--from-checkpoint", option, archive, restored)
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("the end of the whole archive");
    }
}
