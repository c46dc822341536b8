package io.veloz.wal.bench.log;

import io.veloz.wal.Wal;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/** This project's log when it is open, without asynchronous appends. */
abstract class VelozLog implements MeasuredLog {
    static final int TYPE = 1;
    private static final int GROWTH_RECORD_BYTES = 64 * 1024;

    /** The smaller segments that come before one of full size have less than half of its size in total. */
    private static final int MOST_GROWTH_SHARE = 4;

    final Wal wal;
    private final int segmentBytes;

    VelozLog(Wal wal, int segmentBytes) {
        this.wal = wal;
        this.segmentBytes = segmentBytes;
    }

    /** Appends until the active segment has its full size: the first one is small, and each next one at most 4 times as large. */
    @Override
    public void grow() {
        byte[] bytes = new byte[GROWTH_RECORD_BYTES];
        new SplittableRandom(1).nextBytes(bytes);
        ByteBuffer record = ByteBuffer.wrap(bytes);
        long most = (long) MOST_GROWTH_SHARE * segmentBytes;
        long appended = 0;
        while (wal.stats().activeSegmentRoomBytes() <= segmentBytes / 2) {
            if (appended > most) {
                throw new IllegalStateException("the active segment has room for "
                        + wal.stats().activeSegmentRoomBytes() + " bytes after " + appended
                        + " appended bytes; expected more than half of " + segmentBytes);
            }
            wal.appendDurable(TYPE, record.clear());
            appended += GROWTH_RECORD_BYTES;
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
