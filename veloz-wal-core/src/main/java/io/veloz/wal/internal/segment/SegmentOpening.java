package io.veloz.wal.internal.segment;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The header of the first batch of a segment, which connects the segment with the previous one. Immutable.
 *
 * @param predecessor the end of the previous segment
 * @param firstSequence the first sequence of the batch
 * @param durableSequence the durable sequence stated by the batch
 * @param declaresLoss whether the batch declares the records before it as lost
 */
public record SegmentOpening(Predecessor predecessor, long firstSequence, long durableSequence, boolean declaresLoss) {

    /** The bytes that {@link #decode} needs. */
    public static final int BYTES = BatchHeader.BYTES + Predecessor.BYTES;

    /** Reads only the header of the first batch; returns null if it is absent or invalid, which a scan can explain. */
    public static @Nullable SegmentOpening read(StorageFile file, SegmentHeader segment) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        return file.readFully(bytes, SegmentHeader.BYTES) < BYTES ? null : decode(bytes, 0, segment);
    }

    /** Returns the header of the first batch from its bytes in a buffer; null if it is absent or invalid. */
    public static @Nullable SegmentOpening decode(ByteBuffer bytes, int at, SegmentHeader segment) {
        try {
            BatchHeader batch = new BatchHeader();
            Checksum checksum = new Checksum();
            batch.decode(bytes, at, segment, checksum);
            if (!batch.opensSegment()) {
                return null;
            }
            Predecessor predecessor = Predecessor.decode(bytes, at + BatchHeader.BYTES, segment.salt(), checksum);
            return new SegmentOpening(predecessor, batch.firstSequence, batch.durableSequence, batch.declaresLoss());
        } catch (DamagedException e) {
            return null;
        }
    }
}
