package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.ReadSeam;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SegmentReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The cost of reading, in bytes and reads: proportional to the data, or to the new data, never to the segment size. */
@Timeout(120)
class ReadingCostTest {
    private static final int PAGE = 4096;
    private static final int BATCH_BYTES = 64 * 1024;

    /** The cost of a search after the data: the largest batch, in chunks, and the samples. */
    private static final long SEARCH_BYTES = 2 * BATCH_BYTES + 64 * 1024 + 64L * PAGE;

    private static Wal open(MemoryStorage storage, long segmentBytes) {
        return Wal.open(TestLog.config(storage)
                .segmentBytes(segmentBytes)
                .maxBatchBytes(BATCH_BYTES)
                .bufferBytes(4 * BATCH_BYTES)
                .build());
    }

    /** Returns a closed log with some records and the next segment prepared. */
    private static MemoryStorage log(long segmentBytes, int records) {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = open(storage, segmentBytes)) {
            TestLog.append(wal, records);
            wal.writeCheckpoint(3, out -> out.write(1));
            Logs.await("prepared", () -> storage.has(TestLog.PREPARED));
        }
        return storage;
    }

    private interface Reading {
        void of(ReadSeam seam) throws IOException;
    }

    private static long bytes(MemoryStorage storage, Reading reading) throws IOException {
        ReadSeam seam = new ReadSeam(storage);
        reading.of(seam);
        return seam.bytes();
    }

    private static void assertCostsTheSameInASegmentOfAnyLength(Reading reading, long bound) throws IOException {
        long small = bytes(log(4L << 20, 10), reading);
        long large = bytes(log(32L << 20, 10), reading);
        assertThat(large).isLessThanOrEqualTo(bound);
        assertThat(large).isLessThanOrEqualTo(small + 3 * 64L * PAGE);
    }

    // ---- opening and inspecting

    @Test
    void openingReadsTheDataAndNotTheWholeSegment() throws IOException {
        assertCostsTheSameInASegmentOfAnyLength(
                seam -> {
                    try (WalReader reader = WalReader.open(ReadOptions.of(seam))) {
                        assertThat(TestLog.rest(reader)).hasSize(10);
                    }
                },
                3 * SEARCH_BYTES + 20 * PAGE);
    }

    @Test
    void openingForBytesReadsTheDataAndNotTheWholeSegment() throws IOException {
        assertCostsTheSameInASegmentOfAnyLength(
                seam -> {
                    try (SegmentReader reader = SegmentReader.open(LogFiles.of(seam, "orders"), 0, 0, 0)) {
                        while (reader.next()) {
                            assertThat(reader.bytes()).isPositive();
                        }
                        assertThat(reader.lastSequence()).isEqualTo(10);
                    }
                },
                3 * SEARCH_BYTES + 20 * PAGE);
    }

    @Test
    void inspectionReadsTheDataAndNotTheWholeSegment() throws IOException {
        assertCostsTheSameInASegmentOfAnyLength(
                seam -> assertThat(WalRecovery.inspect(ReadOptions.of(seam)).lastSequence())
                        .isEqualTo(10),
                2 * SEARCH_BYTES + 10 * PAGE);
    }

    @Test
    void newestCheckpointReadsTheHeadersAndTheCheckpointAlone() throws IOException {
        assertCostsTheSameInASegmentOfAnyLength(
                seam -> assertThat(WalCheckpoint.newest(ReadOptions.of(seam))).isPresent(), 4 * PAGE);
    }

    @Test
    void openingForWritingAfterACloseReadsTheDataAndNotTheWholeSegment() {
        MemoryStorage storage = log(32L << 20, 10);
        long before = storage.readBytes();
        open(storage, 32L << 20).close();
        assertThat(storage.readBytes() - before).isLessThanOrEqualTo(2 * SEARCH_BYTES + 40 * PAGE);
    }

    @Test
    void inspectionWhileAWriterHasTheLogOpenReadsTheData() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = open(storage, 32L << 20)) {
            TestLog.append(wal, 10);
            Logs.await("prepared", () -> storage.has(TestLog.PREPARED));
            assertThat(bytes(storage, seam -> WalRecovery.inspect(ReadOptions.of(seam))))
                    .isLessThanOrEqualTo(2 * SEARCH_BYTES + 10 * PAGE);
        }
    }

    // ---- reading through

    @Test
    void oneRecordBatchesAreReadOnceThoughEachIsConfirmedByTheNext() throws IOException {
        int records = 5_000;
        MemoryStorage storage = log(4L << 20, records);
        long data =
                WalRecovery.inspect(ReadOptions.of(storage)).segments().get(0).dataBytes();
        ReadSeam seam = new ReadSeam(storage);
        try (WalReader reader = WalReader.open(ReadOptions.of(seam))) {
            long opened = seam.bytes();
            long reads = seam.reads();
            assertThat(TestLog.rest(reader)).hasSize(records);
            // Once for the records, and at most once for the promises of later batches.
            assertThat(seam.bytes() - opened).isLessThanOrEqualTo(2 * data + SEARCH_BYTES + 100 * PAGE);
            assertThat(seam.reads() - reads).isLessThan(200);
        }
    }

    @Test
    void oneRecordBatchesOfALivingWriterAreReadTwiceAtMost() throws IOException {
        int records = 5_000;
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = open(storage, 4L << 20)) {
            TestLog.append(wal, records);
            ReadSeam seam = new ReadSeam(storage);
            try (WalReader reader = WalReader.open(ReadOptions.of(seam))) {
                long opened = seam.bytes();
                assertThat(TestLog.rest(reader)).hasSize(records - 1);
                long data = 4096L + 200L * records;
                assertThat(seam.bytes() - opened).isLessThanOrEqualTo(2 * data + 100 * PAGE);
            }
        }
    }

    // ---- at the end

    private static void assertIdlePollsCostLessThanAPage(ReadSeam seam, Reading poll) throws IOException {
        for (int i = 0; i < 3; i++) {
            poll.of(seam);
        }
        for (int i = 0; i < 100; i++) {
            long bytes = seam.bytes();
            long operations = seam.operations();
            poll.of(seam);
            assertThat(seam.bytes() - bytes).isLessThanOrEqualTo(PAGE);
            assertThat(seam.operations() - operations).isLessThanOrEqualTo(16);
        }
    }

    @Test
    void readerAtTheEndWithoutAWriterReadsLessThanAPageAtATime() throws IOException {
        MemoryStorage storage = log(32L << 20, 10);
        ReadSeam seam = new ReadSeam(storage);
        try (WalReader reader = WalReader.open(ReadOptions.of(seam))) {
            TestLog.rest(reader);
            assertIdlePollsCostLessThanAPage(
                    seam, same -> assertThat(reader.next()).isFalse());
            // It still returns new records.
            try (Wal wal = open(storage, 32L << 20)) {
                TestLog.append(wal, 2);
            }
            assertThat(TestLog.sequences(TestLog.rest(reader))).containsExactly(11L, 12L);
        }
    }

    @Test
    void waitingReaderWithoutAWriterOpensFilesAtOneOfFivePolls() throws IOException {
        ReadSeam seam = new ReadSeam(log(4L << 20, 10));
        try (WalReader reader = WalReader.open(ReadOptions.of(seam))) {
            TestLog.rest(reader);
            for (int i = 0; i < 3; i++) {
                assertThat(reader.next()).isFalse();
            }
            long opens = seam.opens();
            long reads = seam.reads();
            assertThat(reader.next()).isFalse();
            long opensOfPoll = seam.opens() - opens;
            long readsOfPoll = seam.reads() - reads;
            opens = seam.opens();
            reads = seam.reads();
            assertThat(reader.next(Duration.ofMillis(500))).isFalse();
            long full = (seam.opens() - opens) / opensOfPoll;
            long others = seam.reads() - reads - full * readsOfPoll;
            // The first and the last poll open files as well.
            assertThat(full).isLessThanOrEqualTo(3 + others / 4);
        }
    }

    @Test
    void salvageAtTheEndWithoutAWriterReadsLessThanAPageAtATime() throws IOException {
        ReadSeam seam = new ReadSeam(log(4L << 20, 10));
        try (WalReader reader = WalReader.open(ReadOptions.of(seam).salvage())) {
            assertThat(TestLog.rest(reader)).hasSize(10);
            assertIdlePollsCostLessThanAPage(
                    seam, same -> assertThat(reader.next()).isFalse());
        }
    }

    @Test
    void segmentReaderAtTheEndWithoutAWriterReadsLessThanAPageAtATime() throws IOException {
        MemoryStorage storage = log(32L << 20, 10);
        ReadSeam seam = new ReadSeam(storage);
        try (SegmentReader reader = SegmentReader.open(LogFiles.of(seam, "orders"), 0, 0, 0)) {
            while (reader.next()) {
                assertThat(reader.lastSequence()).isLessThanOrEqualTo(10);
            }
            assertIdlePollsCostLessThanAPage(
                    seam, same -> assertThat(reader.next()).isFalse());
        }
    }

    @Test
    void readerInAnotherProcessThatAwaitsAPromiseReadsLessThanAPageAtATimeAndMissesNothing() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = open(storage, 4L << 20)) {
            Logs.await("prepared", () -> storage.has(TestLog.PREPARED));
            ReadSeam seam = new ReadSeam(storage);
            try (WalReader reader = WalReader.open(ReadOptions.of(seam))) {
                List<Long> seen = new ArrayList<>();
                for (int i = 1; i <= 20; i++) {
                    TestLog.append(wal, 1);
                    if (i % 7 == 0) {
                        wal.roll();
                        Logs.await("prepared", () -> storage.has(TestLog.PREPARED));
                    }
                    seen.addAll(TestLog.sequences(TestLog.rest(reader)));
                    // The newest record is not promised yet, unless the segment was sealed after it.
                    assertThat(seen).hasSize(i % 7 == 0 ? i : i - 1);
                    assertIdlePollsCostLessThanAPage(
                            seam, same -> assertThat(reader.next()).isFalse());
                }
            }
        }
    }

    @Test
    void followingCostsSomePagesForEachRecordAndNotAWindow() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = open(storage, 32L << 20)) {
            Logs.await("prepared", () -> storage.has(TestLog.PREPARED));
            ReadSeam seam = new ReadSeam(storage);
            try (WalReader reader = WalReader.open(ReadOptions.of(seam))) {
                TestLog.rest(reader);
                long before = seam.bytes();
                for (int i = 0; i < 100; i++) {
                    TestLog.append(wal, 1);
                    TestLog.rest(reader);
                }
                assertThat(seam.bytes() - before).isLessThan(100L * 12 * PAGE);
            }
        }
    }

    // ---- data that a search must find without reading everything

    /** Returns a log of sixty batches of one large record each, of which the disk has lost some. */
    private static MemoryStorage withoutBatches(int from, int to) throws IOException {
        MemoryStorage storage = new MemoryStorage();
        MemoryStorage left;
        try (Wal wal = open(storage, 4L << 20)) {
            for (int i = 0; i < 60; i++) {
                wal.appendDurable(1, ByteBuffer.allocate(60_000));
            }
            left = storage.copy();
        }
        List<Long> starts = new ArrayList<>();
        try (SegmentReader reader = SegmentReader.open(LogFiles.of(storage, "orders"), 0, 0, 0)) {
            while (reader.next()) {
                starts.add(starts.isEmpty() ? 4096L : reader.position());
            }
        }
        byte[] bytes = left.bytes(TestLog.CURRENT);
        Arrays.fill(bytes, starts.get(from).intValue(), starts.get(to).intValue(), (byte) 0);
        return left.put(TestLog.CURRENT, bytes);
    }

    private static void assertDamageIsFound(MemoryStorage storage) {
        assertThatThrownBy(() -> TestLog.read(storage)).isInstanceOf(WalCorruptException.class);
        assertThat(WalRecovery.inspect(ReadOptions.of(storage)).segments())
                .anyMatch(segment -> segment.verdict() == SegmentReport.Verdict.CORRUPT);
        assertThatThrownBy(() -> open(storage, 4L << 20)).isInstanceOf(WalCorruptException.class);
    }

    @Test
    void batchOfTheLargestSizeThatIsLostDoesNotHideTheNext() throws IOException {
        assertDamageIsFound(withoutBatches(57, 58));
    }

    @Test
    void severalLostBatchesDoNotHideLongerData() throws IOException {
        assertDamageIsFound(withoutBatches(10, 30));
    }

    /** An inspection samples and misses this data, but an open, which would cut it off, finds it. */
    @Test
    void openingForWritingReadsEveryByteAfterDataThatIsNotPromised() throws IOException {
        MemoryStorage storage = withoutBatches(3, 59);
        byte[] bytes = storage.bytes(TestLog.CURRENT);
        int last = bytes.length;
        while (bytes[last - 1] == 0) {
            last--;
        }
        // Only the head of the last batch is left, which is shorter than the distance between two samples.
        int head = last - last % 8;
        while (head > 4096 && !isHead(bytes, head)) {
            head -= 8;
        }
        Arrays.fill(bytes, head + 200, bytes.length, (byte) 0);
        storage.put(TestLog.CURRENT, bytes);
        assertThatThrownBy(() -> open(storage, 4L << 20)).isInstanceOf(WalCorruptException.class);
        assertThat(WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE).segments())
                .anyMatch(segment -> segment.verdict() == SegmentReport.Verdict.CORRUPT);
    }

    private static boolean isHead(byte[] bytes, int at) {
        return Arrays.equals(bytes, at, at + 4, bytes, 4096, 4100);
    }
}
