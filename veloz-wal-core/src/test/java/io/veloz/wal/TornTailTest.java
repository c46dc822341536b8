package io.veloz.wal;

import static io.veloz.wal.TestLog.CURRENT;
import static io.veloz.wal.TestLog.PREPARED;
import static io.veloz.wal.TestLog.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.fault.Logs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of a log whose process died while writing it, and damage that is not such a torn tail. */
@Timeout(120)
class TornTailTest {
    /** Returns six records as they are on disk while the writer runs: no heartbeat has proven the last one. */
    private static MemoryStorage killed() {
        return killed("record ");
    }

    private static MemoryStorage killed(String text) {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            for (int i = 1; i <= 4; i++) {
                wal.appendDurable(1 + i % 3, TestLog.bytes(text + i));
            }
            TestLog.appendGroup(wal, 2);
            return TestLog.prepare(storage.copy());
        }
    }

    private static int dataEnd(MemoryStorage storage) {
        return (int) segment(storage, CURRENT).dataBytes();
    }

    private static SegmentReport segment(MemoryStorage storage, String file) {
        return WalRecovery.inspect(ReadOptions.of(storage)).segments().stream()
                .filter(segment -> segment.file().equals(file))
                .findFirst()
                .orElseThrow();
    }

    /** Returns the start of the last batch, which is the group. */
    private static int lastBatch(MemoryStorage storage) {
        return dataEnd(storage) - 56 - 2 * (24 + 16);
    }

    @Test
    void lastBatchTornAtEveryByteIsCutAndNothingElseIsLost() throws Exception {
        MemoryStorage log = killed();
        List<TestLog.LoggedRecord> all = read(log);
        assertThat(all).hasSize(6);
        for (int size = lastBatch(log); size <= dataEnd(log) - 4; size++) {
            MemoryStorage copy = log.copy().unmarked(CURRENT).cut(CURRENT, size);
            for (MemoryStorage torn : List.of(copy, log.copy().zero(CURRENT, size))) {
                assertThat(read(torn)).as("%d bytes", size).isEqualTo(all.subList(0, 4));
                TestLog.recover(torn);
                assertThat(read(torn)).as("%d bytes", size).isEqualTo(all.subList(0, 4));
            }
        }
    }

    @Test
    void lossOfPaddingAtTheVeryEndOfFileIsATornTail() throws Exception {
        MemoryStorage log = killed();
        MemoryStorage torn = log.copy().unmarked(CURRENT).cut(CURRENT, dataEnd(log) - 1);
        TestLog.recover(torn);
        assertThat(read(torn)).hasSize(4);
    }

    @Test
    void tornFirstBatchLeavesAnEmptyLog() throws Exception {
        MemoryStorage log = killed();
        for (int size = 4097; size < 4096 + 88 + 32; size++) {
            MemoryStorage torn = log.copy().zero(CURRENT, size);
            TestLog.recover(torn);
            assertThat(read(torn)).as("%d bytes", size).isEmpty();
        }
    }

    /** The file got this name when it was durable in its full length. */
    @Test
    void currentSegmentWithoutAWholeHeaderIsDamage() {
        MemoryStorage fresh = new MemoryStorage();
        TestLog.open(fresh).close();
        for (int size = 0; size < 4096; size += 5) {
            for (MemoryStorage damaged :
                    List.of(fresh.copy().cut(CURRENT, size), fresh.copy().zero(CURRENT, size))) {
                assertThatThrownBy(() -> TestLog.recover(damaged))
                        .as("%d bytes", size)
                        .isInstanceOf(WalCorruptException.class);
            }
        }
    }

    @Test
    void nextSegmentCutInItsHeaderIsMadeAgain() throws Exception {
        MemoryStorage log = killed();
        List<TestLog.LoggedRecord> all = read(log);
        for (int size = 0; size < 4096; size += 5) {
            for (String name : List.of(PREPARED, TestLog.NAMES.preparing())) {
                MemoryStorage cut = log.copy().put(name, Arrays.copyOf(log.bytes(PREPARED), size));
                TestLog.recover(cut);
                assertThat(read(cut)).as("%s of %d bytes", name, size).isEqualTo(all);
            }
        }
    }

    @Test
    void emptyFilesAndDirectoriesOpen() throws Exception {
        MemoryStorage empty = new MemoryStorage();
        TestLog.recover(empty);
        byte[] header = Arrays.copyOf(empty.bytes(CURRENT), 4096);
        List<MemoryStorage> places = List.of(
                new MemoryStorage(),
                new MemoryStorage().put(CURRENT, header).unmarked(CURRENT),
                new MemoryStorage().put(PREPARED, new byte[0]),
                new MemoryStorage().put(PREPARED, new byte[16 * 1024]),
                new MemoryStorage().put(TestLog.NAMES.preparing(), new byte[100]));
        for (MemoryStorage place : places) {
            try (Wal wal = TestLog.open(place)) {
                assertThat(wal.appendDurable(1, TestLog.bytes("first"))).isEqualTo(1);
            }
            assertThat(read(place)).hasSize(1);
        }
    }

    @Test
    void foreignFileUnderTheCurrentNameIsNotReplaced() {
        MemoryStorage storage =
                new MemoryStorage().put(CURRENT, "my notes".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertThatThrownBy(() -> TestLog.open(storage)).isInstanceOf(WalCorruptException.class);
        assertThat(storage.bytes(CURRENT)).hasSize(8);
    }

    @Test
    void everyBatchButTheLastIsProvenByTheNext() {
        MemoryStorage log = killed();
        for (int position = 4096; position < lastBatch(log); position++) {
            MemoryStorage damaged = log.copy().flip(CURRENT, position, 0x40);
            assertThatThrownBy(() -> TestLog.recover(damaged))
                    .as("damage at %d", position)
                    .isInstanceOf(WalCorruptException.class);
        }
    }

    @Test
    void refusalNamesFilePositionRecordAndReason() {
        MemoryStorage log = killed();
        int third = 4096 + 88 + 32 + 56 + 32;
        assertThatThrownBy(() -> TestLog.recover(log.copy().flip(CURRENT, third + 56 + 24, 1)))
                .isInstanceOfSatisfying(WalCorruptException.class, e -> {
                    assertThat(e.file()).endsWith(CURRENT);
                    assertThat(e.position()).isEqualTo(third);
                    assertThat(e.firstSequence()).isEqualTo(3);
                    assertThat(e).hasMessageContaining("checksum").hasMessageContaining("expected");
                });
    }

    @Test
    void heartbeatProvesTheLastBatch() {
        MemoryStorage storage = TestLog.idle(wal -> TestLog.append(wal, 3));
        int end = dataEnd(storage);
        for (int position = end - 56 - 56 - 32; position < end - 56; position++) {
            MemoryStorage damaged = storage.copy().flip(CURRENT, position, 1);
            assertThatThrownBy(() -> TestLog.recover(damaged)).isInstanceOf(WalCorruptException.class);
        }
    }

    @Test
    void batchWrittenOutOfOrderAfterATornOneProvesNothing() throws Exception {
        MemoryStorage storage = new MemoryStorage();
        MemoryStorage left;
        int lost;
        try (Wal wal = Wal.open(
                TestLog.config(storage).durability(Durability.LOSE_UNFORCED).build())) {
            TestLog.append(wal, 2);
            lost = dataEnd(storage.copy());
            for (int i = 0; i < 4; i++) {
                long sequence = wal.append(1, TestLog.bytes("unforced"));
                Logs.await("written", () -> read(storage.copy()).size() >= sequence);
            }
            left = storage.copy();
        }
        for (int position = lost; position < lost + 56; position++) {
            byte[] bytes = left.bytes(CURRENT);
            bytes[position] = 0;
            left.put(CURRENT, bytes);
        }
        assertThat(segment(left, CURRENT).verdict()).isEqualTo(Verdict.TORN_TAIL);
        TestLog.recover(left);
        assertThat(read(left)).hasSize(2);
    }

    // ---- bytes that are cut off are kept

    @Test
    void cutBytesAreKeptAndNeverDeleted() {
        MemoryStorage storage = killed();
        int from = lastBatch(storage);
        int size = from + 60;
        byte[] torn = Arrays.copyOfRange(storage.zero(CURRENT, size).bytes(CURRENT), from, size);
        String kept;
        try (Wal wal = TestLog.open(storage)) {
            assertThat(wal.recovery().hasTornTail()).isTrue();
            assertThat(wal.recovery().quarantined()).hasSize(1);
            kept = wal.recovery().quarantined().get(0);
            assertThat(wal.recovery().quarantinedBytes()).isBetween(1L, (long) torn.length);
            TestLog.append(wal, 3);
            wal.writeCheckpoint(5, out -> out.write(1));
            wal.writeCheckpoint(6, out -> out.write(1));
            wal.roll();
            wal.trim(0);
        }
        TestLog.open(storage).close();
        byte[] quarantine = storage.bytes(kept);
        assertThat(quarantine).isEqualTo(Arrays.copyOf(torn, quarantine.length));
        assertThat(Arrays.copyOfRange(torn, quarantine.length, torn.length)).containsOnly(0);
        assertThat(WalRecovery.inspect(ReadOptions.of(storage)).quarantined()).containsExactly(kept);
    }

    @Test
    void nothingStaleIsReadAfterATornTailInFiftyGenerations() {
        Random random = new Random(42);
        MemoryStorage storage = new MemoryStorage();
        List<TestLog.LoggedRecord> expected = new ArrayList<>();
        Set<String> quarantined = new HashSet<>();
        for (int generation = 0; generation < 50; generation++) {
            MemoryStorage left;
            try (Wal wal = TestLog.open(storage)) {
                assertThat(read(storage)).as("generation %d", generation).isEqualTo(expected);
                assertThat(storage.list()).containsAll(quarantined);
                quarantined.addAll(wal.recovery().quarantined());
                TestLog.append(wal, 1 + random.nextInt(3));
                left = storage.copy();
            }
            List<TestLog.LoggedRecord> whole = read(left);
            int end = dataEnd(left);
            int cut = random.nextInt(1, 60);
            storage = random.nextBoolean()
                    ? left.unmarked(CURRENT).cut(CURRENT, end - cut)
                    : left.zero(CURRENT, end - cut);
            expected = read(storage);
            assertThat(whole.subList(0, expected.size())).isEqualTo(expected);
            assertThat(expected.size()).isGreaterThanOrEqualTo(whole.size() - 1);
        }
        assertThat(quarantined).isNotEmpty();
    }

    @Test
    void bytesOfAnotherSaltNeverCount() throws Exception {
        MemoryStorage log = killed();
        MemoryStorage other = killed("old one");
        int end = lastBatch(log);
        byte[] recycled = other.bytes(CURRENT);
        byte[] bytes = log.bytes(CURRENT);
        System.arraycopy(bytes, 0, recycled, 0, 4096);
        List<TestLog.LoggedRecord> nothing = read(log.copy().put(CURRENT, recycled));
        assertThat(nothing).isEmpty();
        for (int from = 4096; from < end; from += 8) {
            // The old content of the file after the new one, at the same position and with the same sequences.
            byte[] both = recycled.clone();
            System.arraycopy(bytes, 0, both, 0, from);
            MemoryStorage storage = log.copy().put(CURRENT, both);
            List<TestLog.LoggedRecord> before = read(log.copy().zero(CURRENT, from));
            assertThat(read(storage)).as("old bytes from %d", from).isEqualTo(before);
            TestLog.recover(storage);
            assertThat(read(storage)).isEqualTo(before);
        }
    }
}
