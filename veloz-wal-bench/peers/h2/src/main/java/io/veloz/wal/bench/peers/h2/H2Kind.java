package io.veloz.wal.bench.peers.h2;

import io.veloz.wal.bench.log.GroupCommit;
import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import java.nio.file.Path;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.LongDataType;

/** A map of an MVStore with one entry per record. A commit writes a chunk; a sync after it forces the file. */
public final class H2Kind implements LogKind {
    private static final String FILE = "log.mv";

    @Override
    public String durable() {
        return "one chunk of all waiting records (changed pages of a B-tree), fsync (sync after commit); "
                + "checksum of each chunk's header and footer, none of the records";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) {
        return new GroupCommit(new Map(store(directory)));
    }

    private static MVStore store(Path directory) {
        return new MVStore.Builder()
                .fileName(directory.resolve(FILE).toString())
                .autoCommitDisabled()
                .autoCompactFillRate(0)
                .open();
    }

    private static MVMap<Long, byte[]> map(MVStore store) {
        return store.openMap(
                "log",
                new MVMap.Builder<Long, byte[]>()
                        .keyType(LongDataType.INSTANCE)
                        .valueType(ByteArrayDataType.INSTANCE)
                        .singleWriter());
    }

    @Override
    public Replayed replay(Path directory, Settings settings) {
        long records = 0;
        long bytes = 0;
        try (MVStore store = store(directory)) {
            for (byte[] record : map(store).values()) {
                records++;
                bytes += record.length;
            }
        }
        return new Replayed(records, bytes);
    }

    private static final class Map implements GroupCommit.Store {
        private final MVStore store;
        private final MVMap<Long, byte[]> map;
        private long sequence;

        Map(MVStore store) {
            this.store = store;
            this.map = map(store);
            Long last = map.lastKey();
            this.sequence = last == null ? 0 : last;
        }

        @Override
        public void put(byte[] record) {
            map.append(++sequence, record);
        }

        @Override
        public void commit() {
            store.commit();
            store.sync();
        }

        @Override
        public void close() {
            store.close();
        }
    }
}
