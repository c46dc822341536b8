package io.veloz.wal.legacy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EngineReplayTest {
    @TempDir
    Path scratch;

    @ParameterizedTest
    @MethodSource("io.veloz.wal.legacy.LegacyCases#all")
    void modeLegacyAEqualsTheEngineOfCommitA(String name) {
        assertReplay(name, LegacyMode.LEGACY_A, "replay.A.json");
    }

    @ParameterizedTest
    @MethodSource("io.veloz.wal.legacy.LegacyCases#all")
    void modeLegacyBEqualsTheEngineOfCommitB(String name) {
        assertReplay(name, LegacyMode.LEGACY_B, "replay.B.json");
    }

    private void assertReplay(String name, LegacyMode mode, String own) {
        Path directory = LegacyCases.of(name, scratch);
        boolean differ = Files.exists(directory.resolve(own));
        JsonNode expected = LegacyCases.json(directory, differ ? own : "replay.json");

        LegacyReplay replay = LegacyLog.open(directory.resolve("wal")).replay(mode);

        LegacyCases.assertOrders(replay.orders(), expected);
        boolean hasStatsOfA = mode == LegacyMode.LEGACY_A && expected.has("stats_A");
        JsonNode stats = expected.get(hasStatsOfA ? "stats_A" : "stats");
        LegacyStats got = replay.stats();
        assertThat(got)
                .isEqualTo(new LegacyStats(
                        stats.get("entries_written").longValue(),
                        stats.get("entries_replayed").longValue(),
                        stats.get("bytes_written").longValue(),
                        stats.get("bytes_replayed").longValue(),
                        stats.get("rotations").longValue(),
                        stats.get("checkpoints").longValue(),
                        stats.get("corrupted_entries").longValue(),
                        stats.get("current_sequence").longValue()));
        assertThat(replay.sequenceAfterConstructor())
                .isEqualTo(expected.get("sequence_after_constructor").longValue());
        assertThat(replay.sequenceAfterReplay())
                .isEqualTo(expected.get(hasStatsOfA ? "sequence_after_replay_A" : "sequence_after_replay")
                        .longValue());
        assertThat(replay.findings().isEmpty()).isEqualTo(got.corruptedEntries() == 0 && !skipped(replay));
    }

    /** Whether version B skipped entries that it does not count as corrupted. */
    private static boolean skipped(LegacyReplay replay) {
        return replay.findings().stream().anyMatch(finding -> finding.text().contains("sequence not above"));
    }
}
