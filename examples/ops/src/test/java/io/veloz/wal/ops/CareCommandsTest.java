package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands for the care of an archive: {@code retention URI}, {@code hold}, {@code verify --level}, {@code status}. */
class CareCommandsTest {
    private static final int RECORDS = 400;

    @TempDir
    Path scratch;

    private Path directory;
    private String archive;

    @BeforeEach
    void shipLog() {
        Path log = scratch.resolve("log");
        WalConfig config = WalConfig.builder(log)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .build();
        try (Wal wal = Wal.open(config)) {
            for (int i = 0; i < RECORDS; i++) {
                wal.append(1, ByteBuffer.allocate(300));
                if (i == 300) {
                    wal.sync();
                    wal.writeCheckpoint(300, out -> out.write(1));
                }
            }
            wal.sync();
        }
        directory = scratch.resolve("archive");
        archive = directory.toUri().toString();
        ToolRun.of("ship", "--once", log, archive).exits(ExitCode.OK);
    }

    private long objects(String prefix) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(prefix))) {
            return files.filter(file -> !file.getFileName().toString().startsWith("."))
                    .count();
        }
    }

    private ToolRun retention(Object... more) {
        // By count, as all records are of now: the age would keep them.
        Object[] args = Stream.concat(
                        Stream.of("retention", archive, "--keep-segments", 2, "--keep-days", 1, "--grace", "1ms"),
                        Stream.of(more))
                .toArray();
        return ToolRun.of(args);
    }

    @Test
    void retentionBeforeAVerificationIsRefused() {
        retention().isRefusedWith("run `verify --level content --record`");
        assertThat(retention("--json")
                        .exits(ExitCode.REFUSED)
                        .json()
                        .get("reason")
                        .asText())
                .isEqualTo("NOTHING_VERIFIED");
    }

    @Test
    void youngRecordsAreKeptAndTheReasonIsPrinted() {
        ToolRun.of("verify", archive, "--level", "content", "--record").exits(ExitCode.OK);
        assertThat(retention().exits(ExitCode.OK).out())
                .contains("outcome     nothing may go", "kept        from record 1 on: age: 1 days");
        JsonNode json = retention("--apply", "--json").exits(ExitCode.OK).json();
        assertThat(json.get("outcome").asText()).isEqualTo("NOTHING");
        assertThat(json.get("limits")).isNotEmpty();
    }

    @Test
    void retentionWithoutAUriOrWithOptionsOfBothIsAUsageError() {
        assertThat(ToolRun.of("retention").exits(ExitCode.USAGE).err()).contains("the URI of the archive is missing");
        assertThat(retention("--profile", "x").exits(ExitCode.USAGE).err())
                .contains("are of use only without --profile");
    }

    @Test
    void holdIsPutListedAndReleased() {
        assertThat(ToolRun.of("hold", archive).exits(ExitCode.OK).out()).contains("held        nothing");
        JsonNode hold = ToolRun.of("hold", archive, "--from", 20, "--reason", "case 17", "--json")
                .exits(ExitCode.OK)
                .json()
                .get("holds")
                .get(0);
        assertThat(hold.get("first_sequence").asLong()).isEqualTo(20);
        assertThat(ToolRun.of("status", archive).exits(ExitCode.OK).out())
                .contains("held        records from 20 on, by hold ", "case 17");
        ToolRun.of("hold", archive, "--release", 99).isRefusedWith("has no hold 99");
        assertThat(ToolRun.of("hold", archive, "--release", hold.get("hold").asLong())
                        .exits(ExitCode.OK)
                        .out())
                .contains("held        nothing");
        ToolRun.of("hold", archive, "--from", 1, "--all").exits(ExitCode.USAGE);
    }

    @Test
    void verificationPrintsItsCostFirstAndIsRecorded() throws IOException {
        ToolRun run =
                ToolRun.of("verify", archive, "--level", "content", "--record").exits(ExitCode.OK);
        assertThat(run.err()).startsWith("reads ").contains("; skips 0 segments");
        assertThat(run.out()).contains("verdict: sound");
        assertThat(objects("care")).isEqualTo(1);
        ToolRun next = ToolRun.of("verify", archive, "--level", "content", "--incremental")
                .exits(ExitCode.OK);
        assertThat(next.out()).contains("skipped     ", "verified before or not in the sample");
        JsonNode status = ToolRun.of("status", archive, "--json")
                .exits(ExitCode.OK)
                .json()
                .get("archive");
        assertThat(status.get("care").get("verified")).hasSize(3);
        assertThat(status.get("last_timestamp_ns").asLong()).isPositive();
        assertThat(ToolRun.of("status", archive).out()).contains("verified    content up to record ", "times       ");
    }

    @Test
    void levelsOfALogOrWithFullAreAUsageError() {
        ToolRun.of("verify", scratch.resolve("log"), "--level", "chain").exits(ExitCode.USAGE);
        ToolRun.of("verify", archive, "--full", "--record").exits(ExitCode.USAGE);
        ToolRun.of("verify", archive, "--level", "content", "--sample", 10, "--record")
                .exits(ExitCode.USAGE);
        ToolRun.of("verify", archive, "--level", "chain", "--acknowledge-gap", "5")
                .exits(ExitCode.USAGE);
    }

    @Test
    void rangeThatEndsBeforeItBeginsIsAUsageErrorAndNothingIsRecorded() {
        assertThat(ToolRun.of("verify", archive, "--acknowledge-gap", "1350-1201")
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("--acknowledge-gap 1350-1201: the range ends before it begins");
        assertThat(directory.resolve("care")).doesNotExist();
        ToolRun.of("hold", archive).exits(ExitCode.OK);
    }

    @Test
    void partOfTheContentIsReadWithoutALevelAndRefusedAtALowerOne() {
        for (String[] part : new String[][] {{"--incremental"}, {"--sample", "100"}}) {
            Object[] args =
                    Stream.concat(Stream.of("verify", archive), Stream.of(part)).toArray();
            assertThat(ToolRun.of(args).exits(ExitCode.OK).err()).startsWith("reads ");
        }
        assertThat(ToolRun.of("verify", archive, "--level", "presence", "--incremental")
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("level presence reads no content");
    }
}
