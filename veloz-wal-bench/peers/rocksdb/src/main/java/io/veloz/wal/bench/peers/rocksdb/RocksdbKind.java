package io.veloz.wal.bench.peers.rocksdb;

import io.veloz.wal.bench.log.GroupCommit;
import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.rocksdb.CompressionType;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * The write-ahead log of RocksDB, with a key for each record. RocksDB groups the commits of concurrent writers; what no appender
 * waits for is written in batches, because it has no asynchronous write.
 */
public final class RocksdbKind implements LogKind {
    private static final int RECYCLED_LOGS = 4;

    static {
        RocksDB.loadLibrary();
    }

    @Override
    public String durable() {
        return "one write to the WAL and fdatasync for each group of writers (sync=true), into recycled files; CRC-32C of each WAL record";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) throws RocksDBException {
        return new Open(new Database(directory, settings));
    }

    @Override
    public Replayed replay(Path directory, Settings settings) throws RocksDBException {
        long records = 0;
        long bytes = 0;
        Database database = new Database(directory, settings);
        try (RocksIterator iterator = database.db.newIterator()) {
            for (iterator.seekToFirst(); iterator.isValid(); iterator.next()) {
                records++;
                bytes += iterator.value().length;
            }
            iterator.status();
        } finally {
            database.close();
        }
        return new Replayed(records, bytes);
    }

    private static final class Database implements GroupCommit.Store {
        private final Options options;
        private final RocksDB db;
        private final WriteOptions sync = new WriteOptions().setSync(true);
        private final WriteBatch batch = new WriteBatch();
        private final AtomicLong sequence = new AtomicLong();

        Database(Path directory, Settings settings) throws RocksDBException {
            // A log file ends when its memtable is full: the table's size is that of the other logs' files.
            options = new Options()
                    .setCreateIfMissing(true)
                    .setWriteBufferSize(settings.segmentBytes())
                    .setMaxWriteBufferNumber(RECYCLED_LOGS)
                    .setRecycleLogFileNum(RECYCLED_LOGS)
                    .setCompressionType(CompressionType.NO_COMPRESSION)
                    .setDisableAutoCompactions(true)
                    .setLevel0SlowdownWritesTrigger(Integer.MAX_VALUE)
                    .setLevel0StopWritesTrigger(Integer.MAX_VALUE);
            db = RocksDB.open(options, directory.toString());
        }

        byte[] nextKey() {
            return ByteBuffer.allocate(Long.BYTES)
                    .putLong(sequence.incrementAndGet())
                    .array();
        }

        @Override
        public void put(byte[] record) throws RocksDBException {
            batch.put(nextKey(), record);
        }

        @Override
        public void commit() throws RocksDBException {
            db.write(sync, batch);
            batch.clear();
        }

        @Override
        public void close() {
            batch.close();
            sync.close();
            db.close();
            options.close();
        }
    }

    private static final class Open implements MeasuredLog {
        private final Database database;
        private final GroupCommit batches;

        Open(Database database) {
            this.database = database;
            this.batches = new GroupCommit(database);
        }

        @SuppressWarnings("ByteBufferBackingArray") // a record begins where its array begins
        @Override
        public void append(ByteBuffer record) throws RocksDBException {
            database.db.put(database.sync, database.nextKey(), record.array());
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable durable) throws Exception {
            batches.appendAsync(record, durable);
        }

        @Override
        public void appendBuffered(ByteBuffer record) throws Exception {
            batches.appendBuffered(record);
        }

        @Override
        public void sync() throws Exception {
            batches.sync();
        }

        @Override
        public void close() throws IOException {
            batches.close();
        }
    }
}
