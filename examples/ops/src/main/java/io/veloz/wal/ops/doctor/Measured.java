package io.veloz.wal.ops.doctor;

import java.time.Duration;
import java.util.Map;

/**
 * The figures of one measurement. Immutable.
 *
 * @param latencies an entry for each {@link Series}
 * @param writtenBytes the number of bytes written to scratch files
 */
public record Measured(Map<Series, Latencies> latencies, Rates rates, long writtenBytes, Duration took) {
    /** The size of the writes of {@link Series#FORCED_BATCH}: the default of {@code maxBatchBytes}. */
    public static final int BATCH_BYTES = 1024 * 1024;

    public Measured {
        latencies = Map.copyOf(latencies);
        for (Series series : Series.values()) {
            if (!latencies.containsKey(series)) {
                throw new IllegalArgumentException("no latencies of " + series);
            }
        }
    }

    /** Returns the latencies of a series. */
    public Latencies of(Series series) {
        return latencies.getOrDefault(series, Latencies.of(new long[0]));
    }

    /** Returns the rate of forced writes of the largest batches, in bytes per second. */
    public long batchRate() {
        return BATCH_BYTES
                * 1_000_000_000L
                / Math.max(1, of(Series.FORCED_BATCH).p50());
    }
}
