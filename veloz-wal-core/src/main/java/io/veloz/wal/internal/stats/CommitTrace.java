package io.veloz.wal.internal.stats;

import io.veloz.wal.SlowCommit;
import io.veloz.wal.WalListener;
import io.veloz.wal.internal.jfr.CommitEvent;
import io.veloz.wal.internal.jfr.CommitFields;
import io.veloz.wal.internal.jfr.JfrEvents;
import io.veloz.wal.internal.jfr.RollEvent;
import io.veloz.wal.internal.jfr.SlowCommitEvent;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reports slow commits to the listener, and commits to recordings of the Flight Recorder. Used by the commit thread only.
 *
 * <p>A commit that is not slow allocates nothing here, unless a recording has enabled its event. The report of a slow commit
 * never fails the log.
 */
public final class CommitTrace {
    /** The listener receives at most one slow commit in this time, so that a slow disk does not flood it. */
    static final long REPORT_INTERVAL_NANOS = 1_000_000_000;

    /** A commit that begins later than this after a wait for the next segment has not waited for it. */
    private static final long AFTER_STALL_NANOS = 10_000_000;

    private final String log;
    private final long thresholdNanos;
    private final CommitStats stats;
    private final Consumer<Consumer<WalListener>> events;
    private final Stalls stalls;
    private final Stalls.Taken waited = new Stalls.Taken();
    private final GcTime gc;
    private final CommitTimer timer = new CommitTimer();
    private @Nullable CommitEvent event;
    private @Nullable RollEvent roll;
    private long firstSequence;
    private long recordsBefore;
    private long bytesBefore;
    private boolean hasReported;
    private long reportedNanos;
    private long unreported;

    /** When the last slow commit ended. Meaningful if there was one. */
    private long slowEndNanos;

    private boolean wasSlow;

    /**
     * Creates the trace of a log.
     *
     * @param log the directory
     * @param thresholdNanos the time of a slow commit; 0 to report none
     * @param events queues a call of the listener
     */
    public CommitTrace(
            String log, long thresholdNanos, CommitStats stats, Consumer<Consumer<WalListener>> events, Stalls stalls) {
        this(log, thresholdNanos, stats, events, stalls, new GcTime(GcTime::processMillis));
    }

    public CommitTrace(
            String log,
            long thresholdNanos,
            CommitStats stats,
            Consumer<Consumer<WalListener>> events,
            Stalls stalls,
            GcTime gc) {
        this.log = log;
        this.thresholdNanos = thresholdNanos;
        this.stats = stats;
        this.events = events;
        this.stalls = stalls;
        this.gc = gc;
    }

    /**
     * Begins a commit of records.
     *
     * @param firstSequence the first of the records
     * @param claimedSequence the last record that may have been published
     */
    public void begin(long now, long firstSequence, long claimedSequence) {
        event = JfrEvents.beginCommit();
        timer.begin(now, firstSequence, claimedSequence);
        if (stalls.take(waited) && now - waited.untilNanos <= AFTER_STALL_NANOS) {
            timer.stalledBefore(waited.sinceNanos, waited.nanos);
        }
        begun(now, firstSequence);
    }

    /** Begins a force, a roll or a heartbeat between two commits. */
    public void beginWithoutRecords(long now, long nextSequence) {
        timer.begin(now);
        begun(now, nextSequence);
    }

    private void begun(long now, long first) {
        firstSequence = first;
        recordsBefore = stats.records();
        bytesBefore = stats.bytes();
        if (thresholdNanos > 0) {
            gc.sample(now);
        }
    }

    /** Notes that the buffer was empty, when everything up to a sequence had been taken. */
    public void empty(long now, long takenSequence) {
        timer.empty(now, takenSequence);
    }

    /** Notes that the commit thread waits for work. */
    public void waits() {
        timer.waits();
    }

    public void beginForce(long now) {
        timer.beginForce(now);
    }

    public void endForce(long now) {
        timer.endForce(now);
    }

    public void beginRoll(long now) {
        roll = JfrEvents.beginRoll();
        timer.beginStall(now);
    }

    /** Ends a roll for which there was no next segment. */
    public void abandonRoll(long now) {
        timer.endStall(now);
        roll = null;
    }

    /** Ends a roll to the segment with this number. */
    public void endRoll(long now, long number) {
        timer.endStall(now);
        if (roll != null) {
            RollEvent ended = roll;
            roll = null;
            JfrEvents.record(() -> ended.end(log, number));
        }
    }

    /** Ends the commit, and reports it if it was slow. */
    public void end(long now) {
        timer.end(now);
        if (event != null) {
            CommitEvent ended = event;
            event = null;
            JfrEvents.record(() -> {
                ended.end();
                complete(ended);
            });
        }
        if (thresholdNanos > 0 && isSlow()) {
            slowEndNanos = now;
            wasSlow = true;
            slow(now);
        }
    }

    /** A commit whose records only waited for the end of a slow one is a consequence of it, and not another slow one. */
    private boolean isSlow() {
        boolean follows = wasSlow && timer.startedNanos() - slowEndNanos < 0;
        return timer.totalNanos() - (follows ? timer.queuedNanos() : 0) >= thresholdNanos;
    }

    private void complete(CommitFields fields) {
        fields.setContent(log, firstSequence, records(), bytes());
        fields.setPhases(
                timer.queuedNanos(), timer.stalledNanos(), timer.writeNanos(), timer.forceNanos(), timer.wakeUpNanos());
        fields.commit();
    }

    private int records() {
        return (int) (stats.records() - recordsBefore);
    }

    private long bytes() {
        return stats.bytes() - bytesBefore;
    }

    private void slow(long now) {
        stats.slowCommit();
        try {
            long gcNanos = Math.min(gc.nanosSince(timer.startedNanos()), timer.totalNanos());
            @Nullable SlowCommitEvent slow = JfrEvents.slowCommit();
            if (slow != null) {
                slow.setSums(timer.totalNanos(), gcNanos);
                complete(slow);
            }
            report(now, gcNanos);
        } catch (Throwable t) {
            // For example an OutOfMemoryError: the records are durable, and only their report is lost.
            unreported++;
        }
    }

    private void report(long now, long gcNanos) {
        if (hasReported && now - reportedNanos < REPORT_INTERVAL_NANOS) {
            unreported++;
            return;
        }
        SlowCommit commit = new SlowCommit(
                firstSequence,
                records(),
                bytes(),
                Duration.ofNanos(timer.queuedNanos()),
                Duration.ofNanos(timer.stalledNanos()),
                Duration.ofNanos(timer.writeNanos()),
                Duration.ofNanos(timer.forceNanos()),
                Duration.ofNanos(timer.wakeUpNanos()),
                Duration.ofNanos(gcNanos),
                unreported);
        events.accept(listener -> listener.onSlowCommit(commit));
        hasReported = true;
        reportedNanos = now;
        unreported = 0;
    }
}
