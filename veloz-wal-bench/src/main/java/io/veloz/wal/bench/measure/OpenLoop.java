package io.veloz.wal.bench.measure;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Calls at a fixed rate, each when it is due, whatever happened to those before it. Latencies from due count a stall for every
 * call that was due during it (no coordinated omission).
 */
public final class OpenLoop {
    private static final long LARGEST_NANOS = TimeUnit.MINUTES.toNanos(10);

    private OpenLoop() {}

    /** Makes the call that was due at a time of {@link System#nanoTime}. */
    @FunctionalInterface
    public interface Call {
        void make(long due) throws Exception;
    }

    /** Returns an empty histogram, to which any thread may add. */
    public static Histogram histogram() {
        return new ConcurrentHistogram(LARGEST_NANOS, 3);
    }

    /** Makes calls that are not measured, and returns their number. */
    public static long warmUp(int perSecond, double seconds, Call call) throws Exception {
        return run(perSecond, seconds, histogram(), call);
    }

    /**
     * Makes calls for some seconds, and returns their number. The lateness is from due to the call: a late wake-up of this
     * thread, and calls before that have blocked.
     */
    public static long run(int perSecond, double seconds, Histogram lateness, Call call) throws Exception {
        long between = TimeUnit.SECONDS.toNanos(1) / perSecond;
        long calls = Math.max(1, (long) (seconds * perSecond));
        long first = System.nanoTime();
        for (long i = 0; i < calls; i++) {
            long due = first + i * between;
            for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
                LockSupport.parkNanos(early);
            }
            lateness.recordValue(System.nanoTime() - due);
            call.make(due);
        }
        return calls;
    }
}
