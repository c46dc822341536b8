package io.veloz.wal.bench.log;

import io.veloz.wal.Wal;
import java.nio.ByteBuffer;

/** The growth of a log of this project: its first segment is small, and each next one a few times as large. */
public final class Growth {
    /** What a segment needs before its first record. */
    private static final int SPARE_BYTES = 64 * 1024;

    private static final int MOST_ROLLS = 16;

    /** Not the type of an order event. */
    private static final int TYPE = 10_000;

    private Growth() {}

    /** Makes room for a burst in the active segment, so that the burst does not measure how fast a segment is filled. */
    public static void makeRoom(Wal wal, long bytes) {
        if (wal.stats().activeSegmentRoomBytes() < bytes) {
            wal.roll();
        }
    }

    /** Rolls until the active segment has its full size. Each smaller segment has one record of one byte. */
    public static void toFullSegments(Wal wal, long segmentBytes) {
        for (int rolls = 0; wal.stats().activeSegmentRoomBytes() < segmentBytes - SPARE_BYTES; rolls++) {
            if (rolls == MOST_ROLLS) {
                throw new IllegalStateException(
                        "the active segment has room for " + wal.stats().activeSegmentRoomBytes() + " bytes after "
                                + rolls + " rolls; expected about " + segmentBytes);
            }
            wal.appendDurable(TYPE, ByteBuffer.allocate(1));
            wal.roll();
        }
    }
}
