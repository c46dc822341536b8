package io.veloz.wal;

import static io.veloz.wal.TestLog.CURRENT;
import static io.veloz.wal.TestLog.PREPARED;
import static io.veloz.wal.TestLog.read;
import static io.veloz.wal.TestLog.sealed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Each row of the crash tables of roll and recovery, constructed from the files of a finished log. */
class RollCrashTest {
    private static final long UP_TO_ROLL = 7;

    /** A log with sealed segments 1 and 2, current segment 3 with one record, and prepared segment 4. */
    private static MemoryStorage log;

    private static List<TestLog.LoggedRecord> all;

    /** Segment 2 before it was sealed. */
    private static byte[] unsealedTwo;

    private static byte[] blankThree;

    @BeforeAll
    static void writeLog() throws IOException {
        log = TestLog.idle(wal -> {
            TestLog.append(wal, 3);
            wal.roll();
            TestLog.append(wal, 2);
            TestLog.appendGroup(wal, 2);
            wal.roll();
            TestLog.append(wal, 2);
        });
        all = read(log);
        unsealedTwo =
                Arrays.copyOf(log.copy().cut(sealed(2), dataEnd(sealed(2))).bytes(sealed(2)), 16 * 1024);
        blankThree = log.copy().unmarked(CURRENT).zero(CURRENT, 4096).bytes(CURRENT);
    }

    private static int dataEnd(String file) {
        return (int) WalRecovery.inspect(ReadOptions.of(log)).segments().stream()
                .filter(segment -> segment.file().equals(file))
                .findFirst()
                .orElseThrow()
                .dataBytes();
    }

    /** Returns the files during the roll from 2 to 3: 2 is current, 3 is prepared, and 4 does not exist yet. */
    private static MemoryStorage rolling(byte[] two, byte[] three) {
        return log.copy().remove(sealed(2)).put(CURRENT, two).put(PREPARED, three);
    }

    private static byte[] three() {
        return log.bytes(CURRENT);
    }

    private static byte[] sealedTwo() {
        return log.bytes(sealed(2));
    }

