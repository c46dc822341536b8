package io.veloz.wal.internal.recovery;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.internal.segment.SegmentSealer;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes records with given sequences into a new log, and declares the records missing between them as lost. Confined
 * to one thread. The directory is not a complete log before {@link #finish} has returned.
 */
public final class LogCopy implements Closeable {
    private final Storage storage;
    private final SegmentNames names;
    private final LogId logId;
    private final long segmentBytes;
    private final LongSupplier clock;
    private final ByteBuffer batch;
    private final SecureRandom random = new SecureRandom();
    private @Nullable SegmentFile segment;
    private Sha256 lastFooter = Sha256.ZERO;
    private long number;
    private long nextSequence;
    private long batchFirst;
    private int batchRecords;
    private int batchEnd = SegmentFile.RECORDS_AT;

    /** Start of the incomplete atomic group in the batch; the end of the batch if there is none. */
    private int groupAt = SegmentFile.RECORDS_AT;

    private int groupRecords;

    /**
     * @param firstSequence the first sequence of the log; if it is not 1, earlier records count as trimmed
     */
    public LogCopy(
            Storage storage,
            SegmentNames names,
            LogId logId,
            long firstSequence,
            long segmentBytes,
            int maxBatchBytes,
            LongSupplier clock)
            throws IOException {
        this.storage = storage;
        this.names = names;
        this.logId = logId;
        this.segmentBytes = Math.max(segmentBytes, maxBatchBytes + 2L * SegmentHeader.BYTES);
        this.clock = clock;
        this.batch = ByteBuffer.allocate(maxBatchBytes).order(ByteOrder.LITTLE_ENDIAN);
        this.nextSequence = firstSequence;
        if (firstSequence > 1) {
            TrimMark.writer(storage, names, logId).write(1, firstSequence);
        }
    }

    /** Adds a record. Its sequence must be higher than all sequences added before. */
    public void add(long sequence, int type, boolean groupContinues, long timestampNanos, ByteBuffer payload)
            throws IOException {
        int bytes = RecordLayout.size(payload.remaining());
        boolean follows = sequence == batchFirst + batchRecords;
        if (batchRecords > 0 && (!follows || batchEnd + bytes > batch.capacity())) {
            flushBeforeGroup();
        }
        if (batchRecords == 0) {
            batchFirst = sequence;
        }
        int flags = groupContinues ? RecordLayout.GROUP_CONTINUES : 0;
        // Zero the padding first, because it may overlap the header: the buffer still contains bytes of an
        // earlier batch.
        batch.putLong(batchEnd + bytes - 8, 0);
        RecordLayout.putHeader(batch, batchEnd, payload.remaining(), type, flags, timestampNanos);
        batch.put(batchEnd + RecordLayout.HEADER_BYTES, payload, payload.position(), payload.remaining());
        batchEnd += bytes;
        batchRecords++;
        groupRecords = groupContinues ? groupRecords + 1 : 0;
        groupAt = groupContinues ? groupAt : batchEnd;
    }

    /**
     * Writes the batch without its incomplete group, which starts the next batch, because a group must be in a
     * single batch.
     */
    private void flushBeforeGroup() throws IOException {
        int records = groupRecords;
        if (records == batchRecords) {
            throw new IOException("group of more than " + batch.capacity() + " bytes, or with a gap, at record "
                    + (batchFirst + records));
        }
        byte[] group = new byte[batchEnd - groupAt];
        batch.get(groupAt, group);
        batchEnd = groupAt;
        batchRecords -= records;
        flush();
        batchFirst = nextSequence;
        batchRecords = records;
        groupRecords = records;
        batch.put(batchEnd, group);
        batchEnd += group.length;
    }

    private void flush() throws IOException {
        SegmentFile file = segmentFor(batchEnd - SegmentFile.RECORDS_AT);
        int flags = batchFirst > nextSequence ? BatchHeader.DECLARES_LOSS : 0;
        file.write(batch, batchEnd, batchRecords, batchFirst, nextSequence - 1, clock.getAsLong(), flags);
        batch.clear();
        nextSequence = batchFirst + batchRecords;
        batchEnd = SegmentFile.RECORDS_AT;
        batchRecords = 0;
        groupAt = batchEnd;
        groupRecords = 0;
    }

    private SegmentFile segmentFor(int recordBytes) throws IOException {
        SegmentFile current = segment;
        if (current != null && current.hasRoomFor(recordBytes)) {
            return current;
        }
        Predecessor predecessor = Predecessor.NONE;
        if (current != null) {
            predecessor = current.asPredecessor();
            lastFooter = Sha256.of(SegmentSealer.seal(current, lastFooter).encode());
            current.close();
            storage.rename(names.current(), names.sealed(current.segment().number()));
        }
        SegmentHeader header = new SegmentHeader(
                logId, ++number, random.nextLong(), segmentBytes, batch.capacity(), clock.getAsLong());
        StorageFile file = storage.create(names.current());
        file.writeFully(header.encode(), 0);
        SegmentFile next = new SegmentFile(file, header, predecessor);
        segment = next;
        return next;
    }

    /**
     * Completes the log, and returns when it is durable. The records of an incomplete last group are dropped.
     *
     * @return the number of dropped records
     */
    public int finish() throws IOException {
        int dropped = groupRecords;
        batchEnd = groupAt;
        batchRecords -= dropped;
        groupRecords = 0;
        if (batchRecords > 0) {
            flush();
        }
        if (segment != null) {
            // This batch promises that the last record is durable, which is true by the time it is readable.
            batchFirst = nextSequence;
            segment.force();
            flush();
            segment.force();
        }
        storage.forceDirectory();
        return dropped;
    }

    @Override
    public void close() throws IOException {
        if (segment != null) {
            segment.close();
        }
    }
}
