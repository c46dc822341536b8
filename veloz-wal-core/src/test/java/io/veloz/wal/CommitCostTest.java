package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The cost of a commit, in writes, bytes and forces of the thread that commits: one write and one force for each batch. */
@Timeout(60)
class CommitCostTest {
    private static final int BATCH_HEADER_BYTES = 56;
    private static final int RECORD_HEADER_BYTES = 24;

    /** Counts what the commit thread does. The next segment is filled by another thread. */
    private static final class CommitCounts extends ForwardingStorage {
        final AtomicLong writes = new AtomicLong();
        final AtomicLong bytes = new AtomicLong();
        final AtomicLong forces = new AtomicLong();
        final AtomicLong others = new AtomicLong();

        CommitCounts(Storage storage) {
            super(storage);
        }

        private static boolean isCommitThread() {
            return Thread.currentThread().getName().startsWith("veloz-wal-commit");
        }

        private StorageFile counted(StorageFile file) {
            if (isCommitThread()) {
                others.incrementAndGet();
            }
            return new CountedFile(file);
        }

        @Override
        public StorageFile create(String name) throws IOException {
            return counted(super.create(name));
        }

        @Override
        public StorageFile open(String name) throws IOException {
            return counted(super.open(name));
        }

        @Override
        public StorageFile openForReading(String name) throws IOException {
            return counted(super.openForReading(name));
        }

        private final class CountedFile implements StorageFile {
            private final StorageFile file;

            CountedFile(StorageFile file) {
                this.file = file;
            }

            @Override
            public int write(ByteBuffer source, long position) throws IOException {
                int written = file.write(source, position);
                if (isCommitThread()) {
                    writes.incrementAndGet();
                    bytes.addAndGet(written);
                }
                return written;
            }

            @Override
            public void force() throws IOException {
                if (isCommitThread()) {
                    forces.incrementAndGet();
                }
                file.force();
            }

            @Override
            public int read(ByteBuffer target, long position) throws IOException {
                if (isCommitThread()) {
                    others.incrementAndGet();
                }
                return file.read(target, position);
            }

            @Override
            public void truncate(long size) throws IOException {
                if (isCommitThread()) {
                    others.incrementAndGet();
                }
                file.truncate(size);
            }

            @Override
            public long size() throws IOException {
                return file.size();
            }

            @Override
            public void close() throws IOException {
                file.close();
            }
        }
    }

    private final CommitCounts counts = new CommitCounts(new HeapStorage());

    private Wal open() {
        Wal wal = Wal.open(WalConfig.builder(counts)
                .segmentBytes(1 << 20)
                .maxBatchBytes(64 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .build());
        // The first batch of a segment also states how the segment before it ended.
        wal.appendDurable(1, ByteBuffer.allocate(8));
        Logs.awaitIdleHousekeepers();
        counts.writes.set(0);
        counts.bytes.set(0);
        counts.forces.set(0);
        counts.others.set(0);
        return wal;
    }

    @Test
    void durableAppendCostsOneWriteAndOneForce() {
        int appends = 100;
        try (Wal wal = open()) {
            for (int i = 0; i < appends; i++) {
                wal.appendDurable(1, ByteBuffer.allocate(100));
            }
            assertThat(counts.writes.get()).isEqualTo(appends);
            assertThat(counts.forces.get()).isEqualTo(appends);
            assertThat(counts.others.get()).isZero();
        }
    }

    @Test
    void batchAddsOneHeaderToItsRecordsAndARecordOneHeaderToItsPayload() {
        int appends = 100;
        try (Wal wal = open()) {
            for (int i = 0; i < appends; i++) {
                wal.appendDurable(1, ByteBuffer.allocate(100));
            }
            // Padded to a multiple of eight.
            assertThat(counts.bytes.get()).isEqualTo(appends * (BATCH_HEADER_BYTES + RECORD_HEADER_BYTES + 104L));
        }
    }

    @Test
    void groupOfAnyNumberOfRecordsCostsOneWriteAndOneForce() {
        RecordGroup group = new RecordGroup();
        for (int i = 0; i < 50; i++) {
            group.add(1, ByteBuffer.allocate(100));
        }
        try (Wal wal = open()) {
            wal.appendDurable(group);
            assertThat(counts.writes.get()).isEqualTo(1);
            assertThat(counts.forces.get()).isEqualTo(1);
            assertThat(counts.bytes.get()).isEqualTo(BATCH_HEADER_BYTES + 50 * (RECORD_HEADER_BYTES + 104L));
        }
    }

    @Test
    void recordsThatMayBeLostCostNoForceUntilASync() {
        try (Wal wal = open()) {
            for (int i = 0; i < 1_000; i++) {
                wal.append(1, ByteBuffer.allocate(100), Durability.LOSE_UNFORCED);
            }
            // Otherwise each batch that is written after the request is forced.
            Logs.await("all batches", () -> wal.stats().recordsWritten() == wal.lastSequence());
            assertThat(counts.forces.get()).isZero();
            wal.sync();
            assertThat(counts.forces.get()).isEqualTo(1);
            assertThat(wal.stats().batches() - 1).isEqualTo(counts.writes.get());
        }
    }

    @Test
    void idleLogCostsNothing() {
        try (Wal wal = open()) {
            Logs.awaitIdleHousekeepers();
            assertThat(wal.sync(Duration.ofSeconds(10))).isTrue();
            assertThat(counts.writes.get() + counts.forces.get() + counts.others.get())
                    .isZero();
        }
    }
}
