package io.veloz.wal.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.bench.compare.Results.Spread;
import io.veloz.wal.bench.measure.Metric;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResultsTest {
    private static Results of(List<Row> rows) {
        return new Results(rows);
    }

    private static Results three(String workload, String metric, double own, double handMade, double peer) {
        List<Row> rows = new ArrayList<>();
        rows.addAll(Samples.rounds(workload, "h2", metric, peer));
        rows.addAll(Samples.rounds(workload, "raw-group", metric, handMade));
        rows.addAll(Samples.rounds(workload, "veloz-wal", metric, own));
        return of(rows);
    }

    @Test
    void medianOfAnOddNumberOfRoundsIsTheMiddleOne() {
        assertThat(Spread.of(30, 10, 20)).isEqualTo(new Spread(20, 10, 30));
    }

    @Test
    void medianOfAnEvenNumberOfRoundsIsBetweenTheMiddleOnes() {
        assertThat(Spread.of(40, 10, 20, 30)).isEqualTo(new Spread(25, 10, 40));
    }

    @Test
    void failedRoundsAreNotPartOfTheMedian() {
        List<Row> rows = new ArrayList<>(Samples.rounds("durable-1", "h2", "ops", 5, 7));
        rows.add(new Row(3, "durable-1", "h2", Row.FAILED, "exit code 1"));

        Results results = of(rows);

        assertThat(results.median("durable-1", "h2", Metric.OPS)).contains(6.0);
        assertThat(results.hasFailed("durable-1", "h2")).isTrue();
        assertThat(results.rounds()).isEqualTo(3);
    }

    @Test
    void bestLineIsTheFastestOfAllOtherLogs() {
        assertThat(three("durable-1", "ops", 300, 100, 200).best("durable-1", Metric.OPS))
                .contains(200.0);
    }

    @Test
    void floorIsTheFastestHandMadeLog() {
        assertThat(three("durable-1", "ops", 300, 100, 200).floor("durable-1", Metric.OPS))
                .contains(100.0);
    }

    @Test
    void floorOfEveryMetricIsOfTheFastestHandMadeLog() {
        List<Row> rows = new ArrayList<>();
        rows.addAll(Samples.rounds("durable-1", "raw-single", "ops", 90));
        rows.addAll(Samples.rounds("durable-1", "raw-single", "p99_micros", 200));
        rows.addAll(Samples.rounds("durable-1", "raw-group", "ops", 100));
        rows.addAll(Samples.rounds("durable-1", "raw-group", "p99_micros", 500));

        assertThat(of(rows).floorLog("durable-1")).contains("raw-group");
        assertThat(of(rows).floor("durable-1", Metric.P99_MICROS)).contains(500.0);
    }

    @Test
    void floorAtAFixedRateIsTheHandMadeLogWithTheLeastP99() {
        List<Row> rows = new ArrayList<>();
        rows.addAll(Samples.rounds("rate-1k", "raw-single", "p99_micros", 200));
        rows.addAll(Samples.rounds("rate-1k", "raw-single", "p50_micros", 90));
        rows.addAll(Samples.rounds("rate-1k", "raw-group", "p99_micros", 300));
        rows.addAll(Samples.rounds("rate-1k", "raw-group", "p50_micros", 80));

        assertThat(of(rows).floor("rate-1k", Metric.P50_MICROS)).contains(90.0);
    }

    @Test
    void lowerIsBetterForLatencies() {
        Results results = three("rate-1k", "p99_micros", 300, 200, 100);

        assertThat(results.best("rate-1k", Metric.P99_MICROS)).contains(100.0);
        assertThat(results.ranked("rate-1k", Metric.P99_MICROS)).containsExactly("h2", "raw-group", "veloz-wal");
    }

    @Test
    void logsAreRankedByTheirMedian() {
        assertThat(three("durable-1", "ops", 300, 100, 200).ranked("durable-1", Metric.OPS))
                .containsExactly("veloz-wal", "h2", "raw-group");
    }

    @Test
    void logsAreInTheOrderOfTheListAndUnknownOnesLast() {
        List<Row> rows = new ArrayList<>();
        for (String log : List.of("another", "h2", "raw-group", "veloz-wal")) {
            rows.addAll(Samples.rounds("durable-1", log, "ops", 1));
        }

        assertThat(of(rows).logs()).containsExactly("veloz-wal", "raw-group", "h2", "another");
    }

    @Test
    void floorOfAReplayIsToReadTheFiles() {
        List<Row> rows = new ArrayList<>(Samples.rounds("replay", "raw-group", "warm_mb", 500));
        rows.addAll(Samples.rounds("replay", "raw-group", "warm_floor_mb", 900));

        assertThat(of(rows).floor("replay", Metric.WARM_MB)).contains(900.0);
    }

    @Test
    void factsAreNotMeasurements() {
        Results results =
                of(List.of(Row.machine(0, "CPU", "x"), Row.log("h2", "durable", "y"), Row.run("seconds", "4")));

        assertThat(results.logs()).isEmpty();
        assertThat(results.workloads()).isEmpty();
        assertThat(results.fact(Row.LOG, "h2", "durable")).contains("y");
    }
}
