package io.veloz.wal.bench.log;

import io.veloz.wal.Wal;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** This project's log when it is open, without asynchronous appends. */
abstract class VelozLog implements MeasuredLog {
    static final int TYPE = 1;
    private static final int GROWTH_RECORD_BYTES = 64 * 1024;

    private static final int SEAL_TIMEOUT_SECONDS = 60;

    final Wal wal;
    private final int segmentBytes;

    VelozLog(Wal wal, int segmentBytes) {
        this.wal = wal;
        this.segmentBytes = segmentBytes;
    }

    /**
     * Appends until the active segment has its full size: the first one is small, and each next one at most 4 times as large.
     * Then waits until the smaller segments are sealed, so that their rolls are not counted in a measurement.
     */
    @Override
    public void grow() throws InterruptedException {
        byte[] bytes = new byte[GROWTH_RECORD_BYTES];
        new SplittableRandom(1).nextBytes(bytes);
        ByteBuffer record = ByteBuffer.wrap(bytes);
        long rolls = wal.stats().rolls();
        long room = wal.stats().activeSegmentRoomBytes();
        for (long appended = 0; room <= segmentBytes / 2; appended += GROWTH_RECORD_BYTES) {
            if (appended > segmentBytes) {
                throw new IllegalStateException("the active segment has room for " + room + " bytes after " + appended
                        + " appended bytes; expected more than half of " + segmentBytes);
            }
            wal.appendDurable(TYPE, record.clear());
            long before = room;
            room = wal.stats().activeSegmentRoomBytes();
            rolls += room > before ? 1 : 0;
        }
        awaitRolls(rolls);
    }

    private void awaitRolls(long rolls) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SEAL_TIMEOUT_SECONDS);
        while (wal.stats().rolls() < rolls) {
            if (System.nanoTime() - end > 0) {
                throw new IllegalStateException("the log has sealed "
                        + wal.stats().rolls() + " segments after " + SEAL_TIMEOUT_SECONDS + " s; expected " + rolls);
            }
            TimeUnit.MILLISECONDS.sleep(1);
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
