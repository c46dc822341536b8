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
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The state of a directory, segment by segment. Made by {@link Analyser}, which changes no file. Immutable.
 */
public final class Analysis {
    /**
     * A position from which to start reading. Immutable.
     *
     * @param number number of the segment
     * @param position position of a batch in it
     * @param sequence sequence of that batch's first record, -1 if not known
     */
    public record ReadPosition(long number, long position, long sequence) {}

    final List<FoundSegment> segments;

    /** Segments below the trim mark that an interrupted trim did not delete. */
    final List<String> trimmed;

    final List<String> quarantined;
    final @Nullable LogId logId;

    /** The number of the first expected segment. */
    private final long firstNumber;

    /** The first sequence of the log, as stated by its trim mark. */
    private final long beginSequence;

    /** The sequence of the next record. */
    final long nextSequence;

    private final List<LostRange> declaredLosses;

    Analysis(DirectoryScan scan, List<FoundSegment> segments, List<LostRange> declaredLosses, long nextSequence) {
        this.segments = List.copyOf(segments);
        this.trimmed = scan.trimmed();
        this.quarantined = scan.quarantined();
        this.logId = scan.logId();
        this.firstNumber = scan.firstNumber();
        this.beginSequence = scan.beginSequence();
        this.nextSequence = nextSequence;
        this.declaredLosses = List.copyOf(declaredLosses);
    }

    private Analysis(Analysis from, List<FoundSegment> segments, List<String> quarantined, @Nullable LogId logId) {
        this.segments = List.copyOf(segments);
        this.trimmed = from.trimmed;
        this.quarantined = List.copyOf(quarantined);
        this.logId = logId;
        this.firstNumber = from.firstNumber;
        this.beginSequence = from.beginSequence;
        this.nextSequence = from.nextSequence;
        this.declaredLosses = from.declaredLosses;
    }

    /** Returns this analysis with {@code end} in place of a last segment that is known to be missing, or after all. */
    Analysis withMissingEnd(FoundSegment end) {
        List<FoundSegment> changed = new ArrayList<>(segments);
        if (missingEnd(end.name()) != null) {
            changed.remove(changed.size() - 1);
        }
        changed.add(end);
        return new Analysis(this, changed, quarantined, logId);
    }

    /** Returns this analysis after a recovery, with the segments that now have their final names. */
    Analysis recovered(LogId id, List<FoundSegment> written, List<String> nowQuarantined) {
        Iterator<FoundSegment> next = written.iterator();
        List<FoundSegment> changed = segments.stream()
                .map(segment -> segment.hasRecords() ? next.next() : segment)
                .toList();
        return new Analysis(this, changed, nowQuarantined, id);
    }

    List<FoundSegment> withRecords() {
        return segments.stream().filter(FoundSegment::hasRecords).toList();
    }

    /** Returns the number of the next segment to create, which follows all segments with records. */
    long nextNumber() {
        long number = firstNumber;
        for (FoundSegment segment : segments) {
            if (segment.hasRecords()) {
                number = segment.number() + 1;
            }
        }
        return number;
    }

    /** Returns the first problem as the exception to throw; null if the log is sound. */
    public @Nullable WalException problem(String directory) {
        return problem(directory, 0);
    }

    /**
     * Like {@link #problem(String)}, but ignores problems that are known to concern only records before
     * {@code fromSequence}.
     */
    public @Nullable WalException problem(String directory, long fromSequence) {
        for (FoundSegment segment : segments) {
            boolean before = segment.finding().last() >= 0 && segment.finding().last() < fromSequence;
            if (!segment.isGood() && !before) {
                return segment.problem(directory);
            }
        }
        return null;
    }

    /** Returns the last segment if it is missing under that name and nothing else is wrong; otherwise null. */
    @Nullable
    FoundSegment missingEnd(String name) {
        for (int i = 0; i < segments.size(); i++) {
            FoundSegment segment = segments.get(i);
            if (!segment.isGood()) {
                boolean atEnd = i == segments.size() - 1;
                return atEnd
                                && segment.verdict() == Verdict.MISSING
                                && segment.name().equals(name)
                        ? segment
                        : null;
            }
        }
        return null;
    }

    /** Returns the first problem that prevents appending; null if there is none. */
    @Nullable
    WalException problemForWriter(String directory) {
        @Nullable WalException problem = problem(directory);
        for (FoundSegment segment : segments) {
            if (problem == null && segment.header() != null && segment.header().readOnlyCompatible() != 0) {
                problem = new WalVersionException(String.format(
                        Locale.ROOT,
                        "%s/%s: feature flags read-only-compatible=%08x; this library knows none, and can only read it",
                        directory,
                        segment.name(),
                        segment.header().readOnlyCompatible()));
            }
        }
        return problem;
    }

    /** Like {@link #problem(String)}, but only for files without a readable header, and for foreign files. */
    public @Nullable WalException unreadableFile(String directory) {
        for (FoundSegment segment : segments) {
            if (segment.verdict() == Verdict.UNKNOWN_VERSION
                    || segment.verdict() == Verdict.FOREIGN
                    || (segment.header() == null && segment.verdict() == Verdict.CORRUPT)) {
                return segment.problem(directory);
            }
        }
        return null;
    }

    public LogId logId() {
        return logId == null ? LogId.NONE : logId;
    }

