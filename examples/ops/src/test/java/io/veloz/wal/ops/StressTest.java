package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StressTest {
    @TempDir
    Path scratch;

    private Path log;

    @BeforeEach
    void setLog() {
        log = scratch.resolve("log");
    }

    private Set<String> dumped() {
        ToolRun run = ToolRun.of("dump", log, "--format", "crc").exits(ExitCode.OK);
        return new HashSet<>(run.lines());
    }

    private static String asDumped(String ackedLine) {
        return ackedLine.replace("acked ", "rec ");
    }

    private static List<String> acked(List<String> lines) {
        return lines.stream().filter(line -> line.startsWith("acked ")).toList();
    }

    @Test
    void oneThreadPrintsTryThenAcked() {
        List<String> lines =
                ToolRun.of("stress", log, "--records", 3).exits(ExitCode.OK).lines();
        assertThat(lines).hasSize(7);
        assertThat(lines.get(0)).isEqualTo("open 0");
        for (int i = 1; i <= 3; i++) {
            String tried = lines.get(2 * i - 1);
            assertThat(tried).matches("try " + i + " [0-9a-f]{8}");
            assertThat(lines.get(2 * i)).isEqualTo(tried.replace("try", "acked"));
        }
        assertThat(dumped())
                .containsExactlyInAnyOrderElementsOf(
                        acked(lines).stream().map(StressTest::asDumped).toList());
    }

    @Test
    void secondRunContinuesAfterTheFirst() {
        ToolRun.of("stress", log, "--records", 3);
        List<String> lines = ToolRun.of("stress", log, "--records", 2).lines();
        assertThat(lines.get(0)).isEqualTo("open 3");
        assertThat(lines.get(2)).startsWith("acked 4 ");
        assertThat(dumped()).hasSize(5);
    }

    @Test
    void linesOfSeveralThreadsAreNeverInterleaved() {
        List<String> lines = ToolRun.of("stress", log, "--threads", 8, "--records", 400, "--segment-size", 65536)
                .exits(ExitCode.OK)
                .lines();
        assertThat(lines).hasSize(401);
        assertThat(lines.subList(1, 401)).allMatch(line -> line.matches("acked \\d+ [0-9a-f]{8}"));
        assertThat(dumped())
                .containsExactlyInAnyOrderElementsOf(
                        acked(lines).stream().map(StressTest::asDumped).toList());
    }

    @Test
    void recordsAreGeneratedFromSeedAndSequence() {
        List<String> lines = ToolRun.of("stress", log, "--records", 2, "--seed", 9, "--size", 33)
                .lines();
        ByteBuffer second = new StressPayload(9, 33).fill(2);
        CRC32C crc = new CRC32C();
        crc.update(second);
        assertThat(lines.get(4)).isEqualTo(String.format(Locale.ROOT, "acked 2 %08x", crc.getValue()));
        assertThat(new StressPayload(8, 33).fill(2)).isNotEqualTo(new StressPayload(9, 33).fill(2));
    }

    @ParameterizedTest
    @CsvSource({"16384, 0", "16384, 10752", "65536, 59904", "1048576, 1000000", "300000000, 60000000"})
    void everyAllowedSizeWorks(long segmentBytes, int size) {
        int records = size > 1_000_000 ? 1 : 4;
        ToolRun.of("stress", log, "--records", records, "--segment-size", segmentBytes, "--size", size)
                .exits(ExitCode.OK);
        assertThat(dumped()).hasSize(records);
    }

    @ParameterizedTest
    @CsvSource({
        "--threads, 0, expected 1 to 1024",
        "--segment-size, 16383, expected 16384 to",
        "--size, -1, expected 0 to",
        "--size, 100000000, 'expected 0 to 67103232 with segments of 67,108,864 bytes'",
        "--seconds, -1, expected 0 to",
        "--records, -1, expected 0 to"
    })
    void limitsAreInTheMessage(String option, String value, String expected) {
        ToolRun run = ToolRun.of("stress", log, option, value).exits(ExitCode.USAGE);
        assertThat(run.err()).contains(option + " " + value + ": expected").contains(expected);
        assertThat(log).doesNotExist();
    }

    @Test
    void logInUseIsAFailure() {
        try (Wal wal = Logs.open(log)) {
            ToolRun run = ToolRun.of("stress", log, "--records", 1).exits(ExitCode.FAILED);
            assertThat(run.lines()).hasSize(1);
            assertThat(run.out()).startsWith("failed ").contains("is in use by process");
            assertThat(wal.lastSequence()).isZero();
        }
    }

    @Test
    void killedWriterLosesNothingItHasAcknowledged() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Set<String> promised = new HashSet<>();
        for (int run = 0; run < 5; run++) {
            List<String> tried = new ArrayList<>();
            try (ChildTool child = ChildTool.start("stress", log, "--seconds", 60, "--segment-size", 65536)) {
                String opened = child.line();
                assertThat(Long.parseLong(opened.substring(5)))
                        .as("seed %d, run %d", seed, run)
                        .isGreaterThanOrEqualTo(promised.size());
                int until = random.nextInt(2000);
                for (int i = 0; i < until; i++) {
                    collect(child.line(), promised, tried);
                }
                child.kill();
                child.linesLeft().forEach(line -> collect(line, promised, tried));
            }
            Set<String> found = dumped();
            assertThat(found).as("seed %d, run %d", seed, run).containsAll(promised);
            found.removeAll(promised);
            // In addition, only the record in flight may be present. It then counts as acknowledged.
            assertThat(tried).as("seed %d, run %d", seed, run).containsAll(found);
            promised.addAll(found);
        }
    }

    private static void collect(String line, Set<String> promised, List<String> tried) {
        if (line.matches("acked \\d+ [0-9a-f]{8}")) {
            promised.add(asDumped(line));
        } else if (line.matches("try \\d+ [0-9a-f]{8}")) {
            tried.add(line.replace("try ", "rec "));
        }
    }

    @Test
    void closedOutputEndsTheCommand() throws Exception {
        try (ChildTool child = ChildTool.start("stress", log, "--seconds", 600)) {
            assertThat(child.line()).isEqualTo("open 0");
            child.closeOutput();
            assertThat(child.exitCode()).isEqualTo(ExitCode.OK);
            assertThat(child.errors()).isEmpty();
        }
        ToolRun.of("verify", log).exits(ExitCode.OK);
    }
}
