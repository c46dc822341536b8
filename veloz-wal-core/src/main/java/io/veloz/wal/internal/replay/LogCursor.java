package io.veloz.wal.internal.replay;

import io.veloz.wal.LostRange;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalTrimmedException;
import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analysis;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.BatchScanner;
import io.veloz.wal.internal.segment.BatchScanner.Found;
import io.veloz.wal.internal.segment.TailSearch;
import io.veloz.wal.storage.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Iterates over the batches of all segments of a log, and continues as the log grows. It relies on an {@link Analysis}
 * for the past, verifies every byte that it returns, and returns only durable records. Confined to one thread.
 */
public final class LogCursor implements Closeable {
    private final Storage storage;
    private final SegmentNames names;
    private LogId logId;
    private final DurableLimit limit;
    private final boolean salvage;
    private final Extent extent;
    private final Losses losses;
    private @Nullable OpenSegment segment;
    private boolean withheld;

    /** Whether any record of the segment has been returned. */
    private boolean returnedAny;

    private boolean tornTail;
    private long invalidPosition = -1;
    private long expected;

    /** The position at which the scanner found no valid batch in freshly read bytes; -1 if there is none. */
    private long freshPosition = -1;

    /** The position from which the bytes after the data were searched; -1 if they were not. */
    private long searchedPosition = -1;

    private boolean searchedLive;

    private final EndOfLog end = new EndOfLog();

    /** Whether the next batch is that of an index entry, whose sequence has to match. */
    private boolean atIndexEntry;

    /** The readable records of the current batch; null if all are. */
    private @Nullable BitSet readable;

    /**
     * The known facts about the log before reading starts.
     *
     * @param number number of the first segment to read, which exists
     * @param position position of a batch in it
     * @param expected the sequence with which that batch has to start, -1 if not known
     * @param lastNumber number of the last segment, for a salvage that has to skip a missing one
     * @param lastKnown the last known record: the log does not end before it
     * @param lostAtEnd unreadable files after the last segment, for a salvage to report
     * @param endProblem the problem after the last segment, to be thrown when the cursor reaches it
     */
    record Extent(
            long number,
            long position,
            long expected,
            long lastNumber,
            long lastKnown,
            List<LostRange> lostAtEnd,
            @Nullable WalException endProblem) {}

    LogCursor(Storage storage, SegmentNames names, LogId logId, DurableLimit limit, boolean salvage, Extent extent)
            throws IOException {
        this.storage = storage;
        this.names = names;
        this.logId = logId;
        this.limit = limit;
        this.salvage = salvage;
        this.extent = extent;
        this.expected = extent.expected;
        this.losses = new Losses(extent.lostAtEnd);
        this.segment = find(extent.number);
        if (segment == null) {
            throwIfTrimmed(extent.number);
        } else {
            // The scanner need not check the sequence, because the analysis has compared it with the previous segment.
            segment.scanner.jumpTo(extent.position, -1);
            atIndexEntry = !salvage && expected > 0 && extent.position > SegmentHeader.BYTES;
        }
    }

    /**
     * Moves to the next batch with records.
     *
     * @return false if no further batch is durable yet
     * @throws WalTrimmedException if the next batch was trimmed since the last call
     * @throws WalCorruptException if the next batch is damaged, and this is not a salvage
     */
    public boolean next() throws IOException {
        // Query this first: a record that is durable by now must be returned, though the window may have been read
        // before it was written. The first attempt at such a position drops the window.
        boolean isDurable = limit.knows(expected);
        return step() || (isDurable && step());
    }

    private boolean step() throws IOException {
        if (segment == null) {
            // The log was empty, and may have received its first segment since.
            segment = find(extent.number);
            if (segment == null) {
                throwIfTrimmed(extent.number);
                return false;
            }
            logId = segment.header.logId();
        }
        if (expected > 0 && !limit.mayAllow(expected)) {
            return false;
        }
        if (limit.pollsFiles() && end.isUnchanged(this, segment)) {
            return false;
        }
        boolean found = walk();
        if (found || invalidPosition >= 0) {
            // A partially written batch has to be read retry, though its beginning stays the same.
            end.moved();
        } else {
            end.reached();
        }
        return found;
    }