    /** Returns the sequence of the oldest record, whether it is readable or lost. */
    public long firstSequence() {
        for (FoundSegment segment : segments) {
            long first = segment.report().firstSequence();
            if (first > 0) {
                return segment.finding().first() > 0
                        ? Math.min(first, segment.finding().first())
                        : first;
            }
            if (segment.finding().first() > 0) {
                return segment.finding().first();
            }
        }
        return nextSequence;
    }

    /**
     * Returns the size of the largest possible batch, limited by the sizes of the files, because a damaged header can
     * state any size.
     */
    public int largestBatchBytes() {
        int largest = 4096;
        for (FoundSegment segment : segments) {
            if (segment.header() != null) {
                largest = (int) Math.max(
                        largest,
                        Math.min(
                                segment.header().maxBatchBytes(), segment.file().fileBytes()));
            }
        }
        return largest;
    }

    /** Returns the number of the last segment. */
    public long lastNumber() {
        return segments.stream().mapToLong(FoundSegment::number).max().orElse(firstNumber);
    }

    /** Returns the first sequence of the log, as stated by its trim mark. */
    public long beginSequence() {
        return beginSequence;
    }

    /** Returns the last known sequence, whether the record is readable or lost; 0 if there is none. */
    public long lastSequence() {
        return Math.max(0, nextSequence - 1);
    }

    /**
     * Returns the problem of a segment that is missing before the first existing one, if the reader needs any of its
     * records; otherwise null.
     */
    public @Nullable WalException missingAtStart(String directory, long sequence) {
        for (FoundSegment segment : segments) {
            if (segment.header() != null && segment.verdict() != Verdict.FOREIGN) {
                return null;
            }
            boolean wanted = segment.finding().last() < 0 || segment.finding().last() >= sequence;
            if (segment.verdict() == Verdict.MISSING && wanted) {
                return segment.problem(directory);
            }
        }
        return null;
    }

    /**
     * Returns the files after the last readable segment that are missing or unreadable. Only a reader can determine
     * their first lost record.
     */
    public List<LostRange> lostAtEnd(SegmentNames names) {
        List<LostRange> end = new ArrayList<>();
        // Computed once: per segment it would take quadratic time.
        String lastSealed = names.sealed(lastNumber());
        for (int i = 0; i < segments.size(); i++) {
            FoundSegment segment = segments.get(i);
            boolean afterLast =
                    !names.isSealed(segment.name()) || segment.name().compareTo(lastSealed) > 0;
            boolean missing = segment.verdict() == Verdict.MISSING && i == segments.size() - 1;
            boolean unreadable = segment.verdict() == Verdict.CORRUPT || segment.verdict() == Verdict.UNKNOWN_VERSION;
            boolean known = end.stream().anyMatch(range -> range.file().equals(segment.name()));
            if (segment.header() == null
                    && afterLast
                    && (missing || unreadable)
                    && !known
                    && !segment.name().equals(names.trimMark())) {
                end.add(new LostRange(
                        -1,
                        -1,
                        segment.name(),
                        segment.finding().position(),
                        segment.finding().detail()));
            }
        }
        return end;
    }

    /** Returns the position of the last batch that, by the footers, precedes all requested records. */
    public ReadPosition startFor(Storage storage, long sequence, long timeNanos) throws IOException {
        @Nullable FoundSegment last = null;
        for (FoundSegment segment : segments) {
            SegmentReport report = segment.report();
            if (segment.header() == null || segment.verdict() == Verdict.FOREIGN) {
                continue;
            }
            if (report.records() == 0 && last != null && last.verdict() != Verdict.SEALED) {
                // While a writer appends, the previous segment may by now contain more records than were durable during
                // the analysis.
                break;
            }
            last = segment;
            boolean wanted = !segment.isGood()
                    || report.records() == 0
                    || (report.lastSequence() >= sequence && report.maxTimestampNanos() >= timeNanos);
            if (wanted) {
                break;
            }
        }
        // If all records precede the requested ones, start near the end, because more records may follow soon.
        return last == null ? new ReadPosition(firstNumber, 0, -1) : within(storage, last, sequence, timeNanos);
    }

    private ReadPosition within(Storage storage, FoundSegment segment, long sequence, long timeNanos)
            throws IOException {
        if (segment.isGood() && !segment.hasRecords()) {
            // The last segment, and the sequence of its first record.
            return new ReadPosition(segment.number(), 0, nextSequence);
        }
        @Nullable SparseIndex index = segment.isGood() ? segment.index(storage) : null;
        if (index == null) {
            return new ReadPosition(segment.number(), 0, segment.openingSequence());
        }

        long position = Math.max(index.positionForSequence(sequence), index.positionForTime(timeNanos));
        return new ReadPosition(segment.number(), position, index.sequenceAt(position, segment.openingSequence()));
    }

    /** Returns the known lost records, from damage and from declared losses. */
    public List<LostRange> lost() {
        List<LostRange> all = new ArrayList<>(declaredLosses);
        for (FoundSegment segment : segments) {
            if (!segment.isGood() && segment.finding().first() >= 0) {
                all.add(new LostRange(
                        segment.finding().first(),
                        segment.finding().last(),
                        segment.name(),
                        segment.finding().position(),
                        segment.finding().detail()));
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
            if (segment.tornEnd() > segment.dataEnd()) {
                bytes += segment.tornEnd() - segment.dataEnd();
            }
        }
        return bytes;
    }
}
