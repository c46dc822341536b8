package io.veloz.wal.demo;

import java.util.Arrays;

/** The latencies of repeated calls, in nanoseconds. Immutable. */
final class Latencies {
    private final long[] sorted;

    Latencies(long[] nanos, int count) {
        sorted = Arrays.copyOf(nanos, count);
        Arrays.sort(sorted);
    }

    double p50() {
        return at(0.50);
    }

    double p99() {
        return at(0.99);
    }

    double mean() {
        return Arrays.stream(sorted).average().orElse(0);
    }

    private double at(double share) {
        return sorted[(int) Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    }

    /** Measures repeated calls of an action, up to a number of times and a total duration. */
    static Latencies measure(int times, long limitNanos, Runnable action) {
        long[] nanos = new long[times];
        int count = 0;
        long started = System.nanoTime();
        do {
            long before = System.nanoTime();
            action.run();
            nanos[count++] = System.nanoTime() - before;
        } while (count < times && System.nanoTime() - started < limitNanos);
        return new Latencies(nanos, count);
    }
}
