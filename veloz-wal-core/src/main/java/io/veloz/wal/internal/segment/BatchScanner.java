package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Walks over the batches of a segment and believes nothing: every length is bounded before it is used, every checksum
 * computed, every sequence expected. It belongs to one thread and holds one window of the file.
 */
public final class BatchScanner {
    /** What stands at the position that was looked at. */
    public enum Found {
        /** A batch that is whole. The scanner stands on it until the next call. */
        BATCH,
        /** Zeros or the end of the file: nothing was written here. */
        NOTHING,
        /** The footer: the segment was sealed, and ends here. */
        FOOTER,
        /** Something that is no whole batch. {@link #reason()} says what. */
        INVALID
    }

    private final SegmentHeader segment;
    private final FileWindow window;
    private final Checksum checksum = new Checksum();
    private final Checksum recordsChecksum = new Checksum();
    private final BatchHeader header = new BatchHeader();
    private long position;
    private long nextPosition;
    private long nextSequence = -1;
    private int previousCrc;
    private boolean chained;
    private boolean headIsWhole;
    private long damagedSequence;
    private @Nullable Predecessor predecessor;
    private String reason = "";

    public BatchScanner(StorageFile file, SegmentHeader segment) {
        this.segment = segment;
        this.window = new FileWindow(file);
        this.nextPosition = SegmentHeader.BYTES;
        this.chained = true;
    }

    /** Goes on at a batch somewhere in the segment, whose place the index or a search has given. */
    public void jumpTo(long batchPosition, long expectedSequence) {
        nextPosition = batchPosition;
        nextSequence = expectedSequence;
        chained = batchPosition == SegmentHeader.BYTES;
        previousCrc = 0;
        window.drop();
    }

    /**
     * Goes on at the next good batch head at or behind a position, wherever in the log it belongs. The bytes before it are
     * not looked at again, so a file full of batches in wrong places is still read once.
     *
     * @return false if there is none
     */
    public boolean jumpToNextHead(long from) throws IOException {
        for (long at = from; window.load(at, BatchHeader.BYTES) == BatchHeader.BYTES; at += 8) {
            if (BatchHeader.startsAt(window.buffer(), window.at(at), segment.salt()) && isHead(window.at(at))) {
                nextPosition = at;
                nextSequence = -1;
                chained = at == SegmentHeader.BYTES;
                previousCrc = 0;
                return true;
            }
        }
        return false;
    }

    private boolean isHead(int at) {
        try {
            header.decode(window.buffer(), at, segment, checksum);
            return true;
        } catch (DamagedException e) {
            return false;
        }
    }

    /** Expects the first batch to start with that sequence, unless it declares a loss. */
    public void expect(long sequence) {
        nextSequence = sequence;
    }

    /** Looks at what stands behind the current batch, and steps on to it if it is a batch. */
    public Found next() throws IOException {
        position = nextPosition;
        damagedSequence = -1;
        headIsWhole = false;
        reason = "";
        int available = window.load(position, BatchHeader.BYTES);
        ByteBuffer buffer = window.buffer();
        int at = window.at(position);
        if (isZero(buffer, at, available)) {
            return Found.NOTHING;
        }
        if (available >= Footer.TRAILER_BYTES && Footer.lengthFromStart(buffer, at) > 0) {
            return Found.FOOTER;
        }
        if (available < BatchHeader.BYTES) {
            return invalid("batch head of " + available + " bytes; expected " + BatchHeader.BYTES);
        }
        try {
            header.decode(buffer, at, segment, checksum);
            checkPlace();
            return body();
        } catch (DamagedException e) {
            return invalid(e.getMessage());
        }
    }

    /** The same, but what stands at that position or behind it does not count: the end of the data of a sealed segment. */
    public Found nextUpTo(long end) throws IOException {
        if (nextPosition >= end) {
            position = nextPosition;
            damagedSequence = -1;
            reason = "";
            return Found.NOTHING;
        }
        return next();
    }

    private Found body() throws IOException, DamagedException {
        int available = window.load(position, header.length);
        if (available < header.length) {
            return invalid("batch of " + header.length + " bytes, of which the file has " + available);
        }
        ByteBuffer buffer = window.buffer();
        int at = window.at(position);
        headIsWhole = true;
        predecessor = header.opensSegment()
                ? Predecessor.decode(buffer, at + BatchHeader.BYTES, segment.salt(), checksum)
                : null;
        checkRecords(buffer, at);
        stepOver();
        return Found.BATCH;
    }

