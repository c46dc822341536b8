package io.veloz.wal.bench.log;

import io.veloz.wal.Wal;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** This project's log, with the future of each asynchronous append. */
public final class VelozFuturesKind extends VelozKind {
    @Override
    public MeasuredLog open(Path directory, Settings settings) {
        return new Open(Wal.open(config(directory, settings).build()), settings);
    }

    private static final class Open extends VelozLog {
        Open(Wal wal, Settings settings) {
            super(wal, settings.segmentBytes());
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable durable) {
            var unused = wal.appendAsync(TYPE, record).thenRun(durable);
        }
    }
}
