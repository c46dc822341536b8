package io.veloz.wal.internal.replay;

import io.veloz.wal.LostRange;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.segment.BatchScanner;
import io.veloz.wal.internal.segment.BatchScanner.Found;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A cursor that skips damaged and missing data instead of throwing, and reports it as lost. It never goes back to an
 * earlier sequence. While a writer is alive it treats the end of the log like any other cursor.
 */
final class SalvageCursor extends LogCursor {
    /** Unreadable files after the last segment that have not been reported yet. */
    private final List<LostRange> lostAtEnd;

    /** The readable records of the current batch; null if all are. */
    private @Nullable BitSet readable;

    SalvageCursor(Start start, DurableLimit limit) throws IOException {
        super(start, limit);
        this.lostAtEnd = new ArrayList<>(start.lostAtEnd);
    }

    /** A batch with an earlier sequence is a copy, or misplaced. */
    @Override
    boolean skips(BatchHeader batch) {
        return batch.firstSequence < expected;
    }

    @Override
    long expectedInNextSegment() {
        return -1;
    }

    @Override
    long firstAfterDamagedTrimMark(DamagedException damage) {
        return 0;
    }

    @Override
    void acceptBatch() {
        readable = null;
        super.acceptBatch();
    }

    @Override
    public boolean isReadable(int record) {
        return readable == null || readable.get(record);
    }

    @Override
    boolean atEndOfData(OpenSegment current, Found found, boolean live) throws IOException {
        return live ? super.atEndOfData(current, found, true) : skipDamage(current, found);
    }

    /** Skips damaged or missing data, and moves to the next readable batch; returns false if there is none. */
    private boolean skipDamage(OpenSegment current, Found found) throws IOException {
        BatchScanner scanner = current.scanner;
        if (found == Found.INVALID && scanner.headerIsValid() && scanner.header().recordCount > 0) {
            BitSet good =
                    readableRecords(scanner.header(), scanner.buffer(), scanner.recordsAt(), current.header.salt());
            addUnreadable(current, scanner.header(), good);
            scanner.stepOverDamaged();
            acceptBatch();
            readable = good;
            return true;
        }
        if (found != Found.FOOTER) {
            if (!current.isSearched(scanner.position(), false)
                    && scanner.jumpToNextHeader(scanner.position() + (found == Found.INVALID ? 8 : 0))) {
                return true;
            }
            // Reset if a record follows in a later segment, see walk().
            tornTail = found == Found.INVALID || (found == Found.NOTHING && tornTail);
        }
        long number = current.header.number();
        @Nullable OpenSegment next = find(number + 1);
        if (next == null) {
            throwIfTrimmed(number + 1);
            next = findAfter(number);
        }
        if (next != null && next.header.number() <= start.lastNumber) {
            moveTo(next);
            return true;
        }
        if (next != null) {
            next.close();
        }
        current.scanner.refresh();
        addLostAtEnd(current);
        return false;
    }

    /** A report states the numbers. Otherwise they are in the headers, and reading each may be expensive. */
    private @Nullable OpenSegment findAfter(long number) throws IOException {
        if (start.reported.isEmpty()) {
            return OpenSegment.findAfter(start.storage, start.names, logId, number);
        }
        for (SegmentReport segment : start.reported) {
            @Nullable OpenSegment next = segment.number() > number ? find(segment.number()) : null;
            if (next != null) {
                return next;
            }
        }
        return null;
    }

    /**
     * Returns the readable records of a damaged batch: those with a valid checksum, up to the first record with an
     * impossible length. Of an atomic group either all records are readable or none.
     */
    private static BitSet readableRecords(BatchHeader header, ByteBuffer buffer, int recordsAt, long salt) {
        BitSet good = new BitSet(header.recordCount);
        Checksum checksum = new Checksum();
        int end = recordsAt - header.recordsAt() + header.length;
        int at = recordsAt;
        int groupStart = 0;
        boolean groupGood = true;
        for (int i = 0; i < header.recordCount; i++) {
            if (!RecordLayout.fits(buffer, at, end)) {
                // The following records cannot be located, and the group that was begun is incomplete.
                good.clear(groupStart, header.recordCount);
                return good;
            }
            int crc = RecordLayout.computeCrc(buffer, at, salt, header.firstSequence + i, checksum);
            groupGood &= crc == RecordLayout.crc(buffer, at);
            if (!RecordLayout.groupContinues(buffer, at)) {
                good.set(groupStart, i + 1, groupGood);
                groupStart = i + 1;
                groupGood = true;
            }
            at += RecordLayout.size(RecordLayout.payloadBytes(buffer, at));
        }
        return good;
    }

    private void addUnreadable(OpenSegment segment, BatchHeader batch, BitSet good) {
        for (int i = good.nextClearBit(0); i < batch.recordCount; ) {
            int end = good.nextSetBit(i);
            int last = end < 0 ? batch.recordCount - 1 : end - 1;
            addLost(batch.firstSequence + i, batch.firstSequence + last, segment, segment.scanner.reason());
            i = good.nextClearBit(last + 1);
        }
    }

    /** Adds the losses at the end of the log. A second call adds nothing. */
    private void addLostAtEnd(OpenSegment segment) {
        if (expected > 0 && expected <= start.lastKnown) {
            addLost(expected, start.lastKnown, segment, MISSING);
            expected = start.lastKnown + 1;
        }
        for (LostRange range : lostAtEnd) {
            lost.add(new LostRange(Math.max(1, expected), -1, range.file(), range.position(), range.reason()));
        }
        lostAtEnd.clear();
    }
}
