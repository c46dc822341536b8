package io.veloz.wal;

import static io.veloz.wal.TestLog.CURRENT;
import static io.veloz.wal.TestLog.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.RecordLayout;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.recovery.LogCopy;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sizes at the limits of a batch and of a segment, numbers near the ends of their types, and impossible lengths. */
@Timeout(120)
class LimitsTest {
    private static final int FIRST_BATCH_HEAD = 88;
    private static final int BATCH_HEAD = 56;

    // ---- sizes

    /** A segment reserves space for one batch without records, so its limit is that much before its end. */
    @ParameterizedTest
    @ValueSource(ints = {-8, -1, 0, 1, 8})
    void recordThatEndsAtTheLimitOfItsSegment(int distance) {
        MemoryStorage storage = new MemoryStorage();
        int record = 24 + 2976;
        int room = TestLog.SEGMENT_BYTES - 4096 - FIRST_BATCH_HEAD - 3 * record - 2 * BATCH_HEAD;
        try (Wal wal = TestLog.open(storage)) {
            for (int i = 0; i < 3; i++) {
                wal.appendDurable(1, ByteBuffer.allocate(2976));
            }
            wal.appendDurable(2, ByteBuffer.allocate(room - FIRST_BATCH_HEAD - BATCH_HEAD - 24 + distance));
            wal.appendDurable(3, TestLog.bytes("after"));
            wal.roll();
        }
        assertThat(read(storage)).extracting(TestLog.LoggedRecord::type).containsExactly(1, 1, 1, 2, 3);
        TestLog.open(storage).close();
        assertThat(read(storage)).hasSize(5);
        RecoveryReport report = WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE);
        assertThat(report.segments().get(0).lastSequence()).isEqualTo(distance <= 0 ? 4 : 3);
    }

    @Test
    void largestPayloadIsAppendedAndOneByteMoreIsRefusedBeforeAnythingIsWritten() {
        MemoryStorage storage = new MemoryStorage();
        WalConfig config = TestLog.config(storage).build();
        int max = config.maxPayloadBytes();
        try (Wal wal = Wal.open(config)) {
            assertThatThrownBy(() -> wal.appendDurable(1, ByteBuffer.allocate(max + 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(String.valueOf(max));
            assertThat(wal.lastSequence()).isZero();
            for (int i = 0; i < 7; i++) {
                wal.appendDurable(1, ByteBuffer.allocate(max));
            }
            wal.appendDurable(1, ByteBuffer.allocate(0));
            wal.appendDurable(1, ByteBuffer.allocate(1));
        }
        assertThat(read(storage))
                .extracting(entry -> entry.payload().length())
                .containsExactly(max, max, max, max, max, max, max, 0, 1);
    }

    @Test
    void largestGroupIsAppendedAndOneRecordMoreIsRefused() {
        MemoryStorage storage = new MemoryStorage();
        WalConfig config = TestLog.config(storage).build();
        int records = RecordLayout.size(config.maxPayloadBytes()) / 24;
        RecordGroup group = new RecordGroup();
        for (int i = 0; i < records; i++) {
            group.add(1, ByteBuffer.allocate(0));
        }
        try (Wal wal = Wal.open(config)) {
            assertThat(wal.appendDurable(group)).isEqualTo(records);
            group.add(1, ByteBuffer.allocate(0));
            assertThatThrownBy(() -> wal.append(group)).isInstanceOf(IllegalArgumentException.class);
            assertThat(wal.lastSequence()).isEqualTo(records);
        }
        assertThat(read(storage)).hasSize(records);
    }

    // ---- numbers

    @ParameterizedTest
    @ValueSource(longs = {0x7FFF_FFFEL, 0xFFFF_FFFEL, (1L << 40) - 2, Long.MAX_VALUE - 4})
    void sequencesNearTheEndOfAType(long first) throws IOException {
        MemoryStorage storage = new MemoryStorage();
        try (LogCopy copy = new LogCopy(
                storage, TestLog.NAMES, new LogId(1, 2), first, 16 * 1024, 4096, () -> TestLog.START_NANOS)) {
            copy.add(first, 1, false, 1, TestLog.bytes("a"));
            copy.finish();
        }
        try (Wal wal = TestLog.open(storage)) {
            assertThat(wal.lastSequence()).isEqualTo(first);
            assertThat(wal.appendDurable(1, TestLog.bytes("b"))).isEqualTo(first + 1);
            wal.roll();
            assertThat(wal.appendDurable(1, TestLog.bytes("c"))).isEqualTo(first + 2);
        }
        assertThat(TestLog.sequences(read(storage))).containsExactly(first, first + 1, first + 2);
        assertThat(TestLog.sequences(read(ReadOptions.of(storage).fromSequence(first + 1))))
                .containsExactly(first + 1, first + 2);
    }

    @Test
    void afterTheLastSequenceAppendsAreRefused() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        long last = Long.MAX_VALUE - 1;
        try (LogCopy copy = new LogCopy(
                storage, TestLog.NAMES, new LogId(1, 2), last, 16 * 1024, 4096, () -> TestLog.START_NANOS)) {
            copy.add(last, 1, false, 1, TestLog.bytes("the last"));
            copy.finish();
        }
        WalConfig config =
                TestLog.config(storage).bufferFullTimeout(Duration.ZERO).build();
        try (Wal wal = Wal.open(config)) {
            assertThatThrownBy(() -> wal.append(1, TestLog.bytes("none"))).isInstanceOf(WalBusyException.class);
        }
        assertThat(TestLog.sequences(read(storage))).containsExactly(last);
    }

    @ParameterizedTest
    @ValueSource(longs = {Integer.MAX_VALUE, 0xFFFF_FFFFL, SegmentHeader.MAX_NUMBER - 2})
    void segmentNumbersNearTheEndOfAType(long number) throws IOException {
        MemoryStorage storage = segment(number, 50);
        try (Wal wal = TestLog.open(storage)) {
            assertThat(wal.lastSequence()).isEqualTo(50);
            wal.roll();
            TestLog.append(wal, 1);
        }
        assertThat(TestLog.sequences(read(storage))).containsExactly(50L, 51L);
        assertThat(storage.list()).contains(TestLog.sealed(number));
    }

    @Test
    void missingNumbersUpToTheHighestAreOneFinding() throws IOException {
        MemoryStorage storage = segment(SegmentHeader.MAX_NUMBER - 2, 50).remove(TestLog.NAMES.trimMark());
        assertThat(WalRecovery.inspect(ReadOptions.of(storage)).segments()).hasSize(2);
        assertThatThrownBy(() -> TestLog.open(storage))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining(TestLog.sealed(1));
    }

    /** Returns a log that begins with a segment with that number and one record. */
    private static MemoryStorage segment(long number, long sequence) throws IOException {
        MemoryStorage storage = new MemoryStorage();
        LogId logId = new LogId(3, 4);
        TrimMark.writer(storage, TestLog.NAMES, logId).write(number, sequence);
        SegmentHeader header = new SegmentHeader(logId, number, 99, 16 * 1024, 4096, 1);
        StorageFile file = storage.create(CURRENT);
        file.writeFully(header.encode(), 0);
        try (SegmentFile segment = new SegmentFile(file, header, new Predecessor(number - 1, 5, 4096, 6))) {
            ByteBuffer batch = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
            RecordLayout.putHeader(batch, SegmentFile.RECORDS_AT, 0, 1, 0, 1);
            segment.write(batch, SegmentFile.RECORDS_AT + 24, 1, sequence, sequence - 1, 1, 0);
        }
        return storage;
    }

    // ---- impossible lengths with valid checksums

    /** R4: reading a segment of some kilobytes never allocates more than about a megabyte, whatever its content. */
    private static List<TestLog.LoggedRecord> readWithLittleMemory(MemoryStorage storage) {
        var thread = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = thread.getCurrentThreadAllocatedBytes();
        List<TestLog.LoggedRecord> logged = read(storage);
        assertThat(thread.getCurrentThreadAllocatedBytes() - before)
                .as("bytes allocated to read it")
                .isLessThan(1024 * 1024);
        return logged;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, -8, 8, 48, 4104, Integer.MAX_VALUE, Integer.MAX_VALUE - 7, Integer.MIN_VALUE})
    void impossibleBatchLengthIsATornTail(int length) throws IOException {
        assertThat(readWithLittleMemory(craft(header -> header.length = length)))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 2, 1000, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void impossibleRecordCountIsATornTail(int count) throws IOException {
        assertThat(readWithLittleMemory(craft(header -> header.recordCount = count)))
                .isEmpty();
    }

    @Test
    void impossibleSequencesAreATornTail() throws IOException {
        assertThat(readWithLittleMemory(craft(header -> header.firstSequence = Long.MAX_VALUE)))
                .isEmpty();
        assertThat(readWithLittleMemory(craft(header -> header.firstSequence = -1)))
                .isEmpty();
        assertThat(readWithLittleMemory(craft(header -> header.durableSequence = 1)))
                .isEmpty();
        assertThat(readWithLittleMemory(craft(header -> header.durableSequence = -5)))
                .isEmpty();
    }

    @Test
    void batchWithAnUnknownFlagIsIgnored() throws IOException {
        assertThat(readWithLittleMemory(craft(header -> header.flags |= 1 << 7)))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1, 2000, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void impossiblePayloadLengthIsATornTail(int length) {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            wal.appendDurable(1, ByteBuffer.allocate(0));
            storage = storage.copy();
        }
        byte[] bytes = storage.bytes(CURRENT);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(4096 + FIRST_BATCH_HEAD, length);
        assertThat(readWithLittleMemory(storage.put(CURRENT, bytes))).isEmpty();
    }

    @Test
    void largestBatchThatAHeaderMayStateAllocatesNoMoreThanTheFileHas() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        int most = SegmentHeader.MAX_BATCH_BYTES;
        SegmentHeader segment = new SegmentHeader(new LogId(3, 4), 1, 99, 1L << 40, most, 1);
        StorageFile file = storage.create(CURRENT);
        file.writeFully(segment.encode(), 0);
        file.writeFully(batch(segment, header -> header.length = most), 4096);
        assertThat(readWithLittleMemory(storage)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 15, 161, 0x1000_0000, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void impossibleFooterLengthIsADamagedFooter(int length) {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            TestLog.append(wal, 2);
            wal.roll();
        }
        byte[] bytes = storage.bytes(TestLog.sealed(1));
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length - 16, length);
        assertThat(readWithLittleMemory(storage.put(TestLog.sealed(1), bytes))).hasSize(2);
    }

    private interface Edit {
        void change(BatchHeader header);
    }

    private static MemoryStorage craft(Edit edit) throws IOException {
        MemoryStorage storage = new MemoryStorage();
        SegmentHeader segment = new SegmentHeader(new LogId(3, 4), 1, 99, 16 * 1024, 4096, 1);
        StorageFile file = storage.create(CURRENT);
        file.writeFully(segment.encode(), 0);
        file.writeFully(batch(segment, edit), 4096);
        return storage;
    }

    private static ByteBuffer batch(SegmentHeader segment, Edit edit) {
        ByteBuffer buffer = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
        Checksum checksum = new Checksum();
        Predecessor.NONE.encode(buffer, BATCH_HEAD, segment.salt(), checksum);
        RecordLayout.putHeader(buffer, FIRST_BATCH_HEAD, 0, 1, 0, 1);
        int crc = RecordLayout.computeCrc(buffer, FIRST_BATCH_HEAD, segment.salt(), 1, checksum);
        RecordLayout.putCrc(buffer, FIRST_BATCH_HEAD, crc);
        BatchHeader header = new BatchHeader();
        header.length = FIRST_BATCH_HEAD + 24;
        header.firstSequence = 1;
        header.recordCount = 1;
        header.flags = BatchHeader.OPENS_SEGMENT;
        header.recordsCrc = checksum.start().add(crc).value();
        edit.change(header);
        header.encode(buffer, 0, segment.salt(), checksum);
        return buffer;
    }

    @Test
    void craftedBatchIsReadIfNothingIsChanged() throws IOException {
        assertThat(read(craft(header -> {}))).hasSize(1);
    }
}
