package io.veloz.wal;

import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.internal.stats.CommitStats;

/**
 * A snapshot of a log's counters since it was opened. Immutable. The values are read one after another while the log is
 * running, so they may differ by one batch.
 */
public final class WalStats {
    private final long lastSequence;
    private final long durableSequence;
    private final long recordsWritten;
    private final long bytesWritten;
    private final long batches;
    private final long largestBatchRecords;
    private final long forces;
    private final long rolls;
    private final long stalls;
    private final long stalledNanos;
    private final long slowCommits;
    private final long bufferedBytes;
    private final long activeSegmentBytes;
    private final long activeSegmentRoomBytes;
    private final long forceNanosP50;
    private final long forceNanosP99;
    private final long forceNanosP999;
    private final long forceNanosMax;
    private final long corruptedRecords;
    private final boolean diskFull;
    private final boolean failed;

    WalStats(LogWriter writer, RecoveryReport report) {
        CommitStats stats = writer.stats();
        this.lastSequence = writer.lastSequence();
        this.durableSequence = writer.durableSequence();
        this.recordsWritten = stats.records();
        this.bytesWritten = stats.bytes();
        this.batches = stats.batches();
        this.largestBatchRecords = stats.largestBatchRecords();
        this.forces = stats.forces();
        this.rolls = stats.rolls();
        this.stalls = stats.stalls();
        this.stalledNanos = stats.stalledNanos();
        this.slowCommits = stats.slowCommits();
        this.bufferedBytes = writer.bufferedBytes();
        this.activeSegmentRoomBytes = writer.activeRoomBytes();
        this.activeSegmentBytes = writer.activeBytes();
        this.forceNanosP50 = stats.forceNanosAt(50);
        this.forceNanosP99 = stats.forceNanosAt(99);
        this.forceNanosP999 = stats.forceNanosAt(99.9);
        this.forceNanosMax = stats.forceNanosMax();
        this.corruptedRecords = corrupted(report);
        this.diskFull = writer.isDiskFull();
        this.failed = writer.hasFailed();
    }

    private static long corrupted(RecoveryReport report) {
        long corrupted = 0;
        for (LostRange range : report.lost()) {
            corrupted += Math.max(1, range.lastSequence() - range.firstSequence() + 1);
        }
        return corrupted;
    }

    /** Returns the last sequence that was assigned to a record. */
    public long lastSequence() {
        return lastSequence;
    }

    /** Returns the last durable sequence. */
    public long durableSequence() {
        return durableSequence;
    }

    /** Returns the number of records handed to the operating system. */
    public long recordsWritten() {
        return recordsWritten;
    }

    /** Returns the number of bytes handed to the operating system, with all framing. */
    public long bytesWritten() {
        return bytesWritten;
    }

    /** Returns the number of batches written. */
    public long batches() {
        return batches;
    }

    /** Returns the largest number of records in one batch. */
    public long largestBatchRecords() {
        return largestBatchRecords;
    }

    /** Returns how often data was forced (fsync). */
    public long forces() {
        return forces;
    }

    /** Returns the number of segments that were sealed. */
    public long rolls() {
        return rolls;
    }

    /** Returns how many segments were prepared so late that the commit thread or appends waited. */
    public long stalls() {
        return stalls;
    }

    /** Returns the total duration of these waits. */
    public long stalledNanos() {
        return stalledNanos;
    }

    /** Returns how many commits took as long as {@link WalConfig#slowCommitThreshold()}, reported or not. */
    public long slowCommits() {
        return slowCommits;
    }

    /** Returns the bytes in the append buffer that are claimed and not written yet. */
    public long bufferedBytes() {
        return bufferedBytes;
    }

    /** Returns the size of the active segment. The first ones of a session are smaller than {@link WalConfig#segmentBytes()}. */
    public long activeSegmentBytes() {
        return activeSegmentBytes;
    }

    /** Returns the free space in the active segment. */
    public long activeSegmentRoomBytes() {
        return activeSegmentRoomBytes;
    }

    /** Returns the median duration of a force since the log was opened. */
    public long forceNanosP50() {
        return forceNanosP50;
    }

    /** Returns the 99th percentile of the duration of a force. */
    public long forceNanosP99() {
        return forceNanosP99;
    }

    /** Returns the 99.9th percentile of the duration of a force. */
    public long forceNanosP999() {
        return forceNanosP999;
    }

    /** Returns the longest duration of a force. */
    public long forceNanosMax() {
        return forceNanosMax;
    }

    /** Returns the number of records that were damaged or missing when the log was opened. */
    public long corruptedRecords() {
        return corruptedRecords;
    }

    /** Returns whether the disk has no space for the next segment. */
    public boolean diskFull() {
        return diskFull;
    }

    /** Returns whether the log has failed permanently. */
    public boolean failed() {
        return failed;
    }

    /** Returns the number of records that have a sequence and are not durable yet. */
    public long durableLag() {
        return Math.max(0, lastSequence - durableSequence);
    }

    @Override
    public String toString() {
        return "WalStats[lastSequence=" + lastSequence + ", durableSequence=" + durableSequence + ", durableLag="
                + durableLag() + ", recordsWritten=" + recordsWritten + ", bytesWritten=" + bytesWritten + ", batches="
                + batches + ", largestBatchRecords=" + largestBatchRecords + ", forces=" + forces + ", rolls=" + rolls
                + ", stalls=" + stalls + ", stalledNanos=" + stalledNanos + ", slowCommits=" + slowCommits
                + ", bufferedBytes=" + bufferedBytes
                + ", activeSegmentBytes=" + activeSegmentBytes + ", activeSegmentRoomBytes=" + activeSegmentRoomBytes
                + ", forceNanosP50=" + forceNanosP50
                + ", forceNanosP99=" + forceNanosP99 + ", forceNanosP999=" + forceNanosP999 + ", forceNanosMax="
                + forceNanosMax + ", corruptedRecords=" + corruptedRecords + ", diskFull=" + diskFull + ", failed="
                + failed + "]";
    }
}
