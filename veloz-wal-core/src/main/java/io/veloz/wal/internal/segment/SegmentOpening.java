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

    /** Reads only the header of the first batch; returns null if it is absent or invalid, which a scan can explain. */
    public static @Nullable SegmentOpening read(StorageFile file, SegmentHeader segment) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(BatchHeader.BYTES + Predecessor.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (file.readFully(bytes, SegmentHeader.BYTES) < bytes.capacity()) {
            return null;
        }
        try {
            BatchHeader batch = new BatchHeader();
            Checksum checksum = new Checksum();
            batch.decode(bytes, 0, segment, checksum);
            if (!batch.opensSegment()) {
                return null;
            }
            Predecessor predecessor = Predecessor.decode(bytes, BatchHeader.BYTES, segment.salt(), checksum);
            return new SegmentOpening(predecessor, batch.firstSequence, batch.durableSequence, batch.declaresLoss());
        } catch (DamagedException e) {
            return null;
        }
    }
}
