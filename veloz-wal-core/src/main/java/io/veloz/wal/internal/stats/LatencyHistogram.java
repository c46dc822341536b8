package io.veloz.wal.internal.stats;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * A histogram of latencies from 1 ns to 73 minutes with a relative error of at most one percent. A longer latency is
 * recorded as 73 minutes. One thread records, any thread reads.
 *
 * <p>The buckets are linear up to 128 ns, then there are 128 buckets for each power of two: 36 KB in total.
 */
final class LatencyHistogram {
    private static final int SUB_BUCKETS = 128;
    private static final int SUB_BITS = 7;
    private static final int HIGHEST_BIT = 41;
    private static final long LONGEST = (1L << (HIGHEST_BIT + 1)) - 1;

    private final AtomicLongArray counts = new AtomicLongArray((HIGHEST_BIT - SUB_BITS + 2) * SUB_BUCKETS);

    private volatile long count;
    private volatile long max;

    void record(long nanos) {
        long value = Math.max(0, Math.min(nanos, LONGEST));
        int bucket = bucket(value);
        counts.setRelease(bucket, counts.getPlain(bucket) + 1);
        if (value > max) {
            max = value;
        }
        long recorded = count + 1;
        count = recorded;
    }

    private static int bucket(long value) {
        int highestBit = 63 - Long.numberOfLeadingZeros(value | 1);
        int shift = Math.max(0, highestBit - SUB_BITS);
        return shift * SUB_BUCKETS + (int) (value >>> shift);
    }

    private static long highestValue(int bucket) {
        int shift = Math.max(0, bucket / SUB_BUCKETS - 1);
        long lowest = bucket - (long) shift * SUB_BUCKETS;
        return ((lowest + 1) << shift) - 1;
    }

    long count() {
        return count;
    }

    /** Returns the longest latency, exactly. */
    long max() {
        return max;
    }

    /** Returns the latency at a percentile, with an error of at most one percent; 0 if nothing was recorded. */
    long valueAt(double percentile) {
        long all = count;
        long rank = Math.max(1, (long) Math.ceil(all * Math.min(percentile, 100) / 100));
        long seen = 0;
        for (int i = 0; i < counts.length() && all > 0; i++) {
            seen += counts.getAcquire(i);
            if (seen >= rank) {
                return Math.min(highestValue(i), max);
            }
        }
        return 0;
    }
}
