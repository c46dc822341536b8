package io.veloz.wal.internal.replay;

import io.veloz.wal.LostRange;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalTrimmedException;
import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.recovery.Analysis;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.BatchScanner;
import io.veloz.wal.internal.segment.BatchScanner.Found;
import io.veloz.wal.internal.segment.SegmentOpening;
import io.veloz.wal.internal.segment.TailSearch;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Iterates over the batches of all segments of a log, and continues as the log grows. It relies on an {@link Analysis}
 * for the past, verifies every byte that it returns, and returns only durable records. Confined to one thread.
 *
 * <p>{@link SalvageCursor} overrides the reaction to damage.
 */
public class LogCursor implements Closeable {
    static final String MISSING = "damaged or missing";

    final Start start;
    private final DurableLimit limit;
    private final EndOfLog end = new EndOfLog();
    final List<LostRange> lost = new ArrayList<>();
    LogId logId;
    private @Nullable OpenSegment segment;

    /** The sequence of the next record; 0 or less if it is not known. */
    long expected;

    /** Whether the current batch of the scanner has not been returned yet. */
    private boolean withheld;

    boolean tornTail;

    /** Whether the sequence of the next batch has to match, because an index entry or a report states it. */
    private boolean atStatedSequence;

    LogCursor(Start start, DurableLimit limit) throws IOException {
        this.start = start;
        this.limit = limit;
        this.logId = start.logId;
        this.expected = start.expected;
        this.segment = find(start.number);
        if (segment == null) {
            throwIfTrimmed(start.number);
        } else {
            // The scanner need not check the sequence, because the analysis has compared it with the previous segment.
            segment.scanner.jumpTo(start.position, -1);
            atStatedSequence = start.checksFirst;
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

    /**
     * Returns whether the current segment may have grown since {@link #next} found nothing. Cheaper than {@link #next}, and
     * detects neither another segment nor another writer.
     */
    public boolean hasGrown() throws IOException {
        return segment == null || end.hasGrown(segment);
    }

    private boolean step() throws IOException {
        if (segment == null) {
            // The log was empty, and may have received its first segment since.
            segment = find(start.number);
            if (segment == null) {
                throwIfTrimmed(start.number);
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
        if (found || current().invalidPosition >= 0) {
            // A partially written batch has to be read again, though its beginning stays the same.
            end.moved();
        } else {
            end.reached();
        }
        return found;
    }

    private boolean walk() throws IOException {
        while (segment != null) {
            if (!withheld) {
                Found found = segment.next();
                if (found != Found.BATCH) {
                    if (atEndOfData(segment, found, limit.isLive())) {
                        continue;
                    }
                    return false;
                }
                acceptBatch();
            }
            BatchHeader batch = segment.scanner.header();
            if (atStatedSequence && batch.firstSequence != expected) {
                String why = "batch with first sequence " + batch.firstSequence + "; "
                        + (start.position > SegmentHeader.BYTES ? "the index in the footer states " : "expected ")
                        + expected;
                throw damage(segment, segment.scanner.position(), expected, why);
            }
            atStatedSequence = false;
            if (skips(batch)) {
                withheld = false;
                continue;
            }
            if (batch.recordCount > 0 && !limit.allows(batch.lastSequence(), segment, this)) {
                return false;
            }
            withheld = false;
            addLostBefore(batch, segment);
            expected = batch.firstSequence + batch.recordCount;
            limit.promised(batch.durableSequence);
            if (batch.recordCount > 0) {
                segment.returnedAny = true;
                tornTail = false;
                return true;
            }
        }
        return false;
    }

    // ---- the reactions to damage, which a salvage overrides

    /** Returns whether a batch is skipped. */
    boolean skips(BatchHeader batch) {
        return false;
    }

    /** Returns the sequence with which the next segment has to start; -1 for any. */
    long expectedInNextSegment() {
        return expected;
    }

    /** Handles a damaged trim mark, see {@link #firstAfterTrimOf}. */
    long firstAfterDamagedTrimMark(DamagedException damage) {
        throw new WalCorruptException(
                start.storage.describe() + "/" + start.names.trimMark(),
                0,
                -1,
                -1,
                String.valueOf(damage.getMessage()));
    }

    /** Makes the current batch of the scanner the next one to be returned. */
    void acceptBatch() {
        withheld = true;
    }

    /** Returns whether a record of the current batch is readable. */
    public boolean isReadable(int record) {
        return true;
    }

    /** Moves to the next segment; returns false if the log ends here for now. */
    boolean atEndOfData(OpenSegment current, Found found, boolean live) throws IOException {
        if (!current.returnedAny && moveToReplacement(current)) {
            return true;
        }
        BatchScanner scanner = current.scanner;
        String reason = scanner.reason();
        long position = scanner.position();
        long damaged = scanner.damagedSequence();
        @Nullable OpenSegment next = find(current.header.number() + 1);
        @Nullable SegmentOpening opening = next == null ? null : openingOf(next);
        if (next != null && opening != null) {
            Predecessor here =
                    new Predecessor(current.header.number(), current.header.salt(), position, scanner.lastBatchCrc());
            if (opening.predecessor().equals(here)) {
                moveTo(next);
                return true;
            }
            next.close();
            // Check again, because the next segment may have been found after a writer replaced this one.
            if (readAgain(current) || (!current.returnedAny && moveToReplacement(current))) {
                return true;
            }
            String why = reason.isEmpty()
                    ? "data ends here; expected the end, by " + next.name + ", at "
                            + opening.predecessor().end()
                    : reason;
            throw damage(current, position, damaged, why);
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
        return atEndOfLog(current, found, live);
    }

    private static @Nullable SegmentOpening openingOf(OpenSegment next) throws IOException {
        try {
            return next.opening();
        } catch (IOException e) {
            next.close();
            throw e;
        }
    }

    private boolean atEndOfLog(OpenSegment current, Found found, boolean live) throws IOException {
        String reason = current.scanner.reason();
        long position = current.scanner.position();
        long damaged = current.scanner.damagedSequence();
        if (live && found == Found.INVALID && position != current.invalidPosition) {
            // The batch is probably being written. It is checked thoroughly if it is still invalid the next time.
            current.invalidPosition = position;
            current.scanner.refresh();
            return false;
        }
        boolean tooShort = isTooShort(current);
        if (!live || tooShort || found == Found.INVALID) {
            if (readAgain(current)) {
                return true;
            }
            if (tooShort && (found != Found.FOOTER || start.endProblem == null)) {
                throw damage(current, position, damaged, reason);
            }
            if (found == Found.FOOTER) {
                tornTail = false;
            } else if (!current.isSearched(position, live)) {
                TailSearch tail = TailSearch.sampled(current.file, current.header, position);
                if (tail.proves(nextSequence(current))) {
                    // The batch may have become complete while a writer appends.
                    if (readAgain(current)) {
                        return true;
                    }
                    throw damage(current, position, damaged, reason);
                }
                tornTail = !live && tail.end() > position;
            }
        }
        current.invalidPosition = live ? current.invalidPosition : -1;
        if (start.endProblem != null && !live) {
            throw start.endProblem;
        }
        current.scanner.refresh();
        return false;
    }

    /** Reads the position again; returns whether it has a valid batch now. */
    private boolean readAgain(OpenSegment current) throws IOException {
        long position = current.scanner.position();
        current.scanner.refresh();
        if (current.scanner.next() != Found.BATCH) {
            return false;
        }
        assert position == current.scanner.position();
        acceptBatch();
        return true;
    }

    /** Returns the sequence of the next record of a segment. */
    private long nextSequence(OpenSegment current) {
        return current.scanner.nextSequence() > 0 ? current.scanner.nextSequence() : expected;
    }

    private boolean isTooShort(OpenSegment current) {
        return nextSequence(current) > 0 && nextSequence(current) <= start.lastKnown;
    }

    private WalCorruptException damage(OpenSegment current, long position, long damaged, String reason) {
        long first = damaged > 0 ? damaged : nextSequence(current);
        String why = reason.isEmpty() ? "no data; expected record " + first : reason;
        return new WalCorruptException(start.storage.describe() + "/" + current.name, position, first, -1, why);
    }

    // ---- other segments

    @Nullable
    OpenSegment find(long number) throws IOException {
        return OpenSegment.find(start.storage, start.names, logId, number);
    }

    void moveTo(OpenSegment next) throws IOException {
        OpenSegment old = current();
        segment = next;
        next.scanner.expect(expectedInNextSegment());
        // Last, so that a failure does not leak the next segment.
        old.close();
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

    /**
     * Throws if a segment that was not found has been trimmed. A trim makes its mark durable before it deletes
     * anything, so the mark is read after the search.
     */
    void throwIfTrimmed(long number) throws IOException {
        long first = firstAfterTrimOf(number);
        if (first > 0 && (expected <= 0 || expected < first)) {
            throw new WalTrimmedException(start.storage.describe(), Math.max(0, expected), first);
        }
    }

    /** Returns the oldest sequence of the log if that segment was trimmed; otherwise 0. */
    long firstAfterTrimOf(long number) throws IOException {
        try {
            return TrimMark.firstSequenceIfTrimmed(start.storage, start.names, logId, number);
        } catch (DamagedException e) {
            return firstAfterDamagedTrimMark(e);
        }
    }

    // ---- losses

    /** Adds the records between the expected one and a batch. */
    private void addLostBefore(BatchHeader batch, OpenSegment current) {
        if (expected > 0 && batch.firstSequence > expected) {
            String why = batch.declaresLoss() ? "declared by a salvage" : MISSING;
            addLost(expected, batch.firstSequence - 1, current, why);
        }
    }

    void addLost(long first, long last, OpenSegment current, String reason) {
        lost.add(new LostRange(first, last, current.name, current.scanner.position(), reason));
    }

    /** Returns the losses detected so far. */
    public List<LostRange> lost() {
        return lost;
    }

    // ---- the current batch

    /** Returns the header of the current batch. */
    public BatchHeader header() {
        return current().scanner.header();
    }

    public BatchScanner batch() {
        return current().scanner;
    }

    /** Returns whether the first segment exists and its header is valid. */
    public boolean isAtSegment() {
        return segment != null;
    }

    /** Returns the largest batch that the current segment allows; of a log without segments the smallest limit. */
    public int largestBatchBytes() {
        return segment == null ? BatchHeader.BYTES : segment.header.maxBatchBytes();
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
        @Nullable SegmentOpening opening = current().opening();
        if (opening == null
                || opening.predecessor().number() != number
                || opening.predecessor().end() <= position) {
            return null;
        }
        @Nullable OpenSegment before = find(number);
        if (before == null) {
            throwIfTrimmed(number);
            throw new NoSuchFileException(
                    start.storage.describe() + "/" + start.names.sealed(number),
                    null,
                    "was deleted; expected it before " + current().name);
        }
        return new SegmentEnd(before, opening.predecessor().end());
    }

    private OpenSegment current() {
        return Objects.requireNonNull(segment);
    }

    /** Returns the last sequence of the last returned batch; 0 if there was none. */
    public long lastSequence() {
        return Math.max(0, expected - 1);
    }

    /** Returns whether the log ended with bytes that were never acknowledged. */
    public boolean hasTornTail() {
        return tornTail;
    }

    boolean isLive() throws IOException {
        return limit.isLive();
    }

    @Override
    public String toString() {
        return start.storage.describe() + (segment == null ? "" : "/" + segment.name);
    }

    @Override
    public void close() throws IOException {
        if (segment != null) {
            segment.close();
            segment = null;
        }
    }
}
