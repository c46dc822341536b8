package io.veloz.wal.internal.replay;

import io.veloz.wal.WalException;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analysis;
import io.veloz.wal.internal.recovery.SegmentStart;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The position in a log at which a reader starts, found in the footers without reading earlier records. Immutable. */
public final class Start {
    private final Analysis analysis;
    private final Storage storage;
    private final SegmentNames names;
    private final boolean salvage;
    private final SegmentStart start;
    private final long firstSequence;
    private final @Nullable WalException problem;

    private Start(
            Analysis analysis,
            Storage storage,
            SegmentNames names,
            boolean salvage,
            SegmentStart start,
            long firstSequence,
            @Nullable WalException problem) {
        this.analysis = analysis;
        this.storage = storage;
        this.names = names;
        this.salvage = salvage;
        this.start = start;
        this.firstSequence = firstSequence;
        this.problem = problem;
    }

    /**
     * Finds the position of a sequence and a time, or an earlier one.
     *
     * @param sequence 0 for the oldest record
     * @param timeNanos {@link Long#MIN_VALUE} for any time
     * @throws IllegalArgumentException if the record was trimmed
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
            throw new IllegalArgumentException("record " + sequence + " has been trimmed; the oldest one is " + oldest);
        }
        SegmentStart start = analysis.startFor(storage, sequence, timeNanos);
        if (salvage && start.position() > SegmentHeader.BYTES) {
            // A damaged index would hide records that are still readable.
            start = new SegmentStart(start.number(), 0, -1);
        }
        boolean fromOldest = sequence <= oldest && timeNanos == Long.MIN_VALUE;
        return new Start(
                analysis,
                storage,
                names,
                salvage,
                start,
                fromOldest ? analysis.beginSequence() : -1,
                analysis.problem(storage.describe(), sequence));
    }

    /** Opens a cursor at this position. */
    public LogCursor open(DurableLimit limit) throws IOException {
        LogCursor.Extent extent = new LogCursor.Extent(
                start.number(),
                Math.max(start.position(), SegmentHeader.BYTES),
                firstSequence > 0 ? firstSequence : start.sequence(),
                analysis.lastNumber(),
                analysis.lastSequence(),
                analysis.lostAtEnd(names),
                problem);
        return new LogCursor(storage, names, analysis.logId(), limit, salvage, extent);
    }
}
