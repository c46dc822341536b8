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
 * Iterates over the batches of a segment and trusts nothing: it bounds every length before use, verifies every
 * checksum, and checks that every sequence is the expected one. Confined to one thread. Keeps one window of the file
 * in memory.
 */
public final class BatchScanner {
    /** The result of a step. */
    public enum Found {
        /** A valid batch, which is the current batch until the next call. */
        BATCH,
        /** Zeros or the end of the file: no batch was written here. */
        NOTHING,
        /** The start of a footer, which ends the data of a sealed segment. */
        FOOTER,
        /** Bytes that are not a valid batch. {@link #reason()} describes the error. */
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
    private boolean headerIsValid;
    private long damagedSequence;
    private @Nullable Predecessor predecessor;
    private String reason = "";

    public BatchScanner(StorageFile file, SegmentHeader segment) {
        this.segment = segment;
        this.window = new FileWindow(file);
        this.nextPosition = SegmentHeader.BYTES;
        this.chained = true;
    }

    /** Continues at a batch whose position comes from an index or a search. */
    public void jumpTo(long batchPosition, long expectedSequence) {
        nextPosition = batchPosition;
        nextSequence = expectedSequence;
        chained = batchPosition == SegmentHeader.BYTES;
        previousCrc = 0;
        window.drop();
    }

    /**
     * Continues at the next valid batch header at or after a position, whatever its sequence. The search never reads
     * the bytes before that header again, so that a file full of misplaced batches is still read only once.
     *
     * @return false if there is none
     */
    public boolean jumpToNextHeader(long from) throws IOException {
        for (long at = from; window.load(at, BatchHeader.BYTES) == BatchHeader.BYTES; at += 8) {
            if (BatchHeader.startsAt(window.buffer(), window.at(at), segment.salt()) && isHeader(window.at(at))) {
                nextPosition = at;
                nextSequence = -1;
                chained = at == SegmentHeader.BYTES;
                previousCrc = 0;
                return true;
            }
        }
        return false;
    }

    private boolean isHeader(int at) {
        try {
            header.decode(window.buffer(), at, segment, checksum);
            return true;
        } catch (DamagedException e) {
            return false;
        }
    }

    /** Sets the sequence with which the first batch has to start, unless that batch declares a loss. */
    public void expect(long sequence) {
        nextSequence = sequence;
    }

    /** Reads at the position after the current batch, and makes a valid batch there the current one. */
    public Found next() throws IOException {
        position = nextPosition;
        damagedSequence = -1;
        headerIsValid = false;
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
            return invalid("batch header of " + available + " bytes; expected " + BatchHeader.BYTES);
        }
        try {
            header.decode(buffer, at, segment, checksum);
            checkPlace();
            return body();
        } catch (DamagedException e) {
            return invalid(e.getMessage());
        }
    }

    /**
     * Like {@link #next}, but returns {@link Found#NOTHING} at {@code end}, which is the end of the data of a
     * sealed segment.
     */
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
            return invalid("batch of " + header.length + " bytes; the file has only " + available + " of them");
        }
        ByteBuffer buffer = window.buffer();
        int at = window.at(position);
        headerIsValid = true;
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
     * Returns, after an invalid batch, whether its header is valid and the file contains all of its bytes, so that only
     * the content is damaged. {@link #stepOverDamaged} then continues after the batch.
     */
    public boolean headerIsValid() {
        return headerIsValid;
    }

    public void stepOverDamaged() {
        stepOver();
    }

    private void checkPlace() throws DamagedException {
        if (chained && header.previousCrc != previousCrc) {
            throw new DamagedException(String.format(
                    Locale.ROOT,
                    "checksum of the previous batch %08x; expected %08x",
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

    /** Discards the window, because the file may have grown or changed. */
    public void refresh() {
        window.drop();
    }

    /** Returns the header of the current batch; valid until the next call. */
    public BatchHeader header() {
        return header;
    }

    /** Returns the buffer that contains the current batch. Its first record starts at {@link #recordsAt()}. */
    public ByteBuffer buffer() {
        return window.buffer();
    }

    public int recordsAt() {
        return window.at(position) + header.recordsAt();
    }

    /** Returns the position of the current batch, or of the bytes found instead of one. */
    public long position() {
        return position;
    }

    public long nextPosition() {
        return nextPosition;
    }

    /** Returns the sequence after the last batch; -1 if it is not known yet. */
    public long nextSequence() {
        return nextSequence;
    }

    public int lastBatchCrc() {
        return previousCrc;
    }

    /** Returns the predecessor recorded in the first batch of the segment; null for any other batch. */
    public @Nullable Predecessor predecessor() {
        return predecessor;
    }

    public String reason() {
        return reason;
    }

    /** Returns the first invalid record of an invalid batch; -1 if the error is not in a single record. */
    public long damagedSequence() {
        return damagedSequence;
    }

    /** Returns whether some bytes of a buffer are zero. */
    public static boolean isZero(ByteBuffer buffer, int at, int length) {
        for (int i = at; i < at + length; i++) {
            if (buffer.get(i) != 0) {
                return false;
            }
        }
        return true;
    }
}
