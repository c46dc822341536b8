package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class LegacyOrdersTest {
    @TempDir
    Path scratch;

    @ParameterizedTest
    @MethodSource("io.veloz.wal.ops.LegacyCase#names")
    void modeLegacyAPrintsTheOrdersOfTheEngineOfCommitA(String name) {
        assertMode(name, "legacy-a", "replay.A.json", "stats_A");
    }

    @ParameterizedTest
    @MethodSource("io.veloz.wal.ops.LegacyCase#names")
    void modeLegacyBPrintsTheOrdersOfTheEngineOfCommitB(String name) {
        assertMode(name, "legacy-b", "replay.B.json", "stats");
    }

    private void assertMode(String name, String mode, String own, String stats) {
        LegacyCase legacy = LegacyCase.of(name, scratch);
        String file = legacy.has(own) ? own : "replay.json";
        JsonNode expected = legacy.json(file);

        ToolRun run = ToolRun.of("legacy-orders", legacy.wal(), "--mode", mode);

        JsonNode got = run.json();
        assertThat(LegacyCase.orderLinesOf(run.out())).isEqualTo(legacy.orderLines(file));
        assertThat(got.get("stats")).isEqualTo(expected.has(stats) ? expected.get(stats) : expected.get("stats"));
        assertCounts(got, expected);
        assertThat(run.exitCode() == 0).isEqualTo(got.get("findings").isEmpty());
    }

    private static void assertCounts(JsonNode got, JsonNode expected) {
        for (String count : new String[] {"count", "count_pending", "count_terminal"}) {
            assertThat(got.get(count)).as(count).isEqualTo(expected.get(count));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "a-small, a-small, live.json, 0",
        "a2-small-garbage-padding, a2-small-garbage-padding, live.json, 0",
        "b-typical, b-typical, replay.json, 0",
        "c-kill9-fsync, c-kill9-fsync, replay.json, 0",
        "c2-kill9-torn, c2-kill9-torn, replay.json, 1",
        "d0-base, d0-base, live.json, 0",
        "d-torn-minus30, d-torn-minus30, replay.json, 1",
        "d-torn-minus60, d-torn-minus60, replay.json, 1",
        "d2-torn-then-append, d2-torn-then-append, live.json, 1",
        "d3-zero-tail, d0-base, live.json, 1",
        "e-corrupt-crc, e-corrupt-crc, replay.json, 2",
        "e-corrupt-magic, d0-base, live.json, 1",
        "e-corrupt-pad, d0-base, live.json, 0",
        "e-corrupt-payload, e-corrupt-payload, replay.json, 2",
        "e-corrupt-type, d0-base, live.json, 1",
        "f1-restart-no-replay, f1-restart-no-replay, replay.A.json, 1",
        "f3-restart-with-replay, f3-restart-with-replay, live.run2.json, 0",
        "g-docs-layout, a-small, live.json, 0",
        "i-write-error, i-write-error, live.json, 2"
    })
    void modeDefaultPrintsTheCorrectOrdersAndExitsByTheWorstFinding(
            String name, String truth, String file, int exitCode) {
        LegacyCase expected = LegacyCase.of(truth, scratch);
        ToolRun run = ToolRun.of("legacy-orders", LegacyCase.of(name, scratch).wal());
        run.exits(exitCode);
        assertThat(LegacyCase.orderLinesOf(run.out())).isEqualTo(expected.orderLines(file));
        assertCounts(run.json(), expected.json(file));
        assertThat(run.err().isEmpty()).isEqualTo(exitCode == 0);
    }

    @Test
    void findingContainsFilePositionAndEntries() {
        ToolRun run = ToolRun.of(
                "legacy-orders", LegacyCase.of("e-corrupt-payload", scratch).wal(), "--mode", "default", "--json");
        JsonNode finding = run.json().get("findings").get(0);
        assertThat(finding.get("file").asText()).isEqualTo("orders_0000000000000000.wal");
        assertThat(finding.get("position").asLong()).isEqualTo(621);
        assertThat(finding.get("first_sequence").asLong()).isEqualTo(8);
        assertThat(run.err()).contains("orders_0000000000000000.wal at 621").contains("entry 8");
    }

    @Test
    void newLogIsRefused() {
        ToolRun.of("legacy-orders", Logs.ofRecords(scratch.resolve("log"), 1)).isRefusedWith("log of veloz-wal itself");
    }

    @Test
    void unknownModeIsAUsageError() {
        ToolRun run = ToolRun.of("legacy-orders", scratch, "--mode", "legacy-c").exits(ExitCode.USAGE);
        assertThat(run.err()).contains("'legacy-c', expected default, legacy-a, legacy-b");
    }
}
