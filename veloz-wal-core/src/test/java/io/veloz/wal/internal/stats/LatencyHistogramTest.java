package io.veloz.wal.internal.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.NotEmpty;
import org.junit.jupiter.api.Test;

class LatencyHistogramTest {
    @Property(tries = 300)
    void percentilesMatchTheSortedValuesWithinOnePercent(
            @ForAll @NotEmpty List<@LongRange(min = 0, max = (1L << 42) - 1) Long> values) {
        LatencyHistogram histogram = new LatencyHistogram();
        values.forEach(histogram::record);
        long[] sorted = values.stream().mapToLong(Long::longValue).sorted().toArray();
        assertThat(histogram.count()).isEqualTo(sorted.length);
        assertThat(histogram.max()).isEqualTo(sorted[sorted.length - 1]);
        for (double percentile : new double[] {0, 50, 90, 99, 99.9, 100}) {
            int rank = Math.max(1, (int) Math.ceil(sorted.length * percentile / 100));
            assertThat((double) histogram.valueAt(percentile))
                    .as("%s of %s", percentile, Arrays.toString(sorted))
                    .isCloseTo(sorted[rank - 1], within(sorted[rank - 1] * 0.01));
        }
    }

    @Test
    void valueAboveTheRangeIsRecordedAsTheLongest() {
        LatencyHistogram histogram = new LatencyHistogram();
        histogram.record(Long.MAX_VALUE);
        histogram.record(-1);
        assertThat(histogram.max()).isEqualTo((1L << 42) - 1);
        assertThat(histogram.valueAt(100)).isEqualTo((1L << 42) - 1);
        assertThat(histogram.valueAt(1)).isZero();
    }

    @Test
    void emptyHistogramReturnsZero() {
        assertThat(new LatencyHistogram().valueAt(99)).isZero();
        assertThat(new LatencyHistogram().max()).isZero();
    }
}
