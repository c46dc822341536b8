package io.veloz.wal.internal.replay;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.RecordLayout;
import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * The readable records of a damaged batch: those with a valid checksum, up to the first record with an impossible
 * length. Of an atomic group either all records are readable or none.
 */
final class DamagedBatch {
    private DamagedBatch() {}

    static BitSet readable(BatchHeader header, ByteBuffer buffer, int recordsAt, long salt) {
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
}
