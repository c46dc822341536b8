package io.veloz.wal.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path directory;

    private int compare(Installation installation, String... words) throws IOException, InterruptedException {
        return new Compare(
                        installation,
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8))
                .execute(words);
    }

    /** Measures one log for a moment. */
    private int measure(Installation installation, String... more) throws IOException, InterruptedException {
        List<String> words =
                new ArrayList<>(List.of("--logs", "raw-single", "--workloads", "rate-1k", "--rounds", "1"));
        words.addAll(
                List.of("--seconds", "0.1", "--warm-up", "0", "--dir", scratch().toString()));
        words.addAll(List.of("--results", results().toString()));
        words.addAll(Arrays.asList(more));
        return compare(installation, words.toArray(new String[0]));
    }

    private Path scratch() throws IOException {
        return Files.createDirectories(directory.resolve("scratch"));
    }

    private Path results() {
        return directory.resolve("results");
    }

    /** An installation whose processes cannot start. */
    private Installation broken() {
        return new Installation("missing.jar", directory, List.of(), directory.resolve("peers"), directory);
    }

    @Test
    void runWritesResultsAndDeletesTheLogs() throws Exception {
        int exitCode = measure(Installation.current());

        assertThat(exitCode).as(out.toString(StandardCharsets.UTF_8)).isEqualTo(Compare.MEASURED);
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains(
                        "logs: 1; measurements: 1, each of 0.1 s",
                        "expected duration: ",
                        "round 1 of 1, rate-1k, raw-single: p99 ");
        assertThat(scratch()).isEmptyDirectory();
        List<Row> rows = Csv.read(results().resolve("results.csv"));
        assertThat(rows).extracting(Row::metric).contains("ops", "p50_micros", "max_micros", "JDK", "durable");
        assertThat(results().resolve("results.md")).content().contains("| raw-single |");
        Smoke.parse(results().resolve("rate.svg"));
    }

    @Test
    void failedMeasurementIsARowAndExitCodeOne() throws Exception {
        int exitCode = measure(broken());

        assertThat(exitCode).isEqualTo(Compare.FAILED);
        assertThat(Csv.read(results().resolve("results.csv")))
                .filteredOn(row -> row.metric().equals(Row.FAILED))
                .singleElement()
                .satisfies(row ->
                        assertThat(row.value()).startsWith("exit code 1: ").contains("Measure"));
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("failed: rate-1k, raw-single: exit code 1");
        assertThat(scratch()).isEmptyDirectory();
    }

    @Test
    void resultsOfAnEarlierRunAreNotOverwritten() throws Exception {
        assertThat(measure(broken())).isEqualTo(Compare.FAILED);
        String before = Files.readString(results().resolve("results.csv"));

        assertThat(measure(broken())).isEqualTo(Compare.NOT_STARTED);

        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("has the results of an earlier run; continue it with --continue");
        assertThat(results().resolve("results.csv")).content().isEqualTo(before);
    }

    @Test
    void continuedRunMeasuresOnlyWhatIsMissing() throws Exception {
        assertThat(measure(broken())).isEqualTo(Compare.FAILED);

        measure(broken(), "--continue", "--workloads", "rate-1k,async");

        assertThat(Csv.read(results().resolve("results.csv")))
                .filteredOn(row -> row.metric().equals(Row.FAILED))
                .extracting(Row::workload)
                .containsExactly("rate-1k", "async");
    }

    @Test
    void continuedRunRepeatsFailedMeasurements() throws Exception {
        assertThat(measure(broken())).isEqualTo(Compare.FAILED);

        assertThat(measure(Installation.current(), "--continue")).isEqualTo(Compare.MEASURED);

        assertThat(Csv.read(results().resolve("results.csv")))
                .filteredOn(row -> row.workload().equals("rate-1k"))
                .extracting(Row::metric)
                .contains("ops")
                .doesNotContain(Row.FAILED);
    }

    @Test
    void runOfAnotherMachineIsNotContinued() throws Exception {
        assertThat(measure(broken())).isEqualTo(Compare.FAILED);
        Path file = results().resolve("results.csv");
        List<Row> rows = new ArrayList<>(Csv.read(file));
        rows.replaceAll(row -> row.metric().equals("JDK") ? Row.machine(0, "JDK", "another") : row);
        Csv.write(file, rows);

        assertThat(measure(broken(), "--continue")).isEqualTo(Compare.NOT_STARTED);

        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("was measured with JDK another, this run has " + System.getProperty("java.vm.name"));
    }

    @Test
    void runWithAnotherVersionOfAPeerIsNotContinued() throws Exception {
        Path target = Files.createDirectories(directory.resolve("peers/h2/target/lib"));
        Files.createFile(target.resolveSibling("peer.jar"));
        Path library = Files.createFile(target.resolve("h2-mvstore-1.0.jar"));
        assertThat(measure(broken(), "--logs", "h2")).isEqualTo(Compare.FAILED);
        Files.move(library, target.resolve("h2-mvstore-2.0.jar"));

        assertThat(measure(broken(), "--logs", "h2", "--continue")).isEqualTo(Compare.NOT_STARTED);

        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("was measured with h2 of version 1.0, this run has 2.0");
    }

    @Test
    void resultsStateTheSeedOfTheOrder() throws Exception {
        assertThat(measure(broken())).isEqualTo(Compare.FAILED);

        assertThat(Csv.read(results().resolve("results.csv"))).contains(Row.run(Row.SEED, Long.toString(Plan.SEED)));
    }

    @Test
    void runWithOtherSettingsIsNotContinued() throws Exception {
        assertThat(measure(broken())).isEqualTo(Compare.FAILED);

        assertThat(measure(broken(), "--continue", "--seconds", "0.2")).isEqualTo(Compare.NOT_STARTED);

        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("was measured with --seconds 0.100, this run has 0.200");
    }

    @Test
    void peerThatIsNotBuiltIsSkippedAndNamed() throws Exception {
        int exitCode = measure(broken(), "--logs", "h2");

        assertThat(exitCode).isEqualTo(Compare.MEASURED);
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("h2 is skipped: not built");
        assertThat(results().resolve("results.md")).content().contains("| h2 | – | not measured: not built");
    }

    @Test
    void tablesAreWrittenFromEarlierResults() throws Exception {
        Path file = directory.resolve("results.csv");
        Csv.write(file, Samples.run());

        int exitCode = compare(broken(), "--from", file.toString());

        assertThat(exitCode).isEqualTo(Compare.MEASURED);
        assertThat(directory.resolve("results.md")).isRegularFile();
        Smoke.parse(directory.resolve("overview.svg"));
    }

    @Test
    void wrongArgumentIsExitCodeTwo() throws Exception {
        assertThat(compare(broken(), "--fast")).isEqualTo(Compare.NOT_STARTED);

        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("unknown argument --fast");
    }

    @Test
    void helpIsPrinted() throws Exception {
        assertThat(compare(broken(), "--help")).isEqualTo(Compare.MEASURED);

        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(Arguments.help());
    }
}
