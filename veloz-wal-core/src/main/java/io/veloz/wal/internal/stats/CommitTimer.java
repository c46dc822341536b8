package io.veloz.wal.internal.stats;

/**
 * Measures the phases of one commit after another, and how long its oldest record may have waited. Used by the commit thread
 * only.
 *
 * <p>The phases follow each other without a gap, so their sum is the time of the commit. The time between the begin, a force,
 * a roll and the end is {@link #writeNanos}, and after a force it is {@link #wakeUpNanos}. So a commit reads the clock once
 * more than its force does.
 *
 * <p>The oldest record of a commit was published after a moment that the commit thread has noted, its mark: when it took
 * everything up to some sequence, or when it found the buffer empty. No appender reads a clock.
 */
final class CommitTimer {
    private long queuedNanos;
    private long stalledNanos;
    private long writeNanos;
    private long forceNanos;
    private long wakeUpNanos;

    /** When the commit began, with the phases before the take. */
    private long startedNanos;

    /** When the last phase ended. */
    private long phaseNanos;

    private boolean hasForced;

    /** Every record after this sequence was published after {@link #markNanos}. */
    private long markSequence;

    private long markNanos;

    /** Every record up to {@link #markSequence} that has not been taken was published after this time. */
    private long beforeMarkNanos;

    /** Whether the commit thread has waited since the last commit: it had found the buffer empty. */
    private boolean hasWaited = true;

    /** Notes that the commit thread waits for work. The next record is taken as soon as the thread runs. */
    void waits() {
        hasWaited = true;
    }

    /**
     * Begins a commit of records.
     *
     * @param firstSequence the first of the records
     * @param claimedSequence the last record that may have been published
     */
    void begin(long now, long firstSequence, long claimedSequence) {
        start(now);
        if (hasWaited) {
            beforeMarkNanos = now;
            mark(claimedSequence, now);
            hasWaited = false;
        } else if (firstSequence > markSequence) {
            beforeMarkNanos = markNanos;
            mark(claimedSequence, now);
        }
        queuedNanos = now - beforeMarkNanos;
        startedNanos = now - queuedNanos;
    }

    /**
     * Adds the waits of appends for the next segment before the records were taken. Records may have been queued meanwhile:
     * that time counts as a stall only.
     *
     * @param sinceNanos when the first wait began
     * @param nanos the sum of the waits
     */
    void stalledBefore(long sinceNanos, long nanos) {
        if (sinceNanos - startedNanos < 0) {
            startedNanos = sinceNanos;
        }
        stalledNanos = Math.min(nanos, phaseNanos - startedNanos);
        queuedNanos = phaseNanos - startedNanos - stalledNanos;
    }

    /** Begins a commit without records. */
    void begin(long now) {
        start(now);
        queuedNanos = 0;
    }

    private void start(long now) {
        startedNanos = now;
        phaseNanos = now;
        stalledNanos = 0;
        writeNanos = 0;
        forceNanos = 0;
        wakeUpNanos = 0;
        hasForced = false;
    }

    /** Notes that the buffer was empty at a time, when everything up to a sequence had been taken. */
    void empty(long now, long takenSequence) {
        mark(takenSequence, now);
        hasWaited = false;
    }

    private void mark(long sequence, long now) {
        markSequence = sequence;
        markNanos = now;
    }

    void beginForce(long now) {
        endPhase(now);
    }

    void endForce(long now) {
        forceNanos += now - phaseNanos;
        phaseNanos = now;
        hasForced = true;
    }

    /** Begins the wait for the next segment. */
    void beginStall(long now) {
        endPhase(now);
        hasForced = false;
    }

    void endStall(long now) {
        stalledNanos += now - phaseNanos;
        phaseNanos = now;
    }

    void end(long now) {
        endPhase(now);
    }

    private void endPhase(long now) {
        if (hasForced) {
            wakeUpNanos += now - phaseNanos;
        } else {
            writeNanos += now - phaseNanos;
        }
        phaseNanos = now;
    }

    /** Returns when the commit began, with the time in the queue and the wait for the next segment. */
    long startedNanos() {
        return startedNanos;
    }

    long totalNanos() {
        return phaseNanos - startedNanos;
    }

    long queuedNanos() {
        return queuedNanos;
    }

    long stalledNanos() {
        return stalledNanos;
    }

    long writeNanos() {
        return writeNanos;
    }

    long forceNanos() {
        return forceNanos;
    }

    long wakeUpNanos() {
        return wakeUpNanos;
    }
}
