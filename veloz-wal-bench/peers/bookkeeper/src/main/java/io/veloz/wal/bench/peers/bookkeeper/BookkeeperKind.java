package io.veloz.wal.bench.peers.bookkeeper;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.veloz.wal.bench.log.InFlight;
import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.bookkeeper.bookie.Journal;
import org.apache.bookkeeper.bookie.LedgerDirsManager;
import org.apache.bookkeeper.conf.ServerConfiguration;
import org.apache.bookkeeper.proto.BookkeeperInternalCallbacks.WriteCallback;
import org.apache.bookkeeper.stats.NullStatsLogger;
import org.apache.bookkeeper.util.DiskChecker;

/** The journal of a bookie, with one ledger. One of its threads writes, another one forces. */
public final class BookkeeperKind implements LogKind {
    private static final long LEDGER = 1;
    /** The ledger and the entry, with which each entry begins. */
    private static final int IDS_BYTES = 2 * Long.BYTES;

    @Override
    public String durable() {
        return "a writer thread, and a thread that forces: one fdatasync for the writes that wait, into files preallocated in steps; "
                + "no checksum (that of an entry is its client's)";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) throws IOException {
        Journal journal = journal(directory, settings);
        journal.start();
        return new Open(journal);
    }

    private static Journal journal(Path directory, Settings settings) throws IOException {
        Path ledgers = Files.createDirectories(directory.resolve("ledgers"));
        ServerConfiguration configuration = new ServerConfiguration()
                .setJournalDirName(directory.toString())
                .setLedgerDirNames(new String[] {ledgers.toString()})
                .setMaxJournalSizeMB(settings.segmentBytes() / (1024 * 1024))
                .setJournalFlushWhenQueueEmpty(true)
                .setJournalRemovePagesFromCache(false);
        LedgerDirsManager directories =
                new LedgerDirsManager(configuration, configuration.getLedgerDirs(), new DiskChecker(0.99f, 0.98f));
        return new Journal(
                0,
                directory.toFile(),
                configuration,
                directories,
                NullStatsLogger.INSTANCE,
                PooledByteBufAllocator.DEFAULT);
    }

    @Override
    public Replayed replay(Path directory, Settings settings) throws IOException {
        long[] counts = new long[2];
        Journal journal = journal(directory, settings);
        for (long id : Journal.listJournalIds(directory.toFile(), any -> true)) {
            long unused = journal.scanJournal(
                    id,
                    0,
                    (version, offset, entry) -> {
                        counts[0]++;
                        counts[1] += entry.remaining() - IDS_BYTES;
                    },
                    false);
        }
        return new Replayed(counts[0], counts[1]);
    }

    private static final class Open implements MeasuredLog {
        private final Journal journal;
        private final AtomicLong entry = new AtomicLong();
        private final InFlight inFlight = new InFlight();

        Open(Journal journal) {
            this.journal = journal;
        }

        @Override
        public void append(ByteBuffer record) throws Exception {
            CompletableFuture<Boolean> durable = new CompletableFuture<>();
            add(record, (code, ledger, id, bookie, context) -> durable.complete(code == 0));
            if (!durable.get()) {
                throw new IOException("the journal has rejected an entry");
            }
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable durable) throws Exception {
            inFlight.begin();
            add(record, (code, ledger, id, bookie, context) -> {
                end(code);
                durable.run();
            });
        }

        @Override
        public void appendBuffered(ByteBuffer record) throws Exception {
            inFlight.begin();
            add(record, (code, ledger, id, bookie, context) -> end(code));
        }

        private void end(int code) {
            if (code == 0) {
                inFlight.end();
            } else {
                inFlight.fail(new IOException("the journal has rejected an entry with code " + code));
            }
        }

        @SuppressWarnings("ByteBufferBackingArray") // a record begins where its array begins
        private void add(ByteBuffer record, WriteCallback callback) throws InterruptedException {
            long id = entry.incrementAndGet();
            ByteBuf buffer = PooledByteBufAllocator.DEFAULT.directBuffer(IDS_BYTES + record.limit());
            try {
                buffer.writeLong(LEDGER).writeLong(id).writeBytes(record.array(), 0, record.limit());
                journal.logAddEntry(LEDGER, id, buffer, false, callback, null);
            } finally {
                buffer.release();
            }
        }

        @Override
        public void sync() throws IOException {
            inFlight.awaitAll();
        }

        @Override
        public void close() throws IOException {
            journal.shutdown();
        }
    }
}