    private boolean walk() throws IOException {
        while (segment != null) {
            if (!withheld) {
                Found found = nextOf(segment);
                if (found != Found.BATCH) {
                    if (atEndOfData(segment, found)) {
                        continue;
                    }
                    return false;
                }
                withheld = true;
                readable = null;
            }
            BatchHeader batch = segment.scanner.header();
            if (atIndexEntry && batch.firstSequence != expected) {
                String why = "batch with first sequence " + batch.firstSequence + "; the index in the footer states "
                        + expected;
                throw damage(segment, segment.scanner.position(), expected, why);
            }
            atIndexEntry = false;
            if (salvage && batch.firstSequence < expected) {
                // A copy of an earlier batch, or a misplaced one: a salvage never goes back.
                withheld = false;
                continue;
            }
            if (batch.recordCount > 0 && !limit.allows(batch.lastSequence(), segment, this)) {
                return false;
            }
            withheld = false;
            losses.before(batch, expected, segment);
            expected = batch.firstSequence + batch.recordCount;
            limit.promised(batch.durableSequence);
            if (batch.recordCount > 0) {
                returnedAny = true;
                tornTail = false;
                return true;
            }
        }
        return false;
    }

    /** The window may have been read before more was written, so only freshly read bytes can end the data. */
    private Found nextOf(OpenSegment current) throws IOException {
        Found found = current.scanner.next();
        if ((found == Found.NOTHING || found == Found.INVALID) && current.scanner.position() != freshPosition) {
            freshPosition = current.scanner.position();
            current.scanner.refresh();
            found = current.scanner.next();
        }
        if (found == Found.BATCH) {
            invalidPosition = -1;
        }
        return found;
    }

    /** Moves to the next segment; returns false if the log ends here for now. */
    private boolean atEndOfData(OpenSegment current, Found found) throws IOException {
        boolean live = limit.isLive();
        if (salvage && !live) {
            return skipDamage(current, found);
        }
        if (!returnedAny && moveToReplacement(current)) {
            return true;
        }
        BatchScanner scanner = current.scanner;
        String reason = scanner.reason();
        long position = scanner.position();
        long damaged = scanner.damagedSequence();
        @Nullable OpenSegment next = find(current.header.number() + 1);
        OpenSegment.@Nullable Opening opening = next == null ? null : openingOf(next);
        if (next != null && opening != null) {
            Predecessor here =
                    new Predecessor(current.header.number(), current.header.salt(), position, scanner.lastBatchCrc());
            if (opening.predecessor().equals(here)) {
                moveTo(next);
                return true;
            }
            next.close();
            // Check retry, because the next segment may have been found after a writer replaced this one.
            if (retry(current) || (!returnedAny && moveToReplacement(current))) {
                return true;
            }
            throw damage(
                    current,
                    position,
                    damaged,
                    reason.isEmpty()
                            ? "data ends here; expected the end, by " + next.name + ", at "
                                    + opening.predecessor().end()
                            : reason);
        }
        if (next != null && found == Found.FOOTER && isTooShort(current)) {
            // The records known to follow can only be in the next segment. If its first batch is unreadable, the error
            // concerns that segment.
            moveTo(next);
            return true;
        }
        if (next == null) {
            throwIfTrimmed(current.header.number() + 1);
        } else {
            next.close();
        }
        return atEndOfLog(current, found, live, position, damaged, reason);
    }

    /**
     * Throws if a segment that was not found has been trimmed. A trim makes its mark durable before it deletes
     * anything, so the mark is read after the search.
     */
    private void throwIfTrimmed(long number) throws IOException {
        long first = firstAfterTrimOf(number);
        if (first > 0 && (expected <= 0 || expected < first)) {
            throw new WalTrimmedException(storage.describe(), Math.max(0, expected), first);
        }
    }

