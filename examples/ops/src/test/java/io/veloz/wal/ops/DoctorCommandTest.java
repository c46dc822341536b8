package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.veloz.wal.Wal;
import io.veloz.wal.ops.doctor.Series;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.StorageLock;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command with the smallest bounds. The figures depend on the machine, and so does the verdict. */
class DoctorCommandTest {
    @TempDir
    Path scratch;

    private Path directory;

    @BeforeEach
    void createDirectory() throws IOException {
        directory = Files.createDirectory(scratch.resolve("wal"));
    }

    private ToolRun measure(Object... more) {
        List<Object> args = new java.util.ArrayList<>(List.of("doctor", directory, "--seconds", 1, "--space", "6M"));
        args.addAll(List.of(more));
        ToolRun run = ToolRun.of(args.toArray());
        assertThat(run.exitCode()).as(run.err()).isIn(ExitCode.OK, ExitCode.WARNING, ExitCode.FAILED);
        assertThat(run.err()).isEmpty();
        return run;
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void textHasALineForEachFactFigureAndSetting() throws IOException {
        ToolRun run = measure();
        assertThat(run.out())
                .startsWith("directory    " + directory.toRealPath() + "\nfile system  ")
                .contains("\ndisk  ", "\nspace  ", "\nmachine  ", "\njvm  ", "\nzero-fill  ", "\nfull batches ")
                .contains("\npage cache  ", "\ndurable  ", "  .segmentBytes(", "  .forceInterval(Duration.ofMillis(");
        for (Series series : Series.values()) {
            assertThat(run.lines()).anyMatch(line -> line.startsWith(series.label() + " "));
        }
        String verdict = List.of("sound", "warning", "unsafe").get(run.exitCode());
        assertThat(run.lines().get(run.lines().size() - 1)).isEqualTo("verdict: " + verdict);
        assertThat(files()).isEmpty();
    }

    @Test
    void jsonHasAllFigures() throws IOException {
        ToolRun run = measure("--json");
        JsonNode json = run.json();
        assertThat(json.get("directory").asText())
                .isEqualTo(directory.toRealPath().toString());
        assertThat(json.get("exit_code").asInt()).isEqualTo(run.exitCode());
        assertThat(json.get("latencies").size()).isEqualTo(Series.values().length);
        for (Series series : Series.values()) {
            JsonNode found = json.get("latencies").get(series.key());
            assertThat(found.get("samples").asInt()).as(series.key()).isPositive();
            assertThat(found.get("max_ns").asLong())
                    .as(series.key())
                    .isGreaterThanOrEqualTo(found.get("p50_ns").asLong());
        }
        assertThat(json.get("bytes_per_second").size()).isEqualTo(4);
        assertThat(json.get("written_bytes").asLong()).isBetween(2L << 20, 54L << 20);
        assertThat(json.get("settings").get("segmentBytes").asLong()).isGreaterThanOrEqualTo(16L << 20);
        assertThat(json.get("findings")).hasSizeGreaterThanOrEqualTo(5).allSatisfy(finding -> {
            assertThat(finding.get("severity").asText()).matches("OK|NOTE|WARNING|PROBLEM");
            assertThat(finding.get("code").asText()).matches("[a-z_0-9]+");
        });
        assertThat(json.get("file_system").get("type").asText()).isNotEmpty();
        assertThat(json.get("machine").get("processors").asInt()).isPositive();
    }

    @Test
    void filesOfALogAreUnchanged() throws IOException {
        Logs.ofRecords(directory, 12);
        List<String> names = files();
        List<String> before = contents();
        measure();
        assertThat(contents()).isEqualTo(before);
        assertThat(files()).isEqualTo(names);
    }

    /** Names, times and contents; the time of the directory itself changes with the scratch files. */
    private List<String> contents() {
        return Logs.listing(directory).stream()
                .filter(line -> !line.startsWith(directory + " "))
                .toList();
    }

    @Test
    void logMayBeOpenMeanwhile() throws IOException {
        try (Wal wal = Logs.open(directory)) {
            wal.appendDurable(7, ByteBuffer.wrap(new byte[8]));
            JsonNode json = measure("--json").json();
            assertThat(json.get("open_logs")).hasSize(1);
            assertThat(json.get("open_logs").get(0).asText()).isEqualTo("orders");
            assertThat(json.get("findings"))
                    .anyMatch(finding -> finding.get("code").asText().equals("log_is_open"));
            assertThat(wal.appendDurable(7, ByteBuffer.wrap(new byte[8]))).isEqualTo(2);
        }
        ToolRun.of("verify", directory).exits(ExitCode.OK);
    }

    @Test
    void logOpensDuringAMeasurement() throws IOException {
        try (DoctorScratch measuring = DoctorScratch.create(directory.toRealPath());
                Wal wal = Logs.open(directory)) {
            assertThat(measuring.storage().list()).containsExactly("doctor.lock");
            assertThat(wal.appendDurable(7, ByteBuffer.wrap(new byte[8]))).isEqualTo(1);
        }
        assertThat(files()).doesNotContain(DoctorScratch.NAME).contains("orders_current.wal");
    }

    @Test
    void directoryInMemoryIsUnsafe() throws IOException {
        Path memory = Path.of("/dev/shm");
        assumeTrue(
                Files.isDirectory(memory) && Files.getFileStore(memory).type().equals("tmpfs"),
                "/dev/shm is not a tmpfs on this system");
        directory = Files.createTempDirectory(memory, "veloz-wal-doctor-test");
        try {
            ToolRun run = measure();
            assertThat(run.exits(ExitCode.FAILED).out())
                    .contains("problem  the file system is tmpfs at /dev/shm", "verdict: unsafe");
            assertThat(files()).isEmpty();
        } finally {
            Files.delete(directory);
        }
    }

    // ---- refusals

    @Test
    void missingDirectoryIsRefused() {
        Path missing = scratch.resolve("missing");
        ToolRun.of("doctor", missing).isRefusedWith(missing + ": no such directory");
        assertThat(missing).doesNotExist();
    }

    @Test
    void fileIsRefused() throws IOException {
        Path file = Files.createFile(scratch.resolve("file"));
        ToolRun.of("doctor", file).isRefusedWith(file + " is a file");
    }

    @Test
    void directoryThatCannotBeWrittenIsRefused() throws IOException {
        assumeTrue(directory.toFile().setWritable(false), "permissions cannot be changed on this file system");
        assumeFalse(Files.isWritable(directory), "this user may write everywhere");
        ToolRun run = ToolRun.of("doctor", "--json", directory).exits(ExitCode.REFUSED);
        assertThat(run.json().get("message").asText()).startsWith("cannot create " + directory.toRealPath());
    }

    @Test
    void tooLittleSpaceIsRefused() throws IOException {
        long usable = Files.getFileStore(directory).getUsableSpace();
        assumeTrue(usable < 1L << 39, "this disk has more space than the option allows");
        ToolRun run = ToolRun.of("doctor", "--space", 2 * usable, directory).exits(ExitCode.REFUSED);
        assertThat(run.err()).contains("are free, expected", "use a smaller --space");
        assertThat(files()).isEmpty();
    }

    @Test
    void secondMeasurementIsRefused() throws IOException {
        Path place = Files.createDirectory(directory.resolve(DoctorScratch.NAME));
        try (StorageLock lock = DiskStorage.open(place).lock("doctor.lock")) {
            assertThat(lock.lostBecause()).isNull();
            ToolRun run = ToolRun.of("doctor", "--json", directory).exits(ExitCode.REFUSED);
            assertThat(run.json().get("message").asText()).contains(DoctorScratch.NAME, "is in use by process");
        }
        assertThat(place).isDirectory();
    }

    @Test
    void scratchFilesOfAKilledMeasurementAreDeleted() throws IOException {
        Path place = Files.createDirectory(directory.resolve(DoctorScratch.NAME));
        Files.writeString(place.resolve("filled"), "zeros");
        Files.writeString(place.resolve("doctor.lock"), "");
        measure();
        assertThat(files()).isEmpty();
    }

    @Test
    void foreignFileWithinTheScratchFilesIsRefusedAndKept() throws IOException {
        Path place = Files.createDirectory(directory.resolve(DoctorScratch.NAME));
        Files.writeString(place.resolve("mine"), "text");
        Files.writeString(place.resolve("filled"), "text");
        ToolRun run = ToolRun.of("doctor", "--json", directory).exits(ExitCode.REFUSED);
        assertThat(run.json().get("message").asText()).contains("files that are not of this command", "mine");
        assertThat(place.resolve("filled")).hasContent("text");
        assertThat(place.resolve("mine")).hasContent("text");
    }

    @Test
    void fileWithTheNameOfTheScratchDirectoryIsRefusedAndKept() throws IOException {
        Path file = Files.writeString(directory.resolve(DoctorScratch.NAME), "text");
        ToolRun run = ToolRun.of("doctor", "--json", directory).exits(ExitCode.REFUSED);
        assertThat(run.json().get("message").asText()).contains("is not a directory");
        assertThat(file).hasContent("text");
    }

    @ParameterizedTest
    @CsvSource({
        "--seconds, 0, expected 1 to 3600",
        "--seconds, 3601, expected 1 to 3600",
        "--space, 5M, expected 6291456 to",
        "--space, 2T, expected 6291456 to"
    })
    void limitsAreInTheMessage(String option, String value, String expected) throws IOException {
        assertThat(ToolRun.of("doctor", directory, option, value)
                        .exits(ExitCode.USAGE)
                        .err())
                .contains(option, expected);
        assertThat(files()).isEmpty();
    }

    // ---- the process

    @Test
    void signalEndsTheMeasurementAndDeletesItsFiles() throws Exception {
        try (ChildTool child = ChildTool.start("doctor", directory, "--seconds", 600)) {
            assertThat(child.line()).startsWith("directory ");
            child.terminate();
            child.linesLeft();
            assertThat(child.errors()).isEqualTo("error: the measurement was stopped; its scratch files are deleted\n");
            assertThat(child.exitCode()).isEqualTo(ExitCode.FAILED);
        }
        assertThat(files()).isEmpty();
    }

    @Test
    void outputDoesNotDependOnTheLocale() {
        Map<String, String> persian =
                Map.of("JDK_JAVA_OPTIONS", "-Duser.language=fa -Duser.country=IR -Duser.extensions=u-nu-arabext");
        try (ChildTool child = ChildTool.startWith(persian, "doctor", directory, "--seconds", "1", "--space", "6M")) {
            List<String> lines = child.linesLeft();
            assertThat(lines).anyMatch(line -> line.startsWith("verdict: "));
            String figures = String.join("\n", lines.subList(1, lines.size()));
            assertThat(figures.replaceAll("\\p{ASCII}+", "")).isEmpty();
        }
    }

    @Test
    void progressIsShownOnATerminal() {
        ByteArrayOutputStream terminal = new ByteArrayOutputStream();
        Streams streams = new Streams(
                new ByteArrayOutputStream(),
                new Output(new ByteArrayOutputStream()),
                new PrintStream(terminal, true, StandardCharsets.UTF_8),
                80);
        DoctorBar bar = new DoctorBar(streams, Duration.ofSeconds(90));
        bar.onStep("renames", 0.25);
        assertThat(terminal.toString(StandardCharsets.UTF_8))
                .isEqualTo("\rdoctor [######..................]  25 %  1:08 left  renames");
        bar.close();
        assertThat(terminal.toString(StandardCharsets.UTF_8)).endsWith(" \r");
    }
}
