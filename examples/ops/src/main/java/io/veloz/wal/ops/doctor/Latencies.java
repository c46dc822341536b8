package io.veloz.wal.ops.doctor;

import java.util.Arrays;

/**
 * Percentiles of a series of latencies. Immutable. They are exact: a series is bounded, so that it can be sorted.
 *
 * @param count the number of samples
 */
public record Latencies(int count, long p50, long p90, long p99, long p999, long max) {
    private static final int SAMPLES_FOR_P999 = 1000;

    /** Returns whether there are enough samples for {@link #p999}; with fewer it is the maximum. */
    public boolean hasP999() {
        return count >= SAMPLES_FOR_P999;
    }

    /** Returns the percentiles of samples, which are sorted in place. */
    static Latencies of(long[] samples) {
        if (samples.length == 0) {
            return new Latencies(0, 0, 0, 0, 0, 0);
        }
        Arrays.sort(samples);
        return new Latencies(
                samples.length,
                at(samples, 0.5),
                at(samples, 0.9),
                at(samples, 0.99),
                at(samples, 0.999),
                samples[samples.length - 1]);
    }

    /** Returns the smallest sample that is not below this share of all samples (nearest rank). */
    private static long at(long[] sorted, double share) {
        // A product such as 0.999 * 1000 may be slightly above the integer.
        int rank = (int) Math.ceil(share * sorted.length - 1e-9);
        return sorted[Math.max(0, rank - 1)];
    }
}
