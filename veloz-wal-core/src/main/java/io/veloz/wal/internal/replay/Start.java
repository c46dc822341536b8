package io.veloz.wal.internal.replay;

import io.veloz.wal.LostRange;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalTrimmedException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analysis;
import io.veloz.wal.internal.recovery.Analysis.ReadPosition;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The position in a log at which a reader starts, found in the footers without reading earlier records, and the known
 * facts about the rest of the log. Immutable.
 */
public final class Start {
    final Storage storage;
    final SegmentNames names;
    final LogId logId;

    /** The number of the first segment to read. */
    final long number;

    /** The position of a batch in it. */
    final long position;

    /** The sequence with which that batch has to start, -1 if not known. */
    final long expected;

    /** The number of the last segment, for a salvage that has to skip a missing one. */
    final long lastNumber;

    /** The last known record: the log does not end before it. */
    final long lastKnown;

    /** Unreadable files after the last segment, for a salvage to report. */
    final List<LostRange> lostAtEnd;

    /** The problem after the last segment, to be thrown when the cursor reaches it. */
    final @Nullable WalException endProblem;

    /** Whether the first batch has to start with {@link #expected}, because nothing was read to find it. */
    final boolean checksFirst;

    /** The segments of a report, for a salvage; empty after an analysis. */
    final List<SegmentReport> reported;

    private final boolean salvage;

    private Start(
            Analysis analysis,
            Storage storage,
            SegmentNames names,
            boolean salvage,
            ReadPosition start,
            long expected,
            @Nullable WalException endProblem) {
        this.storage = storage;
        this.names = names;
        this.logId = analysis.logId();
        this.salvage = salvage;
        this.number = start.number();
        this.position = Math.max(start.position(), SegmentHeader.BYTES);
        this.expected = expected;
        this.lastNumber = analysis.lastNumber();
        this.lastKnown = analysis.lastSequence();
        this.lostAtEnd = analysis.lostAtEnd(names);
        this.endProblem = endProblem;
        this.checksFirst = expected > 0 && start.position() > SegmentHeader.BYTES;
        this.reported = List.of();
    }

    private Start(
            RecoveryReport report,
            Storage storage,
            SegmentNames names,
            boolean salvage,
            @Nullable SegmentReport first) {
        this.storage = storage;
        this.names = names;
        this.logId = LogId.parse(report.logId());
        this.salvage = salvage;
        this.number = first == null ? 1 : first.number();
        this.position = SegmentHeader.BYTES;
        this.expected = first == null ? -1 : first.firstSequence();
        this.reported = report.segments();
        this.lastNumber =
                reported.isEmpty() ? 0 : reported.get(reported.size() - 1).number();
        this.lastKnown = report.lastSequence();
        this.lostAtEnd = List.of();
        this.endProblem = null;
        this.checksFirst = !salvage && expected > 0;
    }

    /**
     * Finds the segment of a sequence and a time in a report, without reading anything. The cursor checks that the segment
     * starts with the record that the report states, and that the log does not end before the last one.
     *
     * @param sequence 0 for the oldest record
     * @param timeNanos {@link Long#MIN_VALUE} for any time
     * @throws IllegalArgumentException if the log begins after the record
     */
    public static Start at(
            RecoveryReport report,
            Storage storage,
            SegmentNames names,
            long sequence,
            long timeNanos,
            boolean salvage) {
        long oldest = report.expectedFirstSequence();
        if (sequence > 0 && sequence < oldest) {
            throw new IllegalArgumentException(
                    "record " + sequence + " is not in " + storage.describe() + ", which begins with " + oldest);
        }
        @Nullable SegmentReport first = null;
        for (SegmentReport segment : report.segments()) {
            first = segment;
            boolean timeFits = segment.verdict() != Verdict.SEALED || segment.maxTimestampNanos() >= timeNanos;
            if (segment.lastSequence() >= sequence && timeFits) {
                break;
            }
        }
        return new Start(report, storage, names, salvage, first);
    }

    /**
     * Finds the position of a sequence and a time, or an earlier one.
     *
     * @param sequence 0 for the oldest record
     * @param timeNanos {@link Long#MIN_VALUE} for any time
     * @throws WalTrimmedException if the record was trimmed
     * @throws WalException if the log is damaged at its beginning, or a file is unreadable
     */
    public static Start at(
            Analysis analysis, Storage storage, SegmentNames names, long sequence, long timeNanos, boolean salvage)
            throws IOException {
        @Nullable WalException problem = salvage ? null : analysis.unreadableFile(storage.describe());
        problem = problem == null && !salvage ? analysis.missingAtStart(storage.describe(), sequence) : problem;
        if (problem != null) {
            throw problem;
        }
        long oldest = analysis.firstSequence();
        if (sequence > 0 && sequence < oldest) {
            throw new WalTrimmedException(storage.describe(), sequence, oldest);
        }
        ReadPosition start = analysis.startFor(storage, sequence, timeNanos);
        if (salvage && start.position() > SegmentHeader.BYTES) {
            // A damaged index would hide records that are still readable.
            start = new ReadPosition(start.number(), 0, -1);
        }
        boolean fromOldest = sequence <= oldest && timeNanos == Long.MIN_VALUE;
        long expected = fromOldest && analysis.beginSequence() > 0 ? analysis.beginSequence() : start.sequence();
        return new Start(
                analysis, storage, names, salvage, start, expected, analysis.problem(storage.describe(), sequence));
    }

    /** Returns whether a cursor must find the first segment: a report states it. */
    public boolean requiresSegment() {
        return lastNumber > 0;
    }

    /** Returns the exception for a first segment that is missing, or whose header is damaged. */
    public WalCorruptException missing() {
        String file = storage.describe() + "/" + names.sealed(number);
        return new WalCorruptException(
                file, 0, expected, -1, "the file is missing, or its header is damaged or of another segment");
    }

    /** Opens a cursor at this position. */
    public LogCursor open(DurableLimit limit) throws IOException {
        return salvage ? new SalvageCursor(this, limit) : new LogCursor(this, limit);
    }
}
