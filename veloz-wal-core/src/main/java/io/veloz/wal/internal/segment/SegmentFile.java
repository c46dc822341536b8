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
 * <p>With each batch without records, and about once a second under load, an {@link EndMark} is written first. The mark
 * states data that an earlier force made durable, and becomes durable together with the batch, so it needs no force of
 * its own. Crash table: a crash before or during the write of the mark leaves the other mark. A crash before, during or
 * after the write of the batch, or during the force, leaves either mark, and the data of both was durable before.
 */
public final class SegmentFile implements Closeable {
    /** Offset of the first record in the buffer that {@link #write} takes. */
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

    /** Number of marks written. The first one was written when the segment was prepared. */
    private int marks = 1;

    private long markedNanos = Long.MIN_VALUE;

    public SegmentFile(StorageFile file, SegmentHeader segment, Predecessor predecessor) {
        this.file = file;
        this.segment = segment;
        this.predecessor = predecessor;
    }

    /** Returns whether a batch with this many bytes of records fits, followed by a batch without records. */
    public boolean hasRoomFor(int recordBytes) {
        // The space for a heartbeat stays free, so that a later batch can always promise that the last records
        // are durable.
        return position + RECORDS_AT + recordBytes + BatchHeader.BYTES <= segment.segmentBytes();
    }

    /** Returns the number of bytes left for batches. */
    public long room() {
        return segment.segmentBytes() - position;
    }

    /**
     * Writes one batch with one write call after the last batch. The batch is not durable when this returns.
     *
     * <p>After a failed write the method can be called again with the same records, because it writes to the
     * same position.
     *
     * @param buffer contains the records, without checksums, from {@link #RECORDS_AT} to {@code recordsEnd}. The space
     *     before them receives the batch header
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

    /**
     * Writes an end mark if all written batches are durable. This happens before the batch is written, so that both
     * writes can be repeated after a failure.
     */
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

    /**
     * Fills in the checksums of the records. This is also the last check of the records that appenders copied into the
     * batch: records that a reader would reject are never written.
     */
    private int finishRecords(ByteBuffer buffer, int end, int records, long first) throws IOException {
        recordsChecksum.start();
        int at = RECORDS_AT;
        for (int i = 0; i < records; i++) {
            if (!RecordLayout.fits(buffer, at, end)) {
                throw new IOException(
                        "record " + (first + i) + " does not fit into its batch; the batch was not written");
            }
            int crc = RecordLayout.computeCrc(buffer, at, segment.salt(), first + i, checksum);
            RecordLayout.putCrc(buffer, at, crc);
            recordsChecksum.add(crc);
            at += RecordLayout.size(RecordLayout.payloadBytes(buffer, at));
        }
        if (at != end) {
            throw new IOException("records " + first + " to " + (first + records - 1) + " end " + (end - at)
                    + " bytes before their batch; the batch was not written");
        }
        return recordsChecksum.value();
    }

    public void force() throws IOException {
        file.force();
    }

    /** Returns the end of this segment, for the first batch of the next one. */
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

    /** Returns the largest payload of a single record in a batch of this size. */
    public static int maxPayloadBytes(int maxBatchBytes) {
        return (maxBatchBytes - RECORDS_AT - RecordLayout.HEADER_BYTES) & ~7;
    }
}