    /** Returns the oldest sequence of the log if that segment was trimmed; otherwise 0. */
    long firstAfterTrimOf(long number) throws IOException {
        try {
            @Nullable TrimMark mark = TrimMark.read(storage, names);
            if (mark == null || mark.firstSegment() <= number) {
                return 0;
            }
            return logId.equals(LogId.NONE) || logId.equals(mark.logId()) ? mark.firstSequence() : 0;
        } catch (DamagedException e) {
            if (salvage) {
                return 0;
            }
            throw new WalCorruptException(
                    storage.describe() + "/" + names.trimMark(), 0, -1, -1, String.valueOf(e.getMessage()));
        }
    }

    private static OpenSegment.@Nullable Opening openingOf(OpenSegment next) throws IOException {
        try {
            return next.opening();
        } catch (IOException e) {
            next.close();
            throw e;
        }
    }

    /**
     * Moves to another segment of the same number, by which a writer that opened the log has replaced a last segment
     * without records.
     */
    private boolean moveToReplacement(OpenSegment current) throws IOException {
        @Nullable OpenSegment now = find(current.header.number());
        if (now == null) {
            // The replacement may have been written and trimmed since.
            throwIfTrimmed(current.header.number());
            return false;
        }
        if (now.header.salt() == current.header.salt()) {
            now.close();
            return false;
        }
        moveTo(now);
        return true;
    }

    private @Nullable OpenSegment find(long number) throws IOException {
        return OpenSegment.find(storage, names, logId, number);
    }

    private boolean atEndOfLog(
            OpenSegment current, Found found, boolean live, long position, long damaged, String reason)
            throws IOException {
        if (live && found == Found.INVALID && position != invalidPosition) {
            // The batch is probably being written. It is checked thoroughly if it is still invalid the next time.
            invalidPosition = position;
            current.scanner.refresh();
            return false;
        }
        boolean tooShort = isTooShort(current);
        if (!live || tooShort || found == Found.INVALID) {
            if (retry(current)) {
                return true;
            }
            if (tooShort && (found != Found.FOOTER || extent.endProblem == null)) {
                throw damage(current, position, damaged, reason);
            }
            if (found == Found.FOOTER) {
                tornTail = false;
            } else if (!isSearched(position, live)) {
                TailSearch tail = TailSearch.sampled(current.file, current.header, position);
                if (tail.proves(nextSequence(current))) {
                    // The batch may have become complete while a writer appends.
                    if (retry(current)) {
                        return true;
                    }
                    throw damage(current, position, damaged, reason);
                }
                tornTail = !live && tail.end() > position;
            }
        }
        invalidPosition = live ? invalidPosition : -1;
        if (extent.endProblem != null && !live) {
            throw extent.endProblem;
        }
        current.scanner.refresh();
        return false;
    }

    /**
     * Returns whether the bytes after the data need no further search: they are searched once while a writer is alive,
     * and once more when none is, because nothing is appended after that.
     */
    private boolean isSearched(long position, boolean live) {
        boolean searched = position == searchedPosition && (live || !searchedLive);
        searchedPosition = position;
        searchedLive = live;
        return searched;
    }

    /** Returns the sequence of the next record of a segment. */
    private long nextSequence(OpenSegment current) {
        return current.scanner.nextSequence() > 0 ? current.scanner.nextSequence() : expected;
    }

    private boolean isTooShort(OpenSegment current) {
        return nextSequence(current) > 0 && nextSequence(current) <= extent.lastKnown;
    }

    private WalCorruptException damage(OpenSegment current, long position, long damaged, String reason) {
        long first = damaged > 0 ? damaged : nextSequence(current);
        String why = reason.isEmpty() ? "no data; expected record " + first : reason;
        return new WalCorruptException(storage.describe() + "/" + current.name, position, first, -1, why);
    }

