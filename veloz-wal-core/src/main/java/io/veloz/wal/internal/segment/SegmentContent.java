package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.format.SparseIndex;
import java.nio.ByteBuffer;

/**
 * The counts, ranges and index of a segment, collected batch by batch for its footer. Confined to the thread that
 * writes or scans the segment.
 */
public final class SegmentContent {
    private final SparseIndex index = new SparseIndex();
    private long firstSequence = -1;
    private long lastSequence = -1;
    private long recordCount;
    private long batchCount;
    private long minTimestampNanos = Long.MAX_VALUE;
    private long maxTimestampNanos = Long.MIN_VALUE;

    /** Adds a batch whose records are in a buffer. */
    public void addBatch(BatchHeader header, long position, ByteBuffer buffer, int recordsAt) {
        batchCount++;
        if (header.recordCount == 0) {
            return;
        }
        index.add(header.firstSequence, position, maxTimestampNanos);
        if (firstSequence < 0) {
            firstSequence = header.firstSequence;
        }
        lastSequence = header.lastSequence();
        recordCount += header.recordCount;
        int at = recordsAt;
        for (int i = 0; i < header.recordCount; i++) {
            long timestamp = RecordLayout.timestampNanos(buffer, at);
            minTimestampNanos = Math.min(minTimestampNanos, timestamp);
            maxTimestampNanos = Math.max(maxTimestampNanos, timestamp);
            at += RecordLayout.size(RecordLayout.payloadBytes(buffer, at));
        }
    }

    /** Returns whether a footer states the same ranges and counts. */
    public boolean matches(Footer footer) {
        return footer.firstSequence() == firstSequence
                && footer.lastSequence() == lastSequence
                && footer.recordCount() == recordCount
                && footer.batchCount() == batchCount
                && footer.minTimestampNanos() == minTimestampNanos
                && footer.maxTimestampNanos() == maxTimestampNanos;
    }

    public SparseIndex index() {
        return index;
    }

    /** Returns whether the segment has no record. */
    public boolean isEmpty() {
        return recordCount == 0;
    }

    /** Returns the first sequence; -1 without a record. */
    public long firstSequence() {
        return firstSequence;
    }

    /** Returns the last sequence; -1 without a record. */
    public long lastSequence() {
        return lastSequence;
    }

    public long recordCount() {
        return recordCount;
    }

    public long batchCount() {
        return batchCount;
    }

    public long minTimestampNanos() {
        return minTimestampNanos;
    }

    public long maxTimestampNanos() {
        return maxTimestampNanos;
    }
}
