package io.veloz.wal.bench.peers.kahadb;

import io.veloz.wal.bench.log.InFlight;
import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.apache.activemq.store.kahadb.disk.journal.Journal;
import org.apache.activemq.store.kahadb.disk.journal.Location;
import org.apache.activemq.util.ByteSequence;

/** The journal of ActiveMQ's KahaDB. Its thread writes and forces what all appenders have added meanwhile. */
public final class KahadbKind implements LogKind {
    static {
        // fdatasync instead of fsync; the files have their size from the start.
        System.setProperty("org.apache.activemq.kahaDB.files.skipMetadataUpdate", "true");
    }

    @Override
    public String durable() {
        return "a writer thread; one write and fdatasync for each batch, into a file filled with zeros; Adler-32 of each batch";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) throws IOException {
        return new Open(start(directory, settings));
    }

    private static Journal start(Path directory, Settings settings) throws IOException {
        Journal journal = new Journal();
        journal.setDirectory(directory.toFile());
        journal.setMaxFileLength(settings.segmentBytes());
        journal.setPreallocationScope(Journal.PreallocationScope.ENTIRE_JOURNAL_ASYNC);
        journal.setPreallocationStrategy(Journal.PreallocationStrategy.ZEROS);
        journal.setJournalDiskSyncStrategy(Journal.JournalDiskSyncStrategy.ALWAYS);
        journal.setEnableAsyncDiskSync(true);
        journal.setChecksum(true);
        journal.setCheckForCorruptionOnStartup(true);
        journal.start();
        return journal;
    }

    /** The start checks every batch; reading a record does not. */
    @Override
    public Replayed replay(Path directory, Settings settings) throws IOException {
        long records = 0;
        long bytes = 0;
        Journal journal = start(directory, settings);
        try {
            for (Location at = journal.getNextLocation(null); at != null; at = journal.getNextLocation(at)) {
                records++;
                bytes += journal.read(at).getLength();
            }
        } finally {
            journal.close();
        }
        return new Replayed(records, bytes);
    }

    private static final class Open implements MeasuredLog {
        private final Journal journal;
        private final InFlight inFlight = new InFlight();

        Open(Journal journal) {
            this.journal = journal;
        }

        @SuppressWarnings("ByteBufferBackingArray") // a record begins where its array begins
        @Override
        public void append(ByteBuffer record) throws IOException {
            journal.write(new ByteSequence(record.array(), 0, record.limit()), true);
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable durable) throws IOException {
            // The journal keeps the array until it has written it.
            byte[] copy = new byte[record.limit()];
            record.get(0, copy);
            inFlight.begin();
            journal.write(new ByteSequence(copy), () -> {
                inFlight.end();
                durable.run();
            });
        }

        /** A write without a callback would not be forced before the journal's next file. */
        @Override
        public void appendBuffered(ByteBuffer record) throws IOException {
            byte[] copy = new byte[record.limit()];
            record.get(0, copy);
            inFlight.begin();
            journal.write(new ByteSequence(copy), inFlight::end);
        }

        @Override
        public void sync() throws IOException {
            inFlight.awaitAll();
        }

        @Override
        public void close() throws IOException {
            journal.close();
        }
    }
}
