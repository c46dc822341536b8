package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A log of some segments, with a checkpoint in the middle, restored from it and filled in. */
class RestoreInTwoTimesTest {
    private static final int RECORDS = 600;
    private static final int CHECKPOINT = 300;

    @TempDir
    Path scratch;

    private Path log;
    private Path restored;
    private String archive;

    @BeforeEach
    void shipLog() {
        log = scratch.resolve("log");
        WalConfig config = WalConfig.builder(log)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .build();
        restored = scratch.resolve("restored");
        archive = scratch.resolve("archive").toUri().toString();
        try (ObjectStore store = ObjectStores.open(archive);
                Wal wal = Wal.open(config)) {
            for (int i = 0; i < RECORDS; i++) {
                wal.append(1, ByteBuffer.allocate(300));
                if (i == CHECKPOINT) {
                    wal.sync();
                    wal.writeCheckpoint(CHECKPOINT, out -> out.write(1));
                }
            }
            wal.sync();
            ship(wal, store);
        }
    }

    /** Ships the log, and more records until the shipper has archived the checkpoint. */
    private static void ship(Wal wal, ObjectStore store) {
        ShipperConfig config = ShipperConfig.builder(store)
                .flushInterval(Duration.ofMillis(10))
                .checkpointInterval(Duration.ofMillis(1))
                .build();
        try (WalShipper shipper = WalShipper.start(wal, config)) {
            int more = 0;
            do {
                long last = wal.appendDurable(1, ByteBuffer.allocate(1));
                assertThat(shipper.awaitArchived(last, Duration.ofSeconds(60))).isTrue();
                more++;
            } while (more < 1000 && ArchiveStatus.of(store).checkpointSequence() == 0);
        }
    }

    /** Returns the number of segments that a restore from the checkpoint leaves in the archive. */
    private int left() {
        JsonNode plan = ToolRun.of("restore", "--plan", "--from-checkpoint", "--json", archive, restored)
                .exits(ExitCode.OK)
                .json();
        assertThat(plan.get("left_first_sequence").asLong()).isEqualTo(1);
        assertThat(plan.get("left_segments").asInt()).isGreaterThan(2);
        return plan.get("left_segments").asInt();
    }

    private Object records(Path directory) {
        return ToolRun.of("dump", directory, "--format", "crc")
                .exits(ExitCode.OK)
                .lines();
    }

    @Test
    void logIsRestoredFromItsCheckpointAndFilledIn() {
        int left = left();
        ToolRun first =
                ToolRun.of("restore", "--from-checkpoint", archive, restored).exits(ExitCode.OK);
        assertThat(first.out()).contains("left        " + left + " segments in the archive");
        assertThat(ToolRun.of("inspect", restored).exits(ExitCode.OK).out())
                .contains("fill-in     pending, down to record 1: " + left + " segments in file://");
        assertThat(ToolRun.of("history", "unknown", restored)
                        .exits(ExitCode.WARNING)
                        .err())
                .containsPattern("note: the records before \\d+ are in file://");
        ToolRun second = ToolRun.of("restore", "--fill", archive, restored).exits(ExitCode.OK);
        assertThat(second.out())
                .contains("outcome     complete", "filled in   " + left + " segments", "records     from 1 on");
        assertThat(ToolRun.of("verify", restored).exits(ExitCode.OK).out()).doesNotContain("fill-in");
        assertThat(records(restored)).isEqualTo(records(log));
        assertThat(ToolRun.of("restore", "--fill", archive, restored)
                        .exits(ExitCode.OK)
                        .out())
                .contains("nothing to do");
    }

    @Test
    void whatIsLeftIsPrintedAsJson() {
        int left = left();
        ToolRun.of("restore", "--from-checkpoint", archive, restored).exits(ExitCode.OK);
        JsonNode inspected =
                ToolRun.of("inspect", "--json", restored).exits(ExitCode.OK).json();
        assertThat(inspected.get("fill_in").get("left_segments").asInt()).isEqualTo(left);
        JsonNode filled = ToolRun.of("restore", "--fill", "--json", archive, restored)
                .exits(ExitCode.OK)
                .json();
        assertThat(filled.get("outcome").asText()).isEqualTo("COMPLETE");
        assertThat(filled.get("filled_segments").asInt()).isEqualTo(left);
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
