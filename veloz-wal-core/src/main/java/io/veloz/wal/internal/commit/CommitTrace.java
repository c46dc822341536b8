package io.veloz.wal.internal.commit;

import io.veloz.wal.SlowCommit;
import io.veloz.wal.internal.jfr.CommitEvent;
import io.veloz.wal.internal.jfr.CommitFields;
import io.veloz.wal.internal.jfr.JfrEvents;
import io.veloz.wal.internal.jfr.RollEvent;
import io.veloz.wal.internal.jfr.SlowCommitEvent;
import java.time.Duration;
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

    private final String log;
    private final long thresholdNanos;
    private final CommitStats stats;
    private final Notifier notifier;
    private final SegmentWait segmentWait;
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

    /**
     * Creates the trace of a log.
     *
     * @param log the directory
     * @param thresholdNanos the time of a slow commit; 0 to report none
     */
    public CommitTrace(String log, long thresholdNanos, CommitStats stats, Notifier notifier, SegmentWait segmentWait) {
        this(log, thresholdNanos, stats, notifier, segmentWait, new GcTime(GcTime::processMillis));
    }

    CommitTrace(
            String log, long thresholdNanos, CommitStats stats, Notifier notifier, SegmentWait segmentWait, GcTime gc) {
        this.log = log;
        this.thresholdNanos = thresholdNanos;
        this.stats = stats;
        this.notifier = notifier;
        this.segmentWait = segmentWait;
        this.gc = gc;
    }

    /**
     * Begins a commit of records.
     *
     * @param firstSequence the first of the records
     * @param claimedSequence the last record that may have been published
     */
    void begin(long now, long firstSequence, long claimedSequence) {
        event = JfrEvents.beginCommit();
        timer.begin(now, firstSequence, claimedSequence);
        long waitedNanos = segmentWait.take();
        if (waitedNanos > 0) {
            timer.stalledBefore(waitedNanos);
            stats.stall(waitedNanos);
        }
        begun(now, firstSequence);
    }

    /** Begins a force, a roll or a heartbeat between two commits. */
    void beginWithoutRecords(long now, long nextSequence) {
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
    void empty(long now, long takenSequence) {
        timer.empty(now, takenSequence);
    }

    /** Notes that the commit thread waits for work. */
    void waits() {
        timer.waits();
    }

    void beginForce(long now) {
        timer.beginForce(now);
    }

    void endForce(long now) {
        timer.endForce(now);
    }

    void beginRoll(long now) {
        roll = JfrEvents.beginRoll();
        timer.beginStall(now);
    }

    /** Ends a roll to the segment with this number. */
    void endRoll(long now, long number) {
        timer.endStall(now);
        if (roll != null) {
            roll.end(log, number);
            roll = null;
        }
    }

    /** Ends the commit, and reports it if it was slow. */
    void end(long now) {
        timer.end(now);
        if (event != null) {
            event.end();
            complete(event);
            event = null;
        }
        if (thresholdNanos > 0 && timer.totalNanos() >= thresholdNanos) {
            slow(now);
        }
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
        notifier.event(listener -> listener.onSlowCommit(commit));
        hasReported = true;
        reportedNanos = now;
        unreported = 0;
    }
}
