package io.veloz.wal.internal.recovery;

import io.veloz.wal.LostRange;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalException;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.SparseIndex;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

    /** The first problem that forbids to believe the log, as the exception to throw; null if there is none. */
    public @Nullable WalException problem(String directory) {
        return problem(directory, 0);
    }

    /** Like {@link #problem(String)}, but of what concerns records from that one on, as far as can be told. */
    public @Nullable WalException problem(String directory, long fromSequence) {
        for (FoundSegment segment : segments) {
            boolean before = segment.badLast >= 0 && segment.badLast < fromSequence;
            if (!segment.report().isGood() && !before) {
                return segment.problem(directory);
            }
        }
        return null;
    }

    /** The last segment, if it is known to be missing under that name and nothing else is wrong. */
    @Nullable
    FoundSegment endIsMissing(String name) {
        for (int i = 0; i < segments.size(); i++) {
            FoundSegment segment = segments.get(i);
            if (!segment.report().isGood()) {
                boolean atEnd = i == segments.size() - 1;
                return atEnd && segment.verdict == Verdict.MISSING && segment.name.equals(name) ? segment : null;
            }
        }
        return null;
    }

    /** The first problem that forbids to write the log; null if there is none. */
    @Nullable
    WalException problemForWriter(String directory) {
        @Nullable WalException problem = problem(directory);
        for (FoundSegment segment : segments) {
            if (problem == null && segment.header != null && segment.header.readOnlyCompatible() != 0) {
                problem = new WalVersionException(String.format(
                        Locale.ROOT,
                        "%s/%s: feature flags read-only-compatible=%08x; this library knows none, and can only read it",
                        directory,
                        segment.name,
                        segment.header.readOnlyCompatible()));
            }
        }
        return problem;
    }

    /** Like {@link #problem}, but only of files that say nothing at all, or belong elsewhere. */
    public @Nullable WalException unreadableFile(String directory) {
        for (FoundSegment segment : segments) {
            if (segment.verdict == Verdict.UNKNOWN_VERSION
                    || segment.verdict == Verdict.FOREIGN
                    || (segment.header == null && segment.verdict == Verdict.CORRUPT)) {
                return segment.problem(directory);
            }
        }
        return null;
    }

    public LogId logId() {
        return logId == null ? LogId.NONE : logId;
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

    /** The largest batch that any segment allows and has room for: a header may state much, for a small file. */
    public int largestBatchBytes() {
        int largest = 4096;
        for (FoundSegment segment : segments) {
            if (segment.header != null) {
                largest = (int) Math.max(largest, Math.min(segment.header.maxBatchBytes(), segment.fileBytes));
            }
        }
        return largest;
    }

    /** The last segment there is. */
    public long lastNumber() {
        return segments.stream().mapToLong(FoundSegment::number).max().orElse(firstNumber);
    }

    /** With which the log begins, by its own account. */
    public long beginSequence() {
        return beginSequence;
    }

    /** Of the newest record that is or should be there, as far as was seen; 0 if there is none. */
    public long lastSequence() {
        return Math.max(0, nextSequence - 1);
    }

    /** What is missing before the first segment that is there, if any of it is wanted. */
    public @Nullable WalException missingAtStart(String directory, long sequence) {
        for (FoundSegment segment : segments) {
            if (segment.header != null && segment.verdict != Verdict.FOREIGN) {
                return null;
            }
            boolean wanted = segment.badLast < 0 || segment.badLast >= sequence;
            if (segment.verdict == Verdict.MISSING && wanted) {
                return segment.problem(directory);
            }
        }
        return null;
    }

    /** What is missing or cannot be read behind the last segment that can; from which record on, only a reader knows. */
    public List<LostRange> lostAtEnd(SegmentNames names) {
        List<LostRange> end = new ArrayList<>();
        // Once: for each segment anew it would take the square of their number.
        String lastSealed = names.sealed(lastNumber());
        for (int i = 0; i < segments.size(); i++) {
            FoundSegment segment = segments.get(i);
            boolean behind = !names.isSealed(segment.name) || segment.name.compareTo(lastSealed) > 0;
            boolean missing = segment.verdict == Verdict.MISSING && i == segments.size() - 1;
            boolean unreadable = segment.verdict == Verdict.CORRUPT || segment.verdict == Verdict.UNKNOWN_VERSION;
            boolean known = end.stream().anyMatch(range -> range.file().equals(segment.name));
            if (segment.header == null
                    && behind
                    && (missing || unreadable)
                    && !known
                    && !segment.name.equals(names.trimMark())) {
                end.add(new LostRange(-1, -1, segment.name, segment.badPosition, segment.detail));
            }
        }
        return end;
    }

    /** The last batch that certainly comes before the records that are wanted, as far as footers tell. */
    public SegmentStart startFor(Storage storage, long sequence, long timeNanos) throws IOException {
        @Nullable FoundSegment last = null;
        for (FoundSegment segment : segments) {
            SegmentReport report = segment.report();
            if (segment.header == null || segment.verdict == Verdict.FOREIGN) {
                continue;
            }
            if (report.records() == 0 && last != null && last.verdict != Verdict.SEALED) {
                // Beside a writer the one before may hold more by now than was promised when we looked.
                break;
            }
            last = segment;
            boolean wanted = !report.isGood()
                    || report.records() == 0
                    || (report.lastSequence() >= sequence && report.maxTimestampNanos() >= timeNanos);
            if (wanted) {
                break;
            }
        }
        // If all of it lies before, reading starts near its end: there may be more soon.
        return last == null ? new SegmentStart(firstNumber, 0, -1) : within(storage, last, sequence, timeNanos);
    }

    private SegmentStart within(Storage storage, FoundSegment segment, long sequence, long timeNanos)
            throws IOException {
        if (segment.report().isGood() && !segment.hasRecords()) {
            // The last one, and what it will begin with.
            return new SegmentStart(segment.number(), 0, nextSequence);
        }
        @Nullable SparseIndex index = segment.report().isGood() ? segment.index(storage) : null;
        if (index == null) {
            return new SegmentStart(segment.number(), 0, segment.openingSequence);
        }

        long position = Math.max(index.positionForSequence(sequence), index.positionForTime(timeNanos));
        return new SegmentStart(segment.number(), position, index.sequenceAt(position, segment.openingSequence));
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
        return RecoveryReport.builder(directory)
                .logId(logId == null ? "" : logId.toString())
                .segments(reports)
                .firstSequence(first)
                .lastSequence(nextSequence - 1)
                .records(records)
                .quarantined(quarantined)
                .quarantinedBytes(quarantinedBytes)
                .lost(lost())
                .expectedFirstSequence(beginSequence)
                .took(took)
                .build();
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
