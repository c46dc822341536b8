package io.veloz.wal.archive.internal.hedge;

import java.util.Arrays;

/** The durations of the latest puts. If all puts become slower, so does the limit, after a few of them. Confined to one thread. */
final class PutTimes {
    static final int ENOUGH = 20;
    private static final int LATEST = 64;
    private static final int PERCENTILE = 95;
    private static final int FACTOR = 3;

    /** A shorter delay is mostly caused by this process, such as by a garbage collection. */
    private static final long SHORTEST_NANOS = 10_000_000;

    private final long[] nanos = new long[LATEST];
    private int count;
    private int next;

    void add(long duration) {
        nanos[next] = duration;
        next = (next + 1) % LATEST;
        count = Math.min(count + 1, LATEST);
    }

    /** Returns the duration after which a put is unusually long; {@link Long#MAX_VALUE} if too few puts are known. */
    long unusualNanos() {
        if (count < ENOUGH) {
            return Long.MAX_VALUE;
        }
        long[] sorted = Arrays.copyOf(nanos, count);
        Arrays.sort(sorted);
        return Math.max(SHORTEST_NANOS, FACTOR * sorted[(count * PERCENTILE - 1) / 100]);
    }
}
