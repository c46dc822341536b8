package io.veloz.wal.internal.recovery;

import io.veloz.wal.LostRange;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SparseIndex;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a directory holds, segment by segment. Made by {@link Analyser}; nothing was changed for it. */
public final class Analysis {
    final List<FoundSegment> segments = new ArrayList<>();
    final List<LostRange> lost = new ArrayList<>();

    /** Segments below the trim mark, which a trim did not get to delete. */
    final List<String> trimmed = new ArrayList<>();

    final List<String> quarantined = new ArrayList<>();

    @Nullable
    LogId logId;

    /** The sequence with which the log begins, by its trim mark. */
    long beginSequence = 1;

    /** The sequence that the next record gets. */
    long nextSequence = 1;

    /** The number of the first segment that should be there. */
    long firstNumber = 1;

    /** The number of the next segment that is made: behind all that hold records. */
    long nextNumber() {
        long number = firstNumber;
        for (FoundSegment segment : segments) {
            if (segment.hasRecords()) {
                number = segment.number() + 1;
            }
        }
        return number;
    }

    /** The first problem that forbids to open the log, as the exception to throw; null if there is none. */
    public @Nullable WalException problem(String directory) {
        for (FoundSegment segment : segments) {
            String place = directory + "/" + segment.name;
            if (segment.verdict == Verdict.UNKNOWN_VERSION) {
                return new WalVersionException(place + ": " + segment.detail);
            }
            if (!segment.report().isGood()) {
                return new WalCorruptException(
                        place, segment.badPosition, segment.badFirst, segment.badLast, segment.detail);
            }
        }
        return null;
    }

    /** Like {@link #problem}, but only of files that say nothing at all, or belong elsewhere. */
    public @Nullable WalException unreadableFile(String directory) {
        Analysis unreadable = new Analysis();
        for (FoundSegment segment : segments) {
            if (segment.verdict == Verdict.UNKNOWN_VERSION
                    || segment.verdict == Verdict.FOREIGN
                    || (segment.header == null && segment.verdict == Verdict.CORRUPT)) {
                unreadable.segments.add(segment);
            }
        }
        return unreadable.problem(directory);
    }

    public LogId logId() {
        return logId == null ? new LogId(0, 0) : logId;
    }

    /** Of the oldest record that is or should be there. */
    public long firstSequence() {
        for (FoundSegment segment : segments) {
            long first = segment.report().firstSequence();
            if (first > 0) {
                return segment.badFirst > 0 ? Math.min(first, segment.badFirst) : first;
            }
            if (segment.badFirst > 0) {
                return segment.badFirst;
            }
        }
        return nextSequence;
    }

    /** The largest batch that any segment allows. */
    public int largestBatchBytes() {
        int largest = 4096;
        for (FoundSegment segment : segments) {
            if (segment.header != null) {
                largest = Math.max(largest, segment.header.maxBatchBytes());
            }
        }
        return largest;
    }

    /** The last segment there is. */
    public long lastNumber() {
        return segments.stream().mapToLong(FoundSegment::number).max().orElse(firstNumber);
    }

    /** The last batch that certainly comes before the records that are wanted, as far as footers tell. */
    public SegmentStart startFor(long sequence, long timeNanos) {
        SegmentStart start = new SegmentStart(firstOnDisk(), 0, -1);
        for (FoundSegment segment : segments) {
            SegmentReport report = segment.report();
            if (segment.header == null || segment.verdict == Verdict.FOREIGN) {
                continue;
            }
            boolean wanted = !report.isGood()
                    || report.records() == 0
                    || (report.lastSequence() >= sequence && report.maxTimestampNanos() >= timeNanos);
            if (wanted) {
                return within(segment, sequence, timeNanos);
            }
            // All of it lies before. If nothing comes after it yet, reading starts at its end.
            start = within(segment, sequence, timeNanos);
        }
        return start;
    }

    private long firstOnDisk() {
        return segments.stream()
                .filter(segment -> segment.header != null && segment.verdict != Verdict.FOREIGN)
                .mapToLong(FoundSegment::number)
                .min()
                .orElse(firstNumber);
    }

    private SegmentStart within(FoundSegment segment, long sequence, long timeNanos) {
        SparseIndex index = segment.content != null
                ? segment.content.index()
                : segment.footer != null ? segment.footer.index() : null;
        if (index == null || !segment.report().isGood()) {
            return new SegmentStart(segment.number(), 0, segment.openingSequence);
        }
        long position = Math.max(index.positionForSequence(sequence), index.positionForTime(timeNanos));
        // Where there is no record yet, the next one comes: a torn first batch is not taken for damage.
        long expected = segment.hasRecords() ? -1 : nextSequence;
        return new SegmentStart(segment.number(), position, expected);
    }

    /** Lost records as far as they are known, damage and declared losses. */
    public List<LostRange> lost() {
        List<LostRange> all = new ArrayList<>(lost);
        for (FoundSegment segment : segments) {
            if (!segment.report().isGood() && segment.badFirst >= 0) {
                all.add(new LostRange(
                        segment.badFirst, segment.badLast, segment.name, segment.badPosition, segment.detail));
            }
        }
        return all;
    }

    RecoveryReport report(String directory, long quarantinedBytes, Duration took) {
        List<SegmentReport> reports = new ArrayList<>();
        long first = -1;
        long records = 0;
        for (FoundSegment segment : segments) {
            SegmentReport report = segment.report();
            reports.add(report);
            records += report.records();
            if (first < 0) {
                first = report.firstSequence();
            }
        }
        return new RecoveryReport(
                directory,
                logId == null ? "" : logId.toString(),
                reports,
                first,
                nextSequence - 1,
                records,
                quarantined,
                quarantinedBytes,
                lost(),
                beginSequence,
                took);
    }

    long tornBytes() {
        long bytes = 0;
        for (FoundSegment segment : segments) {
            if (segment.tornEnd > segment.dataEnd) {
                bytes += segment.tornEnd - segment.dataEnd;
            }
        }
        return bytes;
    }
}
