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
        return new Open(queue(directory, settings));
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

    private static void write(ExcerptAppender appender, byte[] record, int length) {
        try (DocumentContext document = appender.writingDocument()) {
            Bytes<?> unused = document.wire().bytes().write(record, 0, length);
        }
    }

    private static final class Open implements MeasuredLog {
        private final ChronicleQueue queue;
        private final ThreadLocal<ExcerptAppender> appender;
        private final GroupCommit batches;

        Open(ChronicleQueue queue) {
            this.queue = queue;
            this.appender = ThreadLocal.withInitial(queue::createAppender);
            this.batches = new GroupCommit(new Batch(queue.createAppender()));
        }

        @Override
        public void append(ByteBuffer record) {
            ExcerptAppender own = appender.get();
            write(own, record.array(), record.limit());
            own.sync();
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable durable) throws Exception {
            batches.appendAsync(record, durable);
        }

        @Override
        public void appendBuffered(ByteBuffer record) {
            write(appender.get(), record.array(), record.limit());
        }

        @Override
        public void sync() throws Exception {
            batches.sync();
            appender.get().sync();
        }

        @Override
        public void close() throws IOException {
            batches.close();
            queue.close();
        }
    }

    private static final class Batch implements GroupCommit.Store {
        private final ExcerptAppender appender;

        Batch(ExcerptAppender appender) {
            this.appender = appender;
            // The threads that commit use it one after the other, under a lock.
            appender.singleThreadedCheckDisabled(true);
        }

        @Override
        public void put(byte[] record) {
            write(appender, record, record.length);
        }

        @Override
        public void commit() {
            appender.sync();
        }

        @Override
        public void close() {
            appender.close();
        }
    }
}
