package io.veloz.wal.internal.stats;

import java.util.function.LongSupplier;

/**
 * Measures stalls: the time during which appends or the commit thread wait because the next segment is not prepared. A
 * segment that is late is one stall, however many threads wait for it, and time in which none of them waits does not count.
 * Thread-safe. The monitor is entered only by threads that wait or have waited, and at a roll; no thread waits inside it.
 */
public final class Stalls {
    private final CommitStats stats;
    private final LongSupplier clockNanos;

    /** Whether a next segment is prepared, so that a thread that is about to wait will find it. */
    private boolean isPrepared;

    /** The waits of all threads, for the counters. */
    private final Wait all = new Wait();

    /** The waits of appends, whose records are in a later commit. */
    private final Wait appends = new Wait();

    /** The number of waiting threads. Written under the monitor. */
    private volatile int waiting;

    /** Whether {@link #appends} has a time that no commit has taken. Written under the monitor. */
    private volatile boolean appendsHaveWaited;

    /** The time during which at least one of some threads waited. */
    private static final class Wait {
        static final long NONE = Long.MIN_VALUE;

        int threads;
        long since = NONE;
        long first = NONE;
        long last;
        long nanos;

        void begin(long now, boolean counts) {
            threads++;
            if (counts && since == NONE) {
                since = now;
            }
        }

        void end(long now) {
            if (since != NONE) {
                first = first == NONE ? since : first;
                last = now;
                nanos += Math.max(0, now - since);
                since = NONE;
            }
        }

        void clear() {
            first = NONE;
            nanos = 0;
        }
    }

    /** The waits of appends before a commit: when the first began, when the last ended, and the sum of their times. */
    public static final class Taken {
        long sinceNanos;
        long untilNanos;
        long nanos;
    }

    public Stalls(CommitStats stats, LongSupplier clockNanos) {
        this.stats = stats;
        this.clockNanos = clockNanos;
    }

    /** Notes that an append waits for the next segment. The caller must call {@link #endAppend}. */
    public void beginAppend() {
        synchronized (this) {
            long now = clockNanos.getAsLong();
            appends.begin(now, !isPrepared);
            begin(now);
        }
    }

    /** Notes that an append does not wait any more, whether the segment is prepared or not. */
    public void endAppend() {
        synchronized (this) {
            // Counted first: the clock of a user may throw.
            appends.threads--;
            all.threads--;
            waiting = all.threads;
            long now = clockNanos.getAsLong();
            if (appends.threads == 0) {
                endAppends(now);
            }
            if (all.threads == 0) {
                all.end(now);
            }
        }
    }

    /** Notes that the commit thread waits for the next segment. It must call {@link #endCommit}. */
    public void beginCommit() {
        synchronized (this) {
            begin(clockNanos.getAsLong());
        }
    }

    /** Notes that the commit thread does not wait any more. */
    public void endCommit() {
        synchronized (this) {
            all.threads--;
            waiting = all.threads;
            long now = clockNanos.getAsLong();
            if (all.threads == 0) {
                all.end(now);
            }
        }
    }

    private void begin(long now) {
        all.begin(now, !isPrepared);
        waiting = all.threads;
    }

    private void endAppends(long now) {
        appends.end(now);
        appendsHaveWaited |= appends.nanos > 0;
    }

    /** Notes that the next segment is prepared. Threads that still wait for it are about to find it. */
    public void prepared() {
        synchronized (this) {
            long now = clockNanos.getAsLong();
            isPrepared = true;
            endAppends(now);
            all.end(now);
            if (all.nanos > 0) {
                stats.stall(all.nanos);
            }
            all.clear();
        }
    }

    /** Notes that the prepared segment has become the active one, and that the next one is not prepared yet. */
    public void rolled() {
        synchronized (this) {
            isPrepared = false;
        }
    }

    /** Returns whether a thread waits for the next segment. */
    public boolean areWaiting() {
        return waiting > 0;
    }

    /** Takes the waits of appends that have ended since the last call; false if there were none. */
    public boolean take(Taken taken) {
        if (!appendsHaveWaited) {
            return false;
        }
        synchronized (this) {
            taken.sinceNanos = appends.first;
            taken.untilNanos = appends.last;
            taken.nanos = appends.nanos;
            appends.clear();
            appendsHaveWaited = false;
        }
        return true;
    }
}
