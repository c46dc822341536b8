package io.veloz.wal.bench.peers.artemis;

import io.veloz.wal.bench.log.InFlight;
import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.activemq.artemis.core.io.SequentialFileFactory;
import org.apache.activemq.artemis.core.io.nio.NIOSequentialFileFactory;
import org.apache.activemq.artemis.core.journal.IOCompletion;
import org.apache.activemq.artemis.core.journal.LoaderCallback;
import org.apache.activemq.artemis.core.journal.PreparedTransactionInfo;
import org.apache.activemq.artemis.core.journal.RecordInfo;
import org.apache.activemq.artemis.core.journal.impl.JournalImpl;
import org.apache.activemq.artemis.core.journal.impl.dataformat.ByteArrayEncoding;

/** The journal of Apache Artemis with NIO files. Its timed buffer collects the records of all appenders for one write. */
public final class ArtemisKind implements LogKind {
    private static final byte TYPE = 1;
    private static final int BUFFER_BYTES = 1024 * 1024;
    /** The buffer is written as soon as the previous write has ended; a broker waits for about one write instead. */
    private static final int BUFFER_TIMEOUT_NANOS = 1;

    private static final int MIN_FILES = 2;
    private static final int POOL_FILES = 10;
    private static final int MAX_IO = 1;

    @Override
    public String durable() {
        return "a writer thread; one write and fdatasync for each buffer, into a file filled with zeros; sizes are checked, no checksum";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) throws Exception {
        JournalImpl journal = journal(directory, settings);
        journal.start();
        Loader loader = new Loader();
        journal.load(loader);
        return new Open(journal, loader.lastId);
    }

    private static JournalImpl journal(Path directory, Settings settings) {
        SequentialFileFactory files = new NIOSequentialFileFactory(
                directory.toFile(), true, BUFFER_BYTES, BUFFER_TIMEOUT_NANOS, MAX_IO, false);
        return new JournalImpl(settings.segmentBytes(), MIN_FILES, POOL_FILES, 0, 0, files, "log", "journal", MAX_IO);
    }

    @Override
    public Replayed replay(Path directory, Settings settings) throws Exception {
        JournalImpl journal = journal(directory, settings);
        journal.start();
        try {
            Loader loader = new Loader();
            journal.load(loader);
            return new Replayed(loader.records, loader.bytes);
        } finally {
            journal.stop();
        }
    }

    private static final class Loader implements LoaderCallback {
        private long records;
        private long bytes;
        private long lastId;

        @Override
        public void addRecord(RecordInfo info) {
            records++;
            bytes += info.data.length;
            lastId = info.id;
        }

        @Override
        public void addPreparedTransaction(PreparedTransactionInfo transaction) {
            throw new IllegalStateException("prepared transaction " + transaction.getId() + "; none was written");
        }

        @Override
        public void deleteRecord(long id) {
            throw new IllegalStateException("record " + id + " deleted; none was deleted");
        }

        @Override
        public void updateRecord(RecordInfo info) {
            throw new IllegalStateException("record " + info.id + " updated; none was updated");
        }

        @Override
        public void failedTransaction(
                long transactionId, java.util.List<RecordInfo> records, java.util.List<RecordInfo> recordsToDelete) {
            throw new IllegalStateException("transaction " + transactionId + " failed; none was written");
        }
    }

    private static final class Open implements MeasuredLog {
        private final JournalImpl journal;
        private final AtomicLong id;
        private final InFlight inFlight = new InFlight();
        private final IOCompletion buffered = new Completion(inFlight, () -> {});

        Open(JournalImpl journal, long lastId) {
            this.journal = journal;
            this.id = new AtomicLong(lastId);
        }

        @SuppressWarnings("ByteBufferBackingArray") // a record begins where its array begins
        @Override
        public void append(ByteBuffer record) throws Exception {
            journal.appendAddRecord(id.incrementAndGet(), TYPE, record.array(), true);
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable durable) throws Exception {
            append(record, new Completion(inFlight, durable));
        }

        @Override
        public void appendBuffered(ByteBuffer record) throws Exception {
            append(record, buffered);
        }

        private void append(ByteBuffer record, IOCompletion completion) throws Exception {
            // A thread of the journal encodes the array later.
            byte[] copy = new byte[record.limit()];
            record.get(0, copy);
            inFlight.begin();
            journal.appendAddRecord(id.incrementAndGet(), TYPE, new ByteArrayEncoding(copy), true, completion);
        }

        @Override
        public void sync() throws Exception {
            inFlight.awaitAll();
        }

        @Override
        public void close() {
            journal.stop();
        }
    }

    private record Completion(InFlight inFlight, Runnable durable) implements IOCompletion {
        @Override
        public void storeLineUp() {}

        @Override
        public void done() {
            inFlight.end();
            durable.run();
        }

        @Override
        public void onError(int code, String message) {
            inFlight.fail(new IllegalStateException("error " + code + ": " + message));
        }
    }
}
