package io.veloz.wal;

import static io.veloz.wal.TestLog.CURRENT;
import static io.veloz.wal.TestLog.PREPARED;
import static io.veloz.wal.TestLog.read;
import static io.veloz.wal.TestLog.sealed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.recovery.LogCopy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The records that a salvage returns from a damaged log, and the losses that it reports. */
@Timeout(120)
class SalvageTest {
    /**
     * 1 to 3 in segment 1; 4 and the group 5, 6, 7 in segment 2, with heads at 4096 + 88, then 88 further; 8 in segment
     * 3; 9 and 10 in the current one.
     */
    private static MemoryStorage log;

    private static List<TestLog.LoggedRecord> all;

    @BeforeAll
    static void writeLog() {
        log = TestLog.idle(wal -> {
            TestLog.append(wal, 3);
            wal.roll();
            TestLog.append(wal, 1);
            TestLog.appendGroup(wal, 3);
            wal.roll();
            TestLog.append(wal, 1);
            wal.roll();
            TestLog.append(wal, 2);
        });
        all = read(log);
    }

    private static final int HEARTBEAT_BYTES = 88;
    private static final int BATCH_BYTES = 56 + 32;

    /** Reads with a salvage, and checks that exactly the records that are not returned are in the lost ranges. */
    private static void leaves(MemoryStorage storage, long... lost) {
        try (WalReader reader =
                WalReader.open(ReadOptions.of(storage.readOnly()).salvage())) {
            List<TestLog.LoggedRecord> expected = new ArrayList<>(all);
            for (long sequence : lost) {
                expected.removeIf(entry -> entry.sequence() == sequence);
            }
            assertThat(TestLog.rest(reader)).isEqualTo(expected);
            List<Long> reported = new ArrayList<>();
            for (LostRange range : reader.lost()) {
                long last = range.lastSequence() < 0 ? 10 : range.lastSequence();
                LongStream.rangeClosed(range.firstSequence(), last).forEach(reported::add);
            }
            assertThat(reported)
                    .containsExactlyElementsOf(LongStream.of(lost).boxed().toList());
            assertThat(reader.hasTornTail()).isFalse();
        }
    }

    @Test
    void soundLogLosesNothing() {
        leaves(log.copy());
    }

    @Test
    void damagedSegmentHeaderLosesTheSegment() {
        leaves(log.copy().flip(sealed(1), 50, 1), 1, 2, 3);
        leaves(log.copy().flip(sealed(2), 50, 1), 4, 5, 6, 7);
        leaves(log.copy().flip(CURRENT, 50, 1), 9, 10);
    }

    @Test
    void missingSegmentLosesTheSegment() {
        leaves(log.copy().remove(sealed(1)), 1, 2, 3);
        leaves(log.copy().remove(sealed(2)), 4, 5, 6, 7);
        leaves(log.copy().remove(sealed(1)).remove(sealed(3)), 1, 2, 3, 8);
    }

    @Test
    void damagedOpeningBatchLosesOnlyItself() {
        leaves(log.copy().flip(sealed(1), 4096 + 20, 1), 1);
        leaves(log.copy().flip(sealed(2), 4096 + 20, 1));
        leaves(log.copy().flip(CURRENT, 4096 + 60, 1));
    }

    @Test
    void damagedBatchHeadLosesTheBatch() {
        leaves(log.copy().flip(sealed(2), 4096 + HEARTBEAT_BYTES + 20, 1), 4);
        leaves(log.copy().flip(sealed(2), 4096 + HEARTBEAT_BYTES + BATCH_BYTES + 20, 1), 5, 6, 7);
    }

    @Test
    void damagedRecordOfAGroupLosesTheGroup() {
        int group = 4096 + HEARTBEAT_BYTES + BATCH_BYTES + 56;
        for (int record = 0; record < 3; record++) {
            leaves(log.copy().flip(sealed(2), group + record * 40 + 24, 1), 5, 6, 7);
            leaves(log.copy().flip(sealed(2), group + record * 40 + 3, 1), 5, 6, 7);
        }
    }

