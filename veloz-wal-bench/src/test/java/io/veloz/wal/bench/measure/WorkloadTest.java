package io.veloz.wal.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.bench.log.RawSingle;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkloadTest {
    @TempDir
    private Path directory;

    @Test
    void onlyAsynchronousAppendsHaveCallbacks() {
        assertThat(Arrays.stream(Workload.values())
                        .filter(workload -> workload.settings().callbacks()))
                .containsExactly(Workload.ASYNC, Workload.RATE_1K, Workload.RATE_5K, Workload.RATE_20K);
    }

    @Test
    void openLoopReportsItsLatenessWhichIsPartOfTheLatencies() throws Exception {
        Map<Metric, Double> metrics = Workload.RATE_1K.run(new Workload.Run(new RawSingle(), directory, 0.1, 0, 1));

        assertThat(metrics).containsKeys(Metric.OPS, Metric.LATE_P50_MICROS, Metric.LATE_P99_MICROS);
        assertThat(metrics.get(Metric.LATE_P99_MICROS)).isLessThanOrEqualTo(metrics.get(Metric.MAX_MICROS));
    }

    @Test
    void rollsAreOfTheMeasurement() throws Exception {
        Map<Metric, Double> metrics = Workload.DURABLE_1.run(new Workload.Run(new RawSingle(), directory, 0.05, 0, 1));

        assertThat(metrics).containsEntry(Metric.ROLLS, 0.0);
    }
}