    /** Skips damaged or missing data, and moves to the next readable batch; returns false if there is none. */
    private boolean skipDamage(OpenSegment current, Found found) throws IOException {
        BatchScanner scanner = current.scanner;
        if (found == Found.INVALID && scanner.headerIsValid() && scanner.header().recordCount > 0) {
            readable = DamagedBatch.readable(
                    scanner.header(), scanner.buffer(), scanner.recordsAt(), current.header.salt());
            losses.unreadable(current, scanner.header(), readable, scanner.reason());
            scanner.stepOverDamaged();
            withheld = true;
            return true;
        }
        if (found != Found.FOOTER) {
            if (!isSearched(scanner.position(), false)
                    && scanner.jumpToNextHeader(scanner.position() + (found == Found.INVALID ? 8 : 0))) {
                return true;
            }
            // Reset if a record follows in a later segment, see next().
            tornTail = found == Found.INVALID || (found == Found.NOTHING && tornTail);
        }
        @Nullable OpenSegment next = find(current.header.number() + 1);
        if (next == null) {
            throwIfTrimmed(current.header.number() + 1);
            next = OpenSegment.findAfter(storage, names, logId, current.header.number());
        }
        if (next != null && next.header.number() <= extent.lastNumber) {
            moveTo(next);
            return true;
        }
        if (next != null) {
            next.close();
        }
        current.scanner.refresh();
        expected = losses.atEnd(current, expected, extent.lastKnown);
        return false;
    }

    /** Reads the position retry; returns whether it has a valid batch now. */
    private boolean retry(OpenSegment current) throws IOException {
        long position = current.scanner.position();
        current.scanner.refresh();
        if (current.scanner.next() != Found.BATCH) {
            return false;
        }
        assert position == current.scanner.position();
        withheld = true;
        readable = null;
        return true;
    }

    private void moveTo(OpenSegment next) throws IOException {
        OpenSegment old = Objects.requireNonNull(segment);
        segment = next;
        returnedAny = false;
        invalidPosition = -1;
        freshPosition = -1;
        searchedPosition = -1;
        next.scanner.expect(salvage ? -1 : expected);
        // Last, so that a failure does not leak the next segment.
        old.close();
    }

    /** Returns the header of the current batch. */
    public BatchHeader header() {
        return current().scanner.header();
    }

    public BatchScanner batch() {
        return current().scanner;
    }

    /** Returns the number of the current segment. */
    public long segment() {
        return current().header.number();
    }

    /** Reads bytes of the current segment without verification; returns how many were read. */
    public int readRaw(ByteBuffer target, long position) throws IOException {
        return current().readRaw(target, position);
    }

    /**
     * Returns the end of an earlier segment, if the current segment states that it follows that one and that its data
     * ends after {@code position}; otherwise null.
     */
    public @Nullable SegmentEnd endBefore(long number, long position) throws IOException {
        OpenSegment.@Nullable Opening opening = current().opening();
        if (opening == null
                || opening.predecessor().number() != number
                || opening.predecessor().end() <= position) {
            return null;
        }
        @Nullable OpenSegment before = find(number);
        if (before == null) {
            throwIfTrimmed(number);
            throw new NoSuchFileException(
                    storage.describe() + "/" + names.sealed(number),
                    null,
                    "was deleted; expected it before " + current().name);
        }
        return new SegmentEnd(before, opening.predecessor().end());
    }

    public boolean isReadable(int record) {
        return readable == null || readable.get(record);
    }

    private OpenSegment current() {
        return Objects.requireNonNull(segment);
    }

    /** Returns the last sequence of the last returned batch; 0 if there was none. */
    public long lastSequence() {
        return Math.max(0, expected - 1);
    }

    /** Returns the losses detected so far. */
    public List<LostRange> lost() {
        return losses.all();
    }

    /** Returns whether the log ended with bytes that were never acknowledged. */
    public boolean hasTornTail() {
        return tornTail;
    }

    @Override
    public String toString() {
        return storage.describe() + (segment == null ? "" : "/" + segment.name);
    }

    boolean isLive() throws IOException {
        return limit.isLive();
    }

    Storage storage() {
        return storage;
    }

    SegmentNames names() {
        return names;
    }

    LogId logId() {
        return logId;
    }

    @Override
    public void close() throws IOException {
        if (segment != null) {
            segment.close();
            segment = null;
        }
    }
}
