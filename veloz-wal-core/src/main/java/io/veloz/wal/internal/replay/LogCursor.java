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
 * Goes from batch to batch through all segments of a log, and on as the log grows. It believes what an {@link Analysis}
 * has found about the past, checks every byte it hands out, and shows nothing that is not durable yet. It belongs to one
 * thread.
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

    /** Whether any record of the segment has been shown. */
    private boolean shown;

    private boolean tornTail;
    private long invalidPosition = -1;
    private long expected;

    /** Where the scanner found no whole batch, in bytes that were read for that; -1 if it did not. */
    private long freshPosition = -1;

    /** From where on batches were searched for after the end of the data; -1 if they were not. */
    private long searchedPosition = -1;

    private boolean searchedLive;

    private final EndOfLog end = new EndOfLog();

    /** The next batch is the one of an index entry, whose sequence is expected. */
    private boolean atIndexEntry;

    /** Which records of the current batch are damaged; null if none is. */
    private @Nullable BitSet readable;

    /**
     * What is known beforehand of the log that is read.
     *
     * @param number where to start: an existing segment
     * @param position a batch in it
     * @param expected the sequence with which that batch should start, -1 if not known
     * @param lastNumber the last segment there is, for a salvage that has to look beyond a missing one
     * @param lastKnown the last record there is, as far as is known: the log does not end before it
     * @param lostAtEnd what cannot be read behind the last segment, for a salvage to report
     * @param endProblem what is wrong behind the last segment, to be thrown when the cursor gets there
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
            // The sequence is not for the scanner: the analysis has held it against the segment before.
            segment.scanner.jumpTo(extent.position, -1);
            atIndexEntry = !salvage && expected > 0 && extent.position > SegmentHeader.BYTES;
        }
    }

    /**
     * Steps on to the next batch with records.
     *
     * @return false if there is none that is durable, at the moment
     * @throws WalTrimmedException if the next one was trimmed since the last step
     * @throws WalCorruptException if the next one is damaged, and this is no salvage
     */
    public boolean next() throws IOException {
        // Asked first: what is durable by now must be shown, though the window may have been read before it was
        // written.
        // The first look at such a place drops the window.
        boolean isThere = limit.knows(expected);
        return step() || (isThere && step());
    }

    private boolean step() throws IOException {
        if (segment == null) {
            // The log was empty, and may have begun since.
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
        if (limit.looksAtFiles() && end.isAsItWas(this, segment)) {
            return false;
        }
        boolean found = walk();
        if (found || invalidPosition >= 0) {
            // What is half-written has to be read again, though its beginning stays the same.
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
                // A copy of what was shown, or it does not belong here: a salvage never goes back.
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
                shown = true;
                tornTail = false;
                return true;
            }
        }
        return false;
    }

    /** What is in memory may have been read before more was written: only a fresh look ends the data. */
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

    /** Moves on to the next segment; false if the log ends here for now. */
    private boolean atEndOfData(OpenSegment current, Found found) throws IOException {
        boolean live = limit.isLive();
        if (salvage && !live) {
            return salvageOn(current, found);
        }
        if (!shown && moveToReplacement(current)) {
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
            // Once more, as the next one may have been found after a writer replaced this one.
            if (again(current) || (!shown && moveToReplacement(current))) {
                return true;
            }
            throw damage(
                    current,
                    position,
                    damaged,
                    reason.isEmpty()
                            ? "data ends here; " + next.name + " goes on at "
                                    + opening.predecessor().end()
                            : reason);
        }
        if (next != null && found == Found.FOOTER && isTooShort(current)) {
            // What is known to follow can only be there. If its first batch cannot be read, that is to be said of it.
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

    /** The mark is on disk before a trim deletes anything. So it is read after a segment was looked for and not found. */
    private void throwIfTrimmed(long number) throws IOException {
        long first = firstAfterTrimOf(number);
        if (first > 0 && (expected <= 0 || expected < first)) {
            throw new WalTrimmedException(storage.describe(), Math.max(0, expected), first);
        }
    }

    /** The oldest record, if that segment was trimmed; 0 if it was not. */
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

    /** A writer that opens a log replaces a last segment without records by another of the same number. */
    private boolean moveToReplacement(OpenSegment current) throws IOException {
        @Nullable OpenSegment now = find(current.header.number());
        if (now == null) {
            // The other may have been written and trimmed since.
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
            // Most likely it is being written just now. Looked at closely if it is still so the next time.
            invalidPosition = position;
            current.scanner.refresh();
            return false;
        }
        boolean tooShort = isTooShort(current);
        if (!live || tooShort || found == Found.INVALID) {
            if (again(current)) {
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
                    // While a writer lives the batch may have become whole since.
                    if (again(current)) {
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

    /** Searched once while a writer lives, and once when none does any more: then nothing comes behind it. */
    private boolean isSearched(long position, boolean live) {
        boolean searched = position == searchedPosition && (live || !searchedLive);
        searchedPosition = position;
        searchedLive = live;
        return searched;
    }

    /** Of the record that should come next in a segment. */
    private long nextSequence(OpenSegment current) {
        return current.scanner.nextSequence() > 0 ? current.scanner.nextSequence() : expected;
    }

    private boolean isTooShort(OpenSegment current) {
        return nextSequence(current) > 0 && nextSequence(current) <= extent.lastKnown;
    }

    private WalCorruptException damage(OpenSegment current, long position, long damaged, String reason) {
        long first = damaged > 0 ? damaged : nextSequence(current);
        String why = reason.isEmpty() ? "nothing is here; expected record " + first : reason;
        return new WalCorruptException(storage.describe() + "/" + current.name, position, first, -1, why);
    }

    /** Steps over what is damaged or missing, to whatever comes next; false if nothing does. */
    private boolean salvageOn(OpenSegment current, Found found) throws IOException {
        BatchScanner scanner = current.scanner;
        if (found == Found.INVALID && scanner.headIsWhole() && scanner.header().recordCount > 0) {
            readable = DamagedBatch.readable(
                    scanner.header(), scanner.buffer(), scanner.recordsAt(), current.header.salt());
            losses.unreadable(current, scanner.header(), readable, scanner.reason());
            scanner.stepOverDamaged();
            withheld = true;
            return true;
        }
        if (found != Found.FOOTER) {
            if (!isSearched(scanner.position(), false)
                    && scanner.jumpToNextHead(scanner.position() + (found == Found.INVALID ? 8 : 0))) {
                return true;
            }
            // Unless a record follows in a later segment: see next().
            tornTail = found == Found.INVALID || (found == Found.NOTHING && tornTail);
        }
        @Nullable OpenSegment next = find(current.header.number() + 1);
        if (next == null) {
            throwIfTrimmed(current.header.number() + 1);
            next = OpenSegment.findBehind(storage, names, logId, current.header.number());
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

    /** Looks at the place once more; true if there is a batch now. */
    private boolean again(OpenSegment current) throws IOException {
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
        shown = false;
        invalidPosition = -1;
        freshPosition = -1;
        searchedPosition = -1;
        next.scanner.expect(salvage ? -1 : expected);
        // Last: if it fails, the next one must not be left open.
        old.close();
    }

    /** Of the batch the cursor stands on. */
    public BatchHeader header() {
        return current().scanner.header();
    }

    public BatchScanner batch() {
        return current().scanner;
    }

    /** The number of the segment the cursor stands in. */
    public long segment() {
        return current().header.number();
    }

    /** Bytes of that segment, unchecked; returns how many there were. */
    public int readRaw(ByteBuffer target, long position) throws IOException {
        return current().readRaw(target, position);
    }

    /**
     * What stands in an earlier segment behind a position, if the one the cursor stands in says that it follows that one
     * and that there is something; null otherwise.
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
                    "gone; expected it before " + current().name);
        }
        return new SegmentEnd(before, opening.predecessor().end());
    }

    public boolean isReadable(int record) {
        return readable == null || readable.get(record);
    }

    private OpenSegment current() {
        return Objects.requireNonNull(segment);
    }

    /** Of the last batch shown; 0 if there was none. */
    public long lastSequence() {
        return Math.max(0, expected - 1);
    }

    /** What is known to be lost, so far. */
    public List<LostRange> lost() {
        return losses.all();
    }

    /** Whether the log ended with bytes that were never acknowledged. */
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
