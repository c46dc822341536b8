package io.veloz.wal.ops.doctor;

import java.util.Arrays;

/** Collects latencies up to a limit. It belongs to one thread. */
final class Samples {
    private final int limit;
    private long[] nanos = new long[256];
    private int count;

    Samples(int limit) {
        this.limit = limit;
    }

    void add(long sample) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, 2 * count);
        }
        nanos[count++] = sample;
    }

    /** Returns whether another sample is to be taken: always the first, and none beyond the limit. */
    boolean wantsMore(Deadline deadline) {
        return count < limit && (count == 0 || !deadline.isOver());
    }

    Latencies latencies() {
        return Latencies.of(Arrays.copyOf(nanos, count));
    }
}
