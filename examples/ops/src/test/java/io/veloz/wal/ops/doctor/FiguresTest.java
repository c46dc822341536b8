package io.veloz.wal.ops.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class FiguresTest {
    @Test
    void percentilesAreExact() {
        // In descending order: the samples are sorted.
        long[] samples = LongStream.rangeClosed(1, 1000).map(i -> 1001 - i).toArray();
        assertThat(Latencies.of(samples)).isEqualTo(new Latencies(1000, 500, 900, 990, 999, 1000));
    }

    @Test
    void oneSampleIsEachPercentile() {
        assertThat(Latencies.of(new long[] {7})).isEqualTo(new Latencies(1, 7, 7, 7, 7, 7));
    }

    @Test
    void noSampleIsZero() {
        assertThat(Latencies.of(new long[0])).isEqualTo(new Latencies(0, 0, 0, 0, 0, 0));
    }

    @Test
    void p999NeedsAThousandSamples() {
        assertThat(new Latencies(999, 1, 1, 1, 1, 1).hasP999()).isFalse();
        assertThat(new Latencies(1000, 1, 1, 1, 1, 1).hasP999()).isTrue();
    }

    @Test
    void numbersHaveThreeDigitsAndAUnit() {
        assertThat(Quantity.nanos(999)).isEqualTo("999 ns");
        assertThat(Quantity.nanos(8_140)).isEqualTo("8.1 us");
        assertThat(Quantity.nanos(131_400)).isEqualTo("131 us");
        assertThat(Quantity.nanos(61_200_000_000L)).isEqualTo("61.2 s");
        assertThat(Quantity.rate(512L << 20)).isEqualTo("512 MiB/s");
    }

    @Test
    void estimateOfAGroupCommitIsInterpolatedBetweenTheMeasuredSizes() {
        GroupCommit commits = GroupCommit.of(Cases.usual()
                .nanos(Series.FORCED_256, 100_000)
                .nanos(Series.FORCED_4K, 200_000)
                .nanos(Series.FORCED_64K, 400_000)
                .nanos(Series.FORCED_BATCH, 2_000_000)
                .measured());
        assertThat(commits.forceNanos(1)).isEqualTo(100_000);
        assertThat(commits.forceNanos(256)).isEqualTo(100_000);
        assertThat(commits.forceNanos(4096)).isEqualTo(200_000);
        assertThat(commits.forceNanos(4096 + 61_440 / 2)).isEqualTo(300_000);
        assertThat(commits.forceNanos(Measured.BATCH_BYTES)).isEqualTo(2_000_000);
        assertThat(commits.forceNanos(1L << 40)).isEqualTo(2_000_000);
    }

    @Test
    void recordsOfABatchShareAForce() {
        GroupCommit commits = GroupCommit.of(Cases.usual().measured());
        assertThat(commits.perSecond(1)).isEqualTo(10_000);
        assertThat(commits.perSecond(16)).isEqualTo(160_000);
        // 1 MiB of 288 bytes each, in 2 ms.
        assertThat(commits.perSecondAtMost()).isBetween(1_820_000L, 1_821_000L);
    }

    @Test
    void freeFilesOfAFileSystemWithoutALimitAreUnknown() {
        assertThat(Space.parsed("123 4096")).isEqualTo(123);
        assertThat(Space.parsed("0 4096")).isZero();
        assertThat(Space.parsed("0 0")).isEqualTo(-1);
        assertThat(Space.parsed("stat: unknown")).isEqualTo(-1);
    }
}
