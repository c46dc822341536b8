package io.veloz.wal.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private static String report(List<Row> rows) {
        return Report.of(new Results(rows), List.of("overview.svg"));
    }

    @Test
    void cellHasTheMedianAndTheRatiosToTheBestLineAndToTheFloor() {
        List<Row> rows = new ArrayList<>();
        rows.addAll(Samples.rounds("durable-1", "veloz-wal", "ops", 11_000, 9_000, 10_000));
        rows.addAll(Samples.rounds("durable-1", "raw-group", "ops", 8_000));
        rows.addAll(Samples.rounds("durable-1", "h2", "ops", 12_500));

        assertThat(report(rows))
                .contains("| veloz-wal | 10,000 (0.80, 1.25) |")
                .contains("| raw-group | 8,000 (0.64, 1.00) |")
                .contains("| veloz-wal | 9,000 to 11,000 |");
    }

    @Test
    void percentilesAreOfTheOpenLoop() {
        assertThat(report(Samples.run()))
                .contains("| veloz-wal | 120 µs, 360 µs, 2.4 ms, 12 ms | – |")
                .contains("| veloz-wal | 0.50, 0.50, 0.50, 0.50 | – |");
    }

    @Test
    void achievedRateAndLatenessAreReportedAtAFixedRate() {
        assertThat(report(Samples.run())).contains("| veloz-wal | 1,000/s, 55 µs, 110 µs | – |");
    }

    @Test
    void rollsInTheWorkloadWithoutRollsAreReported() {
        List<Row> rows = new ArrayList<>(Samples.rounds("no-roll", "veloz-wal", "rolls", 0, 2, 2));
        rows.addAll(Samples.rounds("no-roll", "raw-group", "rolls", 0));

        assertThat(report(rows))
                .contains("In the workload `no-roll` these logs have rolled: veloz-wal. Measure fewer seconds.")
                .contains("| veloz-wal | 2 |")
                .contains("| raw-group | 0 |");
    }

    @Test
    void seedOfTheOrderHasNoUnit() {
        assertThat(report(List.of(Row.run("seconds", "4.000"), Row.run(Row.SEED, "7"))))
                .contains("| seconds | 4.000 s |")
                .contains("| seed of the order | 7 |");
    }

    @Test
    void allocationIsPerRecord() {
        assertThat(report(Samples.run())).contains("| veloz-wal | 1,000, 3.3 |");
    }

    @Test
    void replayIsComparedWithTheReadOfItsOwnFiles() {
        assertThat(report(Samples.run())).contains("| veloz-wal | 900 | 2.00 | 0.75 | – | – | 1.10 |");
    }

    @Test
    void failureHasItsReason() {
        assertThat(report(Samples.run()))
                .contains("| 1 | rate-20k | h2 | did not end within 120 s |")
                .contains("| h2 | 480 µs, 1.4 ms, 9.6 ms, 48 ms | failed |");
    }

    @Test
    void workloadThatALogDoesNotSupportIsNotAFailure() {
        List<Row> rows = new ArrayList<>(Samples.rounds("async", "veloz-wal", "ops", 1));
        rows.add(new Row(1, "async", "raw-leader", Row.UNSUPPORTED, "no thread commits"));

        assertThat(report(rows)).contains("| raw-leader | not supported |").doesNotContain("Failures");
    }

    @Test
    void textOfALogIsEscaped() {
        assertThat(report(Samples.run())).contains("| h2 | – | one \\| two |");
    }

    @Test
    void skippedPeerIsNamed() {
        List<Row> rows = new ArrayList<>(Samples.run());
        rows.add(Row.log("aeron", "skipped", "not built"));

        assertThat(report(rows)).contains("| aeron | – | not measured: not built |");
    }

    @Test
    void busyMachineIsReported() {
        List<Row> rows = new ArrayList<>(List.of(Row.machine(0, "processors", "2")));
        rows.add(Row.machine(1, Machine.LOAD_BEFORE, "3.10 1.00 1.00"));
        rows.add(Row.machine(0, "file system", "tmpfs"));
        rows.addAll(Samples.rounds("durable-1", "raw-single", "ops", 10_000, 20_000));

        assertThat(report(rows))
                .contains("The load average was 3.1 on 2 processors before the first round")
                .contains("differed by a factor of 2.0 between the rounds")
                .contains("The directory is in memory (tmpfs)");
    }

    @Test
    void quietMachineHasNoNotes() {
        assertThat(Warnings.of(new Results(Samples.run()))).isEmpty();
    }

    @Test
    void tablesDoNotDependOnTheDefaultLocale() {
        String expected = report(Samples.run());
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.GERMANY);

            assertThat(report(Samples.run())).isEqualTo(expected);
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void tablesAndPlotsAreWrittenToTheDirectory(@TempDir Path directory) throws Exception {
        Report.write(new Results(Samples.run()), directory);

        assertThat(directory.toFile().list())
                .containsExactlyInAnyOrder(
                        "results.md",
                        "overview.svg",
                        "durable.svg",
                        "pipelined.svg",
                        "rate.svg",
                        "roll.svg",
                        "replay.svg");
        assertThat(directory.resolve("results.md")).content().contains("![overview](overview.svg)");
    }
}