    private static void opensWith(MemoryStorage storage, long records) {
        List<TestLog.LoggedRecord> expected = all.subList(0, (int) records);
        assertThat(read(storage.copy().readOnly())).isEqualTo(expected);
        assertThat(WalRecovery.inspect(ReadOptions.of(storage)).isSound()).isTrue();
        try (Wal wal = TestLog.open(storage)) {
            assertThat(wal.lastSequence()).isEqualTo(records);
            wal.appendDurable(5, TestLog.bytes("after"));
        }
        List<TestLog.LoggedRecord> after = read(storage);
        assertThat(after.subList(0, (int) records)).isEqualTo(expected);
        assertThat(after).hasSize((int) records + 1);
        assertThat(WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE).isSound())
                .isTrue();
        assertThat(storage.openFiles()).isZero();
    }

    @Test
    void nextSegmentWrittenAndLastNotSealed() {
        opensWith(rolling(unsealedTwo, three()), 9);
    }

    @Test
    void nextSegmentNotWrittenAndLastNotSealed() {
        opensWith(rolling(unsealedTwo, blankThree), UP_TO_ROLL);
    }

    @Test
    void lastSealedAndNotRenamedAndNextSegmentNotWritten() {
        opensWith(rolling(sealedTwo(), blankThree), UP_TO_ROLL);
    }

    @Test
    void lastSealedAndNotRenamedAndNextSegmentMissing() {
        opensWith(rolling(sealedTwo(), blankThree).remove(PREPARED), UP_TO_ROLL);
    }

    @Test
    void lastSealedAndNotRenamedAndNextSegmentWritten() {
        opensWith(rolling(sealedTwo(), three()), 9);
    }

    @Test
    void lastSealedAndRenamedAndNextSegmentStillPrepared() {
        opensWith(rolling(sealedTwo(), three()).move(CURRENT, sealed(2)), 9);
        opensWith(rolling(sealedTwo(), blankThree).move(CURRENT, sealed(2)), UP_TO_ROLL);
    }

    @Test
    void rolledAndNothingPrepared() {
        opensWith(log.copy().remove(PREPARED), 9);
    }

    @Test
    void footerCutAtEveryByte() throws IOException {
        int end = dataEnd(sealed(2));
        for (int size = end; size < sealedTwo().length; size++) {
            byte[] two = Arrays.copyOf(Arrays.copyOf(sealedTwo(), size), sealedTwo().length);
            for (byte[] three : List.of(three(), blankThree)) {
                MemoryStorage storage = rolling(two, three);
                List<TestLog.LoggedRecord> expected = all.subList(0, three == blankThree ? 7 : 9);
                TestLog.recover(storage);
                assertThat(read(storage))
                        .as("footer of " + (size - end) + " bytes")
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void footerWrittenAndNotYetCutToSize() {
        byte[] two = Arrays.copyOf(sealedTwo(), TestLog.SEGMENT_BYTES);
        opensWith(rolling(two, three()), 9);
        Arrays.fill(two, 12_000, 12_100, (byte) 7);
        opensWith(rolling(two, three()), 9);
        opensWith(rolling(two, blankThree), UP_TO_ROLL);
    }

    @Test
    void firstBatchOfNextSegmentIsTorn() {
        for (int size = 1; size < 8; size++) {
            byte[] three =
                    log.copy().unmarked(CURRENT).zero(CURRENT, 4096 + size * 11).bytes(CURRENT);
            opensWith(rolling(sealedTwo(), three), UP_TO_ROLL);
            opensWith(rolling(unsealedTwo, three), UP_TO_ROLL);
            opensWith(rolling(sealedTwo(), three).move(CURRENT, sealed(2)), UP_TO_ROLL);
        }
    }

    /** Two faults at once: the last batch of a segment is damaged, and the first batch of the next one is torn. */
    @Test
    void damagedLastBatchIsReportedThoughTheFirstBatchOfTheNextSegmentIsTorn() {
        byte[] three = log.copy().zero(CURRENT, 4096 + 8).bytes(CURRENT);
        ByteBuffer two = ByteBuffer.wrap(unsealedTwo).order(ByteOrder.LITTLE_ENDIAN);
        int last = 4096;
        int end = dataEnd(sealed(2));
        while (last + two.getInt(last + 4) < end) {
            last += two.getInt(last + 4);
        }
        for (int position = last; position < end; position++) {
            byte[] damaged = unsealedTwo.clone();
            damaged[position] ^= 1;
            MemoryStorage storage = rolling(damaged, three);
            assertThatThrownBy(() -> TestLog.open(storage))
                    .as("damage at %d", position)
                    .isInstanceOf(WalCorruptException.class);
        }
    }

    @Test
    void recoveryCutAfterSealedCopy() {
        opensWith(rolling(unsealedTwo, three()).put(sealed(2), sealedTwo()), 9);
        opensWith(rolling(unsealedTwo, blankThree).put(sealed(2), sealedTwo()), UP_TO_ROLL);
    }

    @Test
    void recoveryCutInSealedCopy() {
        String temporary = TestLog.NAMES.temporary(sealed(2));
        opensWith(rolling(unsealedTwo, three()).put(temporary, Arrays.copyOf(sealedTwo(), 4500)), 9);
    }

    @Test
    void recoveryCutAtEveryOperationKeepsTheRecords() {
        for (MemoryStorage start : List.of(rolling(unsealedTwo, three()), rolling(sealedTwo(), blankThree))) {
            List<TestLog.LoggedRecord> expected = read(start);
            int operations = 0;
            while (true) {
                MemoryStorage storage = start.copy().failAt(++operations);
                try {
                    TestLog.recover(storage);
                    break;
                } catch (IOException e) {
                    MemoryStorage left = storage.copy();
                    assertThat(read(left)).as("cut at operation " + operations).isEqualTo(expected);
                    opensWith(left, expected.size());
                }
            }
            assertThat(operations).isGreaterThan(10);
        }
    }

    @Test
    void numberedSegmentThatWasCutShortIsDamage() {
        int end = dataEnd(sealed(2));
        MemoryStorage blank = rolling(sealedTwo(), blankThree).move(CURRENT, sealed(2));
        for (int size = 4096; size < end; size += 8) {
            MemoryStorage cut = blank.copy().cut(sealed(2), size);
            assertThatThrownBy(() -> TestLog.open(cut))
                    .isInstanceOf(WalCorruptException.class)
                    .hasMessageContaining(sealed(2));
            assertThatThrownBy(() -> read(cut)).isInstanceOf(WalCorruptException.class);
        }
    }

    @Test
    void footerMadeAgainIsTheSame() throws IOException {
        MemoryStorage storage = log.copy().flip(sealed(1), dataEnd(sealed(1)) + 30, 1);
        TestLog.recover(storage);
        assertThat(storage.bytes(sealed(1))).isEqualTo(log.bytes(sealed(1)));
    }

    @Test
    void damagedFooterIsAWarningThatNamesTheFileUntilTheNextOpen() throws IOException {
        MemoryStorage storage = log.copy();
        storage.flip(sealed(2), dataEnd(sealed(2)) + 30, 1);
        for (RecoveryReport report : List.of(
                WalRecovery.inspect(ReadOptions.of(storage)),
                WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE))) {
            assertThat(report.isSound()).isTrue();
            assertThat(report.segments().get(1).detail()).contains("footer", "damaged");
            assertThat(report.segments().get(0).detail()).isEmpty();
        }
        TestLog.recover(storage);
        assertThat(storage.bytes(sealed(2))).isEqualTo(log.bytes(sealed(2)));
        assertThat(WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE)
                        .segments()
                        .get(1)
                        .detail())
                .isEmpty();
    }

    /** A later version may use them, and this version need not know how. */
    @Test
    void reservedBytesOfAFooterAreInTheChainAndNotInterpreted() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        byte[] changed;
        try (Wal wal = TestLog.open(storage)) {
            TestLog.append(wal, 3);
            wal.roll();
        }
        changed = storage.bytes(sealed(1));
        ByteBuffer view = ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN);
        int footer = changed.length - view.getInt(changed.length - 16);
        view.putInt(footer + 92, 0x12345678);
        int crc = new io.veloz.wal.internal.format.Checksum().of(view, footer, changed.length - 12 - footer);
        view.putInt(changed.length - 12, crc);
        storage.put(sealed(1), changed);
        // An open seals the next segment, which then has the digest of the footer as it is.
        for (int i = 0; i < 2; i++) {
            try (Wal wal = TestLog.open(storage)) {
                TestLog.append(wal, 2);
            }
        }
        assertThat(WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE).isSound())
                .isTrue();
        assertThat(read(storage)).hasSize(7);
        assertThat(storage.bytes(sealed(1))).isEqualTo(changed);
    }

    @Test
    void emptyPreparedFileIsIgnoredWhateverItsHeaderIs() throws IOException {
        for (int bit = 0; bit < 64; bit++) {
            MemoryStorage storage = log.copy().flip(PREPARED, bit / 8, 1 << bit % 8);
            assertThat(read(storage)).isEqualTo(all);
            assertThat(WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE)
                            .isSound())
                    .isTrue();
            TestLog.recover(storage);
            assertThat(read(storage)).isEqualTo(all);
        }
    }
}