    private void stepOver() {
        nextPosition = position + header.length;
        nextSequence = header.firstSequence + header.recordCount;
        previousCrc = header.crc;
        chained = true;
    }

    /**
     * After an invalid batch: whether only its content is damaged. Then its head can be believed, its bytes are there, and
     * {@link #stepOverDamaged} goes on behind it.
     */
    public boolean headIsWhole() {
        return headIsWhole;
    }

    public void stepOverDamaged() {
        stepOver();
    }

    private void checkPlace() throws DamagedException {
        if (chained && header.previousCrc != previousCrc) {
            throw new DamagedException(String.format(
                    Locale.ROOT,
                    "batch follows one with checksum %08x; expected %08x",
                    header.previousCrc,
                    previousCrc));
        }
        if (header.opensSegment() != (position == SegmentHeader.BYTES)) {
            throw new DamagedException("batch that " + (header.opensSegment() ? "opens" : "does not open")
                    + " a segment at position " + position);
        }
        boolean right = header.declaresLoss()
                ? header.firstSequence > nextSequence
                : nextSequence < 0 || header.firstSequence == nextSequence;
        if (!right) {
            throw new DamagedException("batch with first sequence " + header.firstSequence + "; expected "
                    + (header.declaresLoss() ? "more than " : "") + nextSequence);
        }
    }

    private void checkRecords(ByteBuffer buffer, int at) throws DamagedException {
        int end = at + header.length;
        int record = at + header.recordsAt();
        recordsChecksum.start();
        for (int i = 0; i < header.recordCount; i++) {
            damagedSequence = header.firstSequence + i;
            if (!RecordLayout.fits(buffer, record, end)) {
                throw new DamagedException("record " + damagedSequence + " does not fit into its batch");
            }
            int crc = RecordLayout.computeCrc(buffer, record, segment.salt(), damagedSequence, checksum);
            if (crc != RecordLayout.crc(buffer, record)) {
                throw new DamagedException(String.format(
                        Locale.ROOT,
                        "record %d: checksum %08x; expected %08x",
                        damagedSequence,
                        crc,
                        RecordLayout.crc(buffer, record)));
            }
            recordsChecksum.add(crc);
            record += RecordLayout.size(RecordLayout.payloadBytes(buffer, record));
        }
        damagedSequence = -1;
        if (record != end) {
            throw new DamagedException("records end " + (end - record) + " bytes before their batch");
        }
        if (recordsChecksum.value() != header.recordsCrc) {
            throw new DamagedException(String.format(
                    Locale.ROOT,
                    "checksum of the records %08x; expected %08x",
                    recordsChecksum.value(),
                    header.recordsCrc));
        }
    }

    private Found invalid(@Nullable String why) {
        reason = why == null ? "unreadable" : why;
        return Found.INVALID;
    }

    /** Reads the file again at the next call: it may have grown or changed. */
    public void refresh() {
        window.drop();
    }

    /** Of the batch the scanner stands on; valid until the next call. */
    public BatchHeader header() {
        return header;
    }

    /** The bytes around the current batch; {@link #recordsAt()} is where its first record starts. */
    public ByteBuffer buffer() {
        return window.buffer();
    }

    public int recordsAt() {
        return window.at(position) + header.recordsAt();
    }

    /** Of the batch, or of what was found instead of one. */
    public long position() {
        return position;
    }

    public long nextPosition() {
        return nextPosition;
    }

    /** The sequence that comes after the last batch; -1 if none is known yet. */
    public long nextSequence() {
        return nextSequence;
    }

    public int lastBatchCrc() {
        return previousCrc;
    }

    /** What the first batch says of the segment before; null for any other batch. */
    public @Nullable Predecessor predecessor() {
        return predecessor;
    }

    public String reason() {
        return reason;
    }

    /** The record at which an invalid batch turned out to be invalid; -1 if it is not down to one. */
    public long damagedSequence() {
        return damagedSequence;
    }

    static boolean isZero(ByteBuffer buffer, int at, int length) {
        for (int i = at; i < at + length; i++) {
            if (buffer.get(i) != 0) {
                return false;
            }
        }
        return true;
    }
}
