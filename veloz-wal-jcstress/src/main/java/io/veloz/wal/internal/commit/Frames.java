package io.veloz.wal.internal.commit;

import io.veloz.wal.internal.commit.SharedBuffers.Lent;

/** Appends and takes records whose bytes identify them. Stateless. */
final class Frames {
    /** Returned by a take if a record differs from the appended one. */
    static final int WRONG = -1;

    private static final long MARK = 0x5157_4C4F_4721_3B2DL;

    private Frames() {}

    /** Claims, copies and publishes a record. Returns its sequence, or the negative result of the claim. */
    static long append(AppendBuffer buffer, int recordBytes) {
        long claim = buffer.claim(1, recordBytes, SharedBuffers.NO_LIMIT);
        if (claim < 0) {
            return claim;
        }
        long sequence = buffer.firstSequence(claim);
        int at = buffer.recordsAt(claim);
        for (int i = 0; i < recordBytes; i += 8) {
            buffer.bytes().putLong(at + i, sequence * MARK + i);
        }
        buffer.publish(claim, 1, recordBytes, AppendBuffer.FORCE_NOW);
        return sequence;
    }

    /** Takes all published records, as the commit thread does. Returns their count, or {@link #WRONG}. */
    static int take(Lent lent, int recordBytes) {
        lent.buffer.takeOnCommitThread(lent.taken, lent.batch, 0);
        lent.buffer.writtenOnCommitThread();
        if (lent.taken.end != lent.taken.records * recordBytes) {
            return WRONG;
        }
        for (int record = 0; record < lent.taken.records; record++) {
            long sequence = lent.taken.firstSequence + record;
            for (int i = 0; i < recordBytes; i += 8) {
                long word = Long.reverseBytes(lent.batch.getLong(record * recordBytes + i));
                if (word != sequence * MARK + i) {
                    return WRONG;
                }
            }
        }
        return lent.taken.records;
    }
}
