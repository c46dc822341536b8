package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.veloz.wal.fault.HeapStorage;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The bytes that a thread allocates on the heap for a record: none in compiled code. The quickest code counts, because code that
 * is not compiled yet allocates what the compiler removes.
 */
@Timeout(120)
class AllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Fits the buffer of a log, so that no append waits for the disk. */
    private static final int RECORDS = 20_000;

    private static final int MOST_ROUNDS = 50;

    @TempDir
    Path dir;

    /** Handles {@link #RECORDS} records. */
    private interface Round {
        void run();
    }

    private static long allocatedBytes() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    /** Runs rounds until one allocates less than a byte per record, or too many have run, and returns the least of all. */
    private static double leastBytesPerRecord(Round prepare, Round round) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < MOST_ROUNDS && least >= RECORDS; i++) {
            prepare.run();
            long before = allocatedBytes();
            round.run();
            least = Math.min(least, allocatedBytes() - before);
        }
        return (double) least / RECORDS;
    }

    @ParameterizedTest
    @EnumSource
    void appendThatDoesNotWaitAllocatesNothing(Durability durability) {
        ByteBuffer payload = ByteBuffer.allocate(256);
        try (Wal wal = Wal.open(dir)) {
            assertThat(leastBytesPerRecord(wal::sync, () -> {
                        for (int i = 0; i < RECORDS; i++) {
                            wal.append(1, payload.clear(), durability);
                        }
                    }))
                    .isLessThan(1);
        }
    }

    @Test
    void appendOfAGroupAllocatesNothing() {
        ByteBuffer payload = ByteBuffer.allocate(256);
        RecordGroup group = new RecordGroup();
        try (Wal wal = Wal.open(dir)) {
            assertThat(leastBytesPerRecord(wal::sync, () -> {
                        for (int i = 0; i < RECORDS / 2; i++) {
                            group.clear();
                            wal.append(group.add(1, payload.clear()).add(2, payload));
                        }
                    }))
                    .isLessThan(1);
        }
    }

    /** The threads of the log allocate for a batch, and a batch has many records while they are appended without a pause. */
    @Test
    void threadsOfTheLogAllocateLessThanAByteForARecord() {
        ByteBuffer payload = ByteBuffer.allocate(256);
        try (Wal wal = Wal.open(dir)) {
            long least = Long.MAX_VALUE;
            for (int round = 0; round < MOST_ROUNDS && least >= RECORDS; round++) {
                long before = bytesOfLogThreads();
                for (int i = 0; i < RECORDS; i++) {
                    wal.append(1, payload.clear());
                }
                wal.sync();
                least = Math.min(least, bytesOfLogThreads() - before);
            }
            assertThat(least).isLessThan(RECORDS);
        }
    }

    private long bytesOfLogThreads() {
        long sum = 0;
        for (long id : THREADS.getAllThreadIds()) {
            var thread = THREADS.getThreadInfo(id);
            if (thread != null
                    && thread.getThreadName().startsWith("veloz-wal-")
                    && thread.getThreadName().endsWith(dir.toString())) {
                sum += THREADS.getThreadAllocatedBytes(id);
            }
        }
        return sum;
    }

    /** It waits, and each thread that waits is an entry of a queue. */
    @Test
    void appendThatWaitsUntilItsRecordIsDurableAllocatesTheEntryOfAQueueAtMost() {
        ByteBuffer payload = ByteBuffer.allocate(64);
        try (Wal wal = Wal.open(WalConfig.builder(new HeapStorage())
                .segmentBytes(4 << 20)
                .heartbeatDelay(Duration.ofHours(1))
                .build())) {
            int appends = 1_000;
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20; round++) {
                long before = allocatedBytes();
                for (int i = 0; i < appends; i++) {
                    wal.appendDurable(1, payload.clear());
                }
                least = Math.min(least, allocatedBytes() - before);
            }
            assertThat(least / appends).isLessThanOrEqualTo(96);
        }
    }

    /** The window of a reader grows while it reads the first records of a segment. */
    @Test
    void readerAllocatesNothingForARecord() {
        int first = 4_000 + write(4_000 + RECORDS);
        AtomicReference<@Nullable WalReader> opened = new AtomicReference<>();
        AtomicLong read = new AtomicLong();
        try {
            assertThat(leastBytesPerRecord(
                            () -> {
                                close(opened.get());
                                WalReader reader = WalReader.open(ReadOptions.of(dir));
                                opened.set(reader);
                                read.set(0);
                                read(reader, first, read);
                            },
                            () -> read(Objects.requireNonNull(opened.get()), RECORDS, read)))
                    .isLessThan(1);
        } finally {
            close(opened.get());
        }
        assertThat(read.get()).isEqualTo(256L * (first + RECORDS));
    }

    /** Writes records to one segment, and returns how many were written before, while the segments were smaller. */
    private int write(int records) {
        ByteBuffer payload = ByteBuffer.allocate(256);
        try (Wal wal = Wal.open(WalConfig.builder(dir).maxBatchBytes(64 * 1024).build())) {
            while (wal.stats().activeSegmentRoomBytes() < 300L * records) {
                wal.appendDurable(1, payload.clear());
                wal.roll();
            }
            int before = (int) wal.lastSequence();
            for (int i = 0; i < records; i++) {
                wal.append(1, payload.clear());
            }
            return before;
        }
    }

    private static void close(@Nullable WalReader reader) {
        if (reader != null) {
            reader.close();
        }
    }

    private static void read(WalReader reader, int records, AtomicLong bytes) {
        for (int i = 0; i < records && reader.next(); i++) {
            bytes.addAndGet(reader.payload().remaining());
        }
    }
}
