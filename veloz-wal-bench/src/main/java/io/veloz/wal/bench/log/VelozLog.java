package io.veloz.wal.bench.log;

import io.veloz.wal.Wal;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/** This project's log when it is open, without asynchronous appends. */
abstract class VelozLog implements MeasuredLog {
    static final int TYPE = 1;

    /** What a segment needs before its first record. */
    private static final int SPARE_BYTES = 64 * 1024;

    private static final int MOST_ROLLS = 16;

    final Wal wal;
    private final int segmentBytes;

    VelozLog(Wal wal, int segmentBytes) {
        this.wal = wal;
        this.segmentBytes = segmentBytes;
    }

    /** Rolls until the active segment has its full size: the first one is small, and each next one a few times as large. */
    @Override
    public void grow() {
        for (int i = 0; wal.stats().activeSegmentRoomBytes() < segmentBytes - SPARE_BYTES; i++) {
            if (i == MOST_ROLLS) {
                throw new IllegalStateException("the active segment has room for "
                        + wal.stats().activeSegmentRoomBytes() + " bytes after " + i + " rolls; expected about "
                        + segmentBytes);
            }
            wal.appendDurable(TYPE, ByteBuffer.allocate(1));
            wal.roll();
        }
    }

    @Override
    public OptionalLong rolls() {
        return OptionalLong.of(wal.stats().rolls());
    }

    @Override
    public void append(ByteBuffer record) {
        wal.appendDurable(TYPE, record);
    }

    @Override
    public void appendBuffered(ByteBuffer record) {
        wal.append(TYPE, record);
    }

    @Override
    public void sync() {
        wal.sync();
    }

    @Override
    public void close() {
        wal.close();
    }
}
