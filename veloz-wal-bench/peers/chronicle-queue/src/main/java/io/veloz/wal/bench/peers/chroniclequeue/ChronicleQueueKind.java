package io.veloz.wal.bench.peers.chroniclequeue;

import io.veloz.wal.bench.log.GroupCommit;
import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;
import net.openhft.chronicle.wire.Wire;

/**
 * Chronicle Queue, whose appender is synchronised after each record. Each appending thread has an appender. What no thread waits for
 * individually is synchronised in batches, because the queue has no asynchronous append.
 */
public final class ChronicleQueueKind implements LogKind {
    @Override
    public String durable() {
        return "a copy into a mapped sparse file and msync (ExcerptAppender.sync with SyncMode.SYNC); no checksum";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) {
        return new Open(queue(directory, settings), settings.segmentBytes());
    }

    private static ChronicleQueue queue(Path directory, Settings settings) {
        // The files end with the day; what is mapped at once has the size of the other logs' files.
        return SingleChronicleQueueBuilder.binary(directory)
                .blockSize(settings.segmentBytes())
                .syncMode(SyncMode.SYNC)
                .build();
    }

    @Override
    public Replayed replay(Path directory, Settings settings) {
        long records = 0;
        long bytes = 0;
        byte[] record = new byte[settings.maxRecordBytes()];
        try (ChronicleQueue queue = queue(directory, settings);
                ExcerptTailer tailer = queue.createTailer()) {
            while (true) {
                try (DocumentContext document = tailer.readingDocument()) {
                    if (!document.isPresent()) {
                        return new Replayed(records, bytes);
                    }
                    records++;
                    bytes += document.wire().bytes().read(record);
                }
            }
        }
    }

    /**
     * Appends without a sync for each record. A sync covers only the part of the file that the appender has mapped, so that part is
     * synchronised before the appender maps the next one.
     */
    private record Unsynced(ExcerptAppender appender, int mappedBytes) {
        private static final int MARGIN_BYTES = 4096;

        void write(byte[] record, int length) {
            Wire wire = appender.wire();
            if (wire != null) {
                long offset = wire.bytes().writePosition() % mappedBytes;
                int margin = length + MARGIN_BYTES;
                if (offset < margin || offset > mappedBytes - margin) {
                    appender.sync();
                }
            }
            append(appender, record, length);
        }
    }

    private static void append(ExcerptAppender appender, byte[] record, int length) {
        try (DocumentContext document = appender.writingDocument()) {
            Bytes<?> unused = document.wire().bytes().write(record, 0, length);
        }
    }

    private static final class Open implements MeasuredLog {
        private final ChronicleQueue queue;
        private final ThreadLocal<Unsynced> appenders;
        private final GroupCommit batches;

        Open(ChronicleQueue queue, int mappedBytes) {
            this.queue = queue;
            this.appenders = ThreadLocal.withInitial(() -> new Unsynced(queue.createAppender(), mappedBytes));
            this.batches = new GroupCommit(new Batch(new Unsynced(queue.createAppender(), mappedBytes)));
        }

        @SuppressWarnings("ByteBufferBackingArray") // a record begins where its array begins
        @Override
        public void append(ByteBuffer record) {
            ExcerptAppender appender = appenders.get().appender();
            ChronicleQueueKind.append(appender, record.array(), record.limit());
            appender.sync();
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable durable) throws Exception {
            batches.appendAsync(record, durable);
        }

        @SuppressWarnings("ByteBufferBackingArray") // a record begins where its array begins
        @Override
        public void appendBuffered(ByteBuffer record) {
            appenders.get().write(record.array(), record.limit());
        }

        @Override
        public void sync() throws Exception {
            batches.sync();
            appenders.get().appender().sync();
        }

        @Override
        public void close() throws IOException {
            batches.close();
            queue.close();
        }
    }

    private static final class Batch implements GroupCommit.Store {
        private final Unsynced unsynced;

        Batch(Unsynced unsynced) {
            this.unsynced = unsynced;
            // The threads that commit use it one after the other, under a lock.
            unsynced.appender().singleThreadedCheckDisabled(true);
        }

        @Override
        public void put(byte[] record) {
            unsynced.write(record, record.length);
        }

        @Override
        public void commit() {
            unsynced.appender().sync();
        }

        @Override
        public void close() {
            unsynced.appender().close();
        }
    }
}
