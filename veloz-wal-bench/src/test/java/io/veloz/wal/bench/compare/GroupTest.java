package io.veloz.wal.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.bench.measure.Metric;
import io.veloz.wal.bench.measure.Workload;
import org.junit.jupiter.api.Test;

class GroupTest {
    @Test
    void everyWorkloadHasAGroupWithItsTables() {
        assertThat(Workload.values())
                .extracting(workload -> Group.of(workload.argument()))
                .doesNotContain(Group.OTHER);
    }

    @Test
    void recordsOf16KibBelongToTheSizes() {
        assertThat(Group.of("kib16-1")).isEqualTo(Group.SIZES);
        assertThat(Group.of("kib16-16").required()).contains(Metric.OPS, Metric.P99_MICROS);
    }

    @Test
    void latenessIsRequiredOfAnOpenLoop() {
        assertThat(Group.of("rate-5k").required()).contains(Metric.OPS, Metric.LATE_P50_MICROS, Metric.LATE_P99_MICROS);
    }
}
