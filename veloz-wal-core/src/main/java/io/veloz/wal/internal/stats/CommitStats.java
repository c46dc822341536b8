package io.veloz.wal.internal.stats;

/** Counters of an open log. Each is written by one thread, the commit thread unless stated otherwise; any thread reads. */
public final class CommitStats {
    private final LatencyHistogram forceNanos = new LatencyHistogram();

    private volatile long records;
    private volatile long bytes;
    private volatile long batches;
    private volatile long largestBatchRecords;
    private volatile long stalls;
    private volatile long stalledNanos;
    private volatile long slowCommits;

    /** Written by the housekeeping thread. */
    private volatile long rolls;

    public void batch(int batchRecords, long batchBytes) {
        long written = records + batchRecords;
        long size = bytes + batchBytes;
        long count = batches + 1;
        records = written;
        bytes = size;
        batches = count;
        if (batchRecords > largestBatchRecords) {
            largestBatchRecords = batchRecords;
        }
    }

    public void force(long nanos) {
        forceNanos.record(nanos);
    }

    /** Called under the monitor of {@link Stalls}. */
    void stall(long nanos) {
        long count = stalls + 1;
        long sum = stalledNanos + nanos;
        stalls = count;
        stalledNanos = sum;
    }

    void slowCommit() {
        long count = slowCommits + 1;
        slowCommits = count;
    }

    public void roll() {
        long count = rolls + 1;
        rolls = count;
    }

    public long records() {
        return records;
    }

    public long bytes() {
        return bytes;
    }

    public long batches() {
        return batches;
    }

    public long largestBatchRecords() {
        return largestBatchRecords;
    }

    public long rolls() {
        return rolls;
    }

    public long stalls() {
        return stalls;
    }

    public long stalledNanos() {
        return stalledNanos;
    }

    public long slowCommits() {
        return slowCommits;
    }

    public long forces() {
        return forceNanos.count();
    }

    public long forceNanosAt(double percentile) {
        return forceNanos.valueAt(percentile);
    }

    public long forceNanosMax() {
        return forceNanos.max();
    }
}
