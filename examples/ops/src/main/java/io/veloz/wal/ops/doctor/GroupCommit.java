package io.veloz.wal.ops.doctor;

/**
 * An estimate of durable appends per second, from the median of a forced write of a batch. It is an upper bound: the time
 * of the processors is not included. Immutable.
 */
public final class GroupCommit {
    /** A record with a payload of 256 bytes, with its share of the batch. */
    private static final int RECORD_BYTES = 288;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final int[] SIZES = {256, 4096, 65_536, Measured.BATCH_BYTES};
    private static final Series[] SERIES = {Series.FORCED_256, Series.FORCED_4K, Series.FORCED_64K, Series.FORCED_BATCH
    };

    private final Measured measured;

    private GroupCommit(Measured measured) {
        this.measured = measured;
    }

    /** Returns the estimates for these figures. */
    public static GroupCommit of(Measured measured) {
        return new GroupCommit(measured);
    }

    /** Returns the durable records per second of threads that wait for each record. */
    public long perSecond(int threads) {
        int records = Math.min(threads, Measured.BATCH_BYTES / RECORD_BYTES);
        return records * NANOS_PER_SECOND / forceNanos((long) records * RECORD_BYTES);
    }

    /** Returns the durable records per second of batches with the largest size. */
    public long perSecondAtMost() {
        return perSecond(Integer.MAX_VALUE);
    }

    /** Returns the median of a forced write of a size, interpolated between the measured sizes. */
    long forceNanos(long bytes) {
        long nanos = measured.of(SERIES[0]).p50();
        for (int i = 1; i < SIZES.length && bytes > SIZES[i - 1]; i++) {
            long from = measured.of(SERIES[i - 1]).p50();
            long to = measured.of(SERIES[i]).p50();
            double share = Math.min(1, (double) (bytes - SIZES[i - 1]) / (SIZES[i] - SIZES[i - 1]));
            nanos = from + (long) ((to - from) * share);
        }
        return Math.max(1, nanos);
    }
}
