package io.veloz.wal.internal.stats;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;

/**
 * Measures how much time garbage collections took during a commit. It compares the total time of all collections with a
 * sample from the begin of a commit. A sample is taken at most every 100 ms, and takes less than a microsecond. Used by the
 * commit thread only, except {@link #load}.
 */
public final class GcTime {
    /** The total time is not known. */
    public static final long UNKNOWN = -1;

    static final long SAMPLE_INTERVAL_NANOS = 100_000_000;

    private static volatile LongSupplier process = () -> UNKNOWN;
    private static volatile boolean loaded;

    private final LongSupplier totalMillis;

    // The last two samples: a commit whose records were queued began before the last one.
    private long sampleNanos;
    private long sampleMillis = UNKNOWN;
    private long olderMillis = UNKNOWN;
    private boolean hasSample;

    /** Creates a measurement that reads the total time in milliseconds, or {@link #UNKNOWN}. */
    public GcTime(LongSupplier totalMillis) {
        this.totalMillis = totalMillis;
    }

    /**
     * Loads the management beans of the JVM, once in a process. That takes up to some hundred milliseconds, so neither an
     * open nor a commit does it. Until then, and without the module java.management, the time is unknown.
     */
    public static void load() {
        if (loaded) {
            return;
        }
        loaded = true;
        try {
            process = new Collectors();
        } catch (Throwable t) {
            // The time remains unknown. Nothing else depends on it.
        }
    }

    /** Returns the total time of all collections of the process in milliseconds. */
    public static long processMillis() {
        return process.getAsLong();
    }

    /** The garbage collectors of the JVM. A class, which is loaded only if the module java.management exists. */
    private static final class Collectors implements LongSupplier {
        private final GarbageCollectorMXBean[] beans = ManagementFactory.getGarbageCollectorMXBeans().stream()
                // These count concurrent work, and the pauses have other beans.
                .filter(collector -> !collector.getName().endsWith("Cycles"))
                .toArray(GarbageCollectorMXBean[]::new);

        @Override
        public long getAsLong() {
            long sum = 0;
            for (GarbageCollectorMXBean bean : beans) {
                sum += Math.max(0, bean.getCollectionTime());
            }
            return sum;
        }
    }

    /** Takes a sample at the begin of a commit if the last one is too old. */
    void sample(long now) {
        if (hasSample && now - sampleNanos < SAMPLE_INTERVAL_NANOS) {
            return;
        }
        olderMillis = sampleMillis;
        sampleMillis = totalMillis.getAsLong();
        sampleNanos = now;
        hasSample = true;
    }

    /** Returns the time of the collections since the newest sample that is not after a time; 0 if it is unknown. */
    long nanosSince(long startedNanos) {
        long before = sampleNanos - startedNanos > 0 ? olderMillis : sampleMillis;
        long now = totalMillis.getAsLong();
        return before == UNKNOWN || now == UNKNOWN ? 0 : Math.max(0, now - before) * 1_000_000;
    }
}