    @Test
    void damagedLastRecordIsLostAndReported() {
        leaves(log.copy().flip(sealed(3), 4096 + HEARTBEAT_BYTES + 60, 1), 8);
        leaves(log.copy().flip(CURRENT, 4096 + HEARTBEAT_BYTES + BATCH_BYTES + 60, 1), 10);
    }

    @Test
    void damagedFooterLosesNothing() {
        leaves(log.copy().flip(sealed(2), log.bytes(sealed(2)).length - 20, 1));
        leaves(log.copy().cut(sealed(2), log.bytes(sealed(2)).length - 20));
    }

    @Test
    void singleRecordsOfABatchAreLostAlone() {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = Wal.open(TestLog.config(storage).build())) {
            // A group is one batch. Other records may share a batch.
            wal.append(1, TestLog.bytes("warm up"), Durability.LOSE_UNFORCED);
            for (int i = 0; i < 60; i++) {
                wal.append(1, TestLog.bytes("record " + i), Durability.LOSE_UNFORCED);
            }
        }
        List<TestLog.LoggedRecord> whole = read(storage);
        byte[] bytes = storage.bytes(sealed(1));
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("record 30");
        try (WalReader reader =
                WalReader.open(ReadOptions.of(storage.flip(sealed(1), at, 1)).salvage())) {
            assertThat(TestLog.rest(reader)).hasSize(60).isSubsetOf(whole);
            assertThat(reader.lost()).singleElement().satisfies(range -> {
                assertThat(range.firstSequence()).isEqualTo(32);
                assertThat(range.lastSequence()).isEqualTo(32);
                assertThat(range.file()).isEqualTo(sealed(1));
            });
        }
    }

    // ---- manipulated files

    @Test
    void duplicatedRecordsAreReturnedOnce() {
        byte[] bytes = log.bytes(CURRENT);
        int first = 4096 + HEARTBEAT_BYTES;
        int end = bytes.length;
        while (bytes[end - 1] == 0) {
            end--;
        }
        // After a gap, so that the search for the next batch finds it.
        System.arraycopy(bytes, first, bytes, ((end + 7) & ~7) + 8, BATCH_BYTES);
        leaves(log.copy().put(CURRENT, bytes));
    }

    /** Any number that fits a file name. A salvage must not count up to it. */
    @Test
    @Timeout(60)
    void segmentWithAVeryHighNumberDoesNotSlowASalvage() throws Exception {
        SegmentHeader current = headerOf(log.bytes(CURRENT));
        SegmentHeader far = new SegmentHeader(current.logId(), SegmentHeader.MAX_NUMBER, 77, 16 * 1024, 4096, 1);
        MemoryStorage storage = log.copy().put(PREPARED, page(far, 16 * 1024));
        try (WalReader reader =
                WalReader.open(ReadOptions.of(storage.readOnly()).salvage())) {
            assertThat(TestLog.rest(reader)).isEqualTo(all);
        }
    }

    /** A search for the next batch must not read the rest of the file each time. */
    @Test
    @Timeout(60)
    void segmentFullOfBatchesInWrongPlacesIsReadOnce() throws Exception {
        SegmentHeader segment = new SegmentHeader(new LogId(1, 2), 1, 77, 4 << 20, 4096, 1);
        byte[] bytes = page(segment, 4 << 20);
        BatchHeader head = new BatchHeader();
        head.length = BatchHeader.BYTES;
        head.firstSequence = 1;
        head.previousCrc = 1;
        ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 4096; at + BatchHeader.BYTES <= bytes.length; at += BatchHeader.BYTES) {
            head.encode(view, at, 77, new Checksum());
        }
        try (WalReader reader = WalReader.open(
                ReadOptions.of(new MemoryStorage().put(CURRENT, bytes)).salvage())) {
            assertThat(reader.next()).isFalse();
        }
    }

    @Test
    void largestBatchOfASmallFileIsSmallWhateverItsHeaderSays() throws Exception {
        SegmentHeader segment = new SegmentHeader(new LogId(1, 2), 1, 77, 1L << 40, SegmentHeader.MAX_BATCH_BYTES, 1);
        MemoryStorage storage = new MemoryStorage().put(CURRENT, page(segment, 16 * 1024));
        try (WalReader reader = WalReader.open(ReadOptions.of(storage).salvage())) {
            assertThat(reader.largestBatchBytes()).isEqualTo(16 * 1024);
        }
    }

    private static SegmentHeader headerOf(byte[] file) throws Exception {
        return SegmentHeader.decode(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN), file.length);
    }

    private static byte[] page(SegmentHeader header, int fileBytes) {
        byte[] file = new byte[fileBytes];
        header.encode().get(0, file, 0, SegmentHeader.BYTES);
        return file;
    }

    // ---- into a new log

    private static SalvageReport salvage(MemoryStorage storage, Path target) {
        return WalRecovery.salvage(ReadOptions.of(storage), target, WalProgress.NONE);
    }

    @Test
    void salvagedLogOpensAndReportsItsLosses(@TempDir Path directory) {
        Path target = directory.resolve("new");
        MemoryStorage damaged =
                log.copy().flip(sealed(2), 4096 + HEARTBEAT_BYTES + 20, 1).remove(sealed(1));
        SalvageReport report = salvage(damaged, target);
        assertThat(report.records()).isEqualTo(6);
        assertThat(report.firstSequence()).isEqualTo(5);
        assertThat(report.lastSequence()).isEqualTo(10);
        assertThat(report.lost())
                .extracting(LostRange::firstSequence, LostRange::lastSequence)
                .containsExactly(tuple(1L, 3L), tuple(4L, 4L));
        assertThat(read(ReadOptions.of(target))).isEqualTo(all.subList(4, 10));
        assertThat(WalRecovery.inspect(ReadOptions.of(target)).lost()).hasSize(1);
        try (Wal wal = Wal.open(target)) {
            assertThat(wal.recovery().isSound()).isTrue();
            assertThat(wal.appendDurable(1, TestLog.bytes("next"))).isEqualTo(11);
        }
        assertThat(Files.exists(directory.resolve("new.partial"))).isFalse();
    }

    @Test
    void salvageIntoADirectoryInUseIsRefused(@TempDir Path directory) throws Exception {
        Files.writeString(directory.resolve("file"), "mine");
        assertThatThrownBy(() -> salvage(log.copy(), directory))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("not empty");
        assertThat(Files.readString(directory.resolve("file"))).isEqualTo("mine");
    }

    @Test
    void copyKeepsAGroupInOneBatch() throws Exception {
        MemoryStorage copy = new MemoryStorage();
        try (var out = new LogCopy(copy, TestLog.NAMES, new LogId(1, 2), 1, 16 * 1024, 4096, () -> 1)) {
            // 3,400 bytes, then a group of 3 × 1,024, which does not fit after them.
            out.add(1, 1, false, 1, ByteBuffer.allocate(3400));
            for (int i = 0; i < 3; i++) {
                out.add(2 + i, 1, i < 2, 1, ByteBuffer.allocate(i == 0 ? 100 : 1000));
            }
            out.finish();
        }
        assertThat(read(copy))
                .extracting(TestLog.LoggedRecord::groupContinues)
                .containsExactly(false, true, true, false);
        // Damage in the first record of the group loses the whole group, and nothing else.
        int second = 4096 + 88 + 24 + 3400 + 56;
        try (WalReader reader = WalReader.open(
                ReadOptions.of(copy.flip(CURRENT, second + 30, 1)).salvage())) {
            assertThat(TestLog.sequences(TestLog.rest(reader))).containsExactly(1L);
        }
    }
}
