package io.veloz.wal;

import java.time.Duration;
import java.util.List;

/**
 * What was found when a log was opened, inspected or verified. Immutable.
 *
 * @param directory where the log is
 * @param logId 32 hex digits that tell this log from every other; empty if there is no segment
 * @param segments in the order of their numbers
 * @param firstSequence of the oldest record that is still there, -1 if there is none
 * @param lastSequence of the newest record, 0 if there has never been one
 * @param records how many there are
 * @param quarantined names of the files that hold bytes which were cut off, now or earlier
 * @param quarantinedBytes how many bytes were, or would be, cut off now
 * @param lost records that are known to be lost: damage, and losses that an earlier salvage declared
 * @param expectedFirstSequence where the log begins by its own account: 1, or what the last trim left
 * @param took the time it took
 */
public record RecoveryReport(
        String directory,
        String logId,
        List<SegmentReport> segments,
        long firstSequence,
        long lastSequence,
        long records,
        List<String> quarantined,
        long quarantinedBytes,
        List<LostRange> lost,
        long expectedFirstSequence,
        Duration took) {
    public RecoveryReport {
        segments = List.copyOf(segments);
        quarantined = List.copyOf(quarantined);
        lost = List.copyOf(lost);
    }

    /** Whether nothing that was acknowledged is damaged or missing. */
    public boolean isSound() {
        return segments.stream().allMatch(SegmentReport::isGood);
    }

    /** Whether the writer died while it wrote, and what it had not acknowledged was, or will be, cut off. */
    public boolean hasTornTail() {
        return segments.stream().anyMatch(segment -> segment.verdict() == SegmentReport.Verdict.TORN_TAIL);
    }
}
