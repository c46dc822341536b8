package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.EndMark;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A segment that is being written. It belongs to the commit thread, and after the roll to the housekeeping thread,
 * which seals it.
 *
 * <p>With each batch without records, and about once a second under load, it writes an {@link EndMark} first. The mark
 * states what an earlier force has made durable, and becomes durable with the batch: it costs no force of its own. Crash
 * table: cut before or in the write of the mark: the other one stands. Cut before, in or after the write of the batch, or
 * in the force: either mark stands, and what it states was on disk before.
 */
public final class SegmentFile implements Closeable {
    /** Where the records of a batch start in the buffer that {@link #write} takes. */
    public static final int RECORDS_AT = BatchHeader.BYTES + Predecessor.BYTES;

    private static final long MARK_NANOS = 1_000_000_000;

    private final SegmentHeader segment;
    private final StorageFile file;
    private final Predecessor predecessor;
    private final Checksum checksum = new Checksum();
    private final Checksum recordsChecksum = new Checksum();
    private final BatchHeader header = new BatchHeader();
    private final SegmentContent content = new SegmentContent();
    private long position = SegmentHeader.BYTES;
    private int lastBatchCrc;
    private final ByteBuffer mark = ByteBuffer.allocate(EndMark.BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /** The first one was written when the segment was prepared. */
    private int marks = 1;

    private long markedNanos = Long.MIN_VALUE;

    public SegmentFile(StorageFile file, SegmentHeader segment, Predecessor predecessor) {
        this.file = file;
        this.segment = segment;
        this.predecessor = predecessor;
    }

    /** Whether a batch with that many bytes of records still goes in, and one without records behind it. */
    public boolean hasRoomFor(int recordBytes) {
        // The room for a heartbeat is kept free, so that the last batch of a segment can be promised durable.
        return position + RECORDS_AT + recordBytes + BatchHeader.BYTES <= segment.segmentBytes();
    }

    /** Bytes left for batches. */
    public long room() {
        return segment.segmentBytes() - position;
    }

    /**
     * Writes one batch with one write call, behind the last one. Nothing is on disk yet when this returns.
     *
     * <p>After a failed write it may be called again with the same records: it writes to the same position.
     *
     * @param buffer the records stand from {@link #RECORDS_AT} to {@code recordsEnd}, still without checksums; the room
     *     before them is for the batch's head
     * @param flags 0 or {@link BatchHeader#DECLARES_LOSS}
     */
    public void write(
            ByteBuffer buffer, int recordsEnd, int records, long first, long durable, long wallNanos, int flags)
            throws IOException {
        markEnd(records, first, durable, wallNanos);
        boolean opens = position == SegmentHeader.BYTES;
        int start = opens ? 0 : Predecessor.BYTES;
        if (opens) {
            predecessor.encode(buffer, start + BatchHeader.BYTES, segment.salt(), checksum);
        }
        header.flags = flags | (opens ? BatchHeader.OPENS_SEGMENT : 0);
        header.length = recordsEnd - start;
        header.firstSequence = first;
        header.durableSequence = durable;
        header.recordCount = records;
        header.wallNanos = wallNanos;
        header.previousCrc = lastBatchCrc;
        header.recordsCrc = finishRecords(buffer, recordsEnd, records, first);
        header.encode(buffer, start, segment.salt(), checksum);
        buffer.limit(recordsEnd).position(start);
        file.writeFully(buffer, position);
        content.addBatch(header, position, buffer, RECORDS_AT);
        lastBatchCrc = header.crc;
        position += header.length;
    }

    /** Only if all that was written is durable: then its end is as well. Before the batch, so that both may be repeated. */
    private void markEnd(int records, long first, long durable, long wallNanos) throws IOException {
        if (!segment.hasEndMarks() || position == SegmentHeader.BYTES || durable != first - 1) {
            return;
        }
        if (markedNanos == Long.MIN_VALUE) {
            markedNanos = wallNanos;
        }
        if (records > 0 && Math.abs(wallNanos - markedNanos) < MARK_NANOS) {
            return;
        }
        new EndMark(durable, position, wallNanos).encode(mark, segment.salt(), checksum);
        file.writeFully(mark, EndMark.position(marks));
        marks++;
        markedNanos = wallNanos;
    }

    /** Also the last look at what appenders have put into the batch: what a reader would refuse is not written. */
    private int finishRecords(ByteBuffer buffer, int end, int records, long first) throws IOException {
        recordsChecksum.start();
        int at = RECORDS_AT;
        for (int i = 0; i < records; i++) {
            if (!RecordLayout.fits(buffer, at, end)) {
                throw new IOException(
                        "record " + (first + i) + " does not fit into its batch; nothing of it was written");
            }
            int crc = RecordLayout.computeCrc(buffer, at, segment.salt(), first + i, checksum);
            RecordLayout.putCrc(buffer, at, crc);
            recordsChecksum.add(crc);
            at += RecordLayout.size(RecordLayout.payloadBytes(buffer, at));
        }
        if (at != end) {
            throw new IOException("records " + first + " to " + (first + records - 1) + " end " + (end - at)
                    + " bytes before their batch; nothing of it was written");
        }
        return recordsChecksum.value();
    }

    public void force() throws IOException {
        file.force();
    }

    /** How this segment ends, for the first batch of the next one. */
    public Predecessor asPredecessor() {
        return new Predecessor(segment.number(), segment.salt(), position, lastBatchCrc);
    }

    public SegmentHeader segment() {
        return segment;
    }

    public SegmentContent content() {
        return content;
    }

    public long position() {
        return position;
    }

    StorageFile file() {
        return file;
    }

    int lastBatchCrc() {
        return lastBatchCrc;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** The biggest payload of a single record that fits a batch of that size. */
    public static int maxPayloadBytes(int maxBatchBytes) {
        return (maxBatchBytes - RECORDS_AT - RecordLayout.HEADER_BYTES) & ~7;
    }
}
