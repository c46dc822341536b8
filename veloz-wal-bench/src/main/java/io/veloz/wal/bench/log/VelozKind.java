package io.veloz.wal.bench.log;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** This project's log. */
public final class VelozKind implements LogKind {
    private static final int TYPE = 1;

    @Override
    public String durable() {
        return "one write and fdatasync for each batch, into a file filled with zeros; CRC-32C of each record and batch";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) {
        return new Open(Wal.open(config(directory, settings)));
    }

    private static WalConfig config(Path directory, Settings settings) {
        return WalConfig.builder(directory)
                .segmentBytes(settings.segmentBytes())
                .build();
    }

    /** Opens the log as a starting program does, with its recovery, and reads it. */
    @Override
    public Replayed replay(Path directory, Settings settings) {
        long records = 0;
        long bytes = 0;
        try (Wal wal = Wal.open(config(directory, settings));
                WalReader reader = wal.reader()) {
            while (reader.next()) {
                records++;
                bytes += reader.payload().remaining();
            }
        }
        return new Replayed(records, bytes);
    }

    private record Open(Wal wal) implements MeasuredLog {
        @Override
        public void append(ByteBuffer record) {
            wal.appendDurable(TYPE, record);
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable durable) {
            var unused = wal.appendAsync(TYPE, record).thenRun(durable);
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
}
