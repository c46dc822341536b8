package io.veloz.wal.bench.log;

import io.veloz.wal.Wal;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/** This project's log when it is open, without asynchronous appends. */
abstract class VelozLog implements MeasuredLog {
    static final int TYPE = 1;

    final Wal wal;
    private final int segmentBytes;

    VelozLog(Wal wal, int segmentBytes) {
        this.wal = wal;
        this.segmentBytes = segmentBytes;
    }

    @Override
    public void grow() {
        Growth.toFullSegments(wal, segmentBytes);
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
