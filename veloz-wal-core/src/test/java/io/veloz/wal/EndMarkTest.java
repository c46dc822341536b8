package io.veloz.wal;

import static io.veloz.wal.TestLog.CURRENT;
import static io.veloz.wal.TestLog.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SegmentReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The proof of the end of an active segment, which survives truncation and zeros after a batch. */
@Timeout(60)
class EndMarkTest {
    private static final int FIRST_MARK = 512;
    private static final int SECOND_MARK = 1024;
    private static final int RECORDS = 20;

    private static MemoryStorage idle() {
        return TestLog.idle(wal -> TestLog.append(wal, RECORDS));
    }

    /** Returns the files while the writer runs, before any heartbeat. */
    private static MemoryStorage killed() {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            TestLog.append(wal, RECORDS);
            return TestLog.prepare(storage.copy());
        }
    }

    private static int dataEnd(MemoryStorage storage) {
        return (int) current(storage).dataBytes();
    }

    private static SegmentReport current(MemoryStorage storage) {
        return WalRecovery.inspect(ReadOptions.of(storage)).segments().stream()
                .filter(segment -> segment.file().equals(CURRENT))
                .findFirst()
                .orElseThrow();
    }

    /** Returns the start of each batch of one record, and the end of the last one. */
    private static List<Integer> boundaries() {
        List<Integer> boundaries = new ArrayList<>();
        int at = 4096;
        for (int i = 1; i <= RECORDS + 1; i++) {
            boundaries.add(at);
            at += (i == 1 ? 88 : 56) + 24 + (("record " + i).length() + 7) / 8 * 8;
        }
        return boundaries;
    }

    private static void assertDamaged(MemoryStorage log, int lastWhole, String what) {
        for (RecoveryReport report : List.of(
                WalRecovery.inspect(ReadOptions.of(log)), WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE))) {
            assertThat(report.isSound()).as("%s", what).isFalse();
            assertThat(report.lost()).as("%s", what).anySatisfy(range -> {
                assertThat(range.file()).isEqualTo(CURRENT);
                assertThat(range.firstSequence()).isEqualTo(lastWhole + 1);
            });
        }
        assertThatThrownBy(() -> TestLog.recover(log)).as("%s", what).isInstanceOf(WalCorruptException.class);
        assertThatThrownBy(() -> read(log)).as("%s", what).isInstanceOf(WalCorruptException.class);
        assertThat(read(ReadOptions.of(log).salvage())).as("%s", what).hasSize(lastWhole);
    }

    @Test
    void idleLogThatIsCutAnywhereIsDamaged() {
        MemoryStorage log = idle();
        List<Integer> boundaries = boundaries();
        for (int size : List.of(4096, boundaries.get(1), boundaries.get(7), boundaries.get(20), dataEnd(log))) {
            int whole = boundaries.indexOf(Math.min(size, boundaries.get(RECORDS)));
            assertDamaged(log.copy().cut(CURRENT, size), whole, "cut to " + size);
        }
        assertDamaged(log.copy().cut(CURRENT, boundaries.get(7) - 3), 6, "cut inside a batch");
        for (int size : List.of(0, 1, 100, 4095)) {
            assertThatThrownBy(() -> TestLog.recover(log.copy().cut(CURRENT, size)))
                    .as("cut to %d", size)
                    .isInstanceOf(WalCorruptException.class);
        }
    }

    @Test
    void idleLogThatIsZeroedAfterABatchIsDamagedWithTheExactRange() {
        MemoryStorage log = idle();
        for (int batch = 0; batch < RECORDS; batch++) {
            MemoryStorage zeroed = log.copy().zero(CURRENT, boundaries().get(batch));
            assertDamaged(zeroed, batch, "zeroed after batch " + batch);
            assertThat(WalRecovery.verify(ReadOptions.of(zeroed), WalProgress.NONE)
                            .lost())
                    .extracting(LostRange::firstSequence, LostRange::lastSequence)
                    .containsExactly(tuple(batch + 1L, (long) RECORDS));
        }
    }

    @Test
    void lossOfTheHeartbeatAloneLosesNothing() throws IOException {
        MemoryStorage log = idle();
        MemoryStorage zeroed = log.copy().zero(CURRENT, boundaries().get(RECORDS));
        assertThat(read(zeroed)).hasSize(RECORDS);
        TestLog.recover(zeroed);
        assertThat(read(zeroed)).hasSize(RECORDS);
    }

    @Test
    void logOfAKilledProcessThatIsCutIsDamaged() {
        MemoryStorage log = killed();
        for (int batch : List.of(0, 1, 12, RECORDS)) {
            assertDamaged(log.copy().cut(CURRENT, boundaries().get(batch)), batch, "cut after batch " + batch);
        }
    }

    @Test
    void oneDamagedMarkIsReplacedByTheOther() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = Wal.open(
                TestLog.config(storage).heartbeatDelay(Duration.ofMillis(1)).build())) {
            TestLog.append(wal, RECORDS);
            Logs.await(
                    "a heartbeat", () -> dataEnd(storage.copy()) > boundaries().get(RECORDS));
        }
        for (int mark : List.of(FIRST_MARK, SECOND_MARK)) {
            for (int byteOfMark : List.of(0, 8, 16, 24, 32, 300, 508)) {
                MemoryStorage torn = storage.copy().flip(CURRENT, mark + byteOfMark, 0x10);
                assertThat(read(torn)).hasSize(RECORDS);
                TestLog.recover(torn);
                assertThat(read(torn)).hasSize(RECORDS);
            }
        }
        MemoryStorage neither = storage.copy().flip(CURRENT, FIRST_MARK, 1).flip(CURRENT, SECOND_MARK, 1);
        TestLog.recover(neither);
        assertThat(read(neither)).hasSize(RECORDS);
    }

    @Test
    void copyOfALivingDirectoryIsNeverDamaged() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        AtomicLong clock = new AtomicLong(TestLog.START_NANOS);
        try (Wal wal = Wal.open(TestLog.config(storage)
                .wallClockNanos(() -> clock.addAndGet(600_000_000))
                .build())) {
            for (int i = 1; i <= 300; i++) {
                TestLog.append(wal, 1);
                MemoryStorage copy = storage.copy();
                assertThat(WalRecovery.verify(ReadOptions.of(copy), WalProgress.NONE)
                                .isSound())
                        .as("after record %d", i)
                        .isTrue();
                if (i % 20 == 0) {
                    TestLog.recover(copy);
                    assertThat(read(copy)).hasSizeGreaterThanOrEqualTo(i);
                }
            }
        }
    }

    @Test
    void underLoadAMarkIsWrittenAboutOnceASecond() {
        MemoryStorage storage = new MemoryStorage();
        AtomicLong clock = new AtomicLong(TestLog.START_NANOS);
        MemoryStorage left;
        try (Wal wal =
                Wal.open(TestLog.config(storage).wallClockNanos(clock::get).build())) {
            TestLog.append(wal, 5);
            clock.addAndGet(1_000_000_000);
            TestLog.append(wal, 10);
            left = storage.copy();
        }
        int sixth = boundaries().get(5);
        assertDamaged(left.copy().zero(CURRENT, boundaries().get(3)), 3, "zeroed before the mark");
        // As documented, records after the mark are not proven.
        assertThat(read(left.copy().zero(CURRENT, sixth))).hasSize(5);
    }

    @Test
    void markNeedsNoAdditionalForce() {
        FaultStorage storage = new FaultStorage(new HeapStorage());
        AtomicLong passed = new AtomicLong();
        try (Wal wal =
                Wal.open(TestLog.config(storage).intervalClockNanos(passed::get).build())) {
            TestLog.append(wal, 1);
            storage.forgetCalls();
            Logs.await("a mark, a heartbeat and one force", () -> {
                passed.addAndGet(Duration.ofHours(2).toNanos());
                wal.sync();
                // The other files are those of the thread that prepares the next segment.
                return operationsByFile(storage)
                        .containsValue(List.of(Operation.WRITE, Operation.WRITE, Operation.FORCE));
            });
        }
    }

    private static Map<Long, List<Operation>> operationsByFile(FaultStorage storage) {
        return storage.calls().stream()
                .collect(Collectors.groupingBy(
                        FaultStorage.Call::file,
                        Collectors.mapping(FaultStorage.Call::operation, Collectors.toList())));
    }

    @Test
    void sealCutsTheFileToSizeWhenItsFooterIsOnDisk() {
        FaultStorage storage = new FaultStorage(new HeapStorage());
        try (Wal wal = Wal.open(TestLog.config(storage).build())) {
            TestLog.append(wal, 1);
            wal.roll();
        }
        long cut = storage.calls().stream()
                .filter(call -> call.operation() == Operation.TRUNCATE)
                .findFirst()
                .orElseThrow()
                .file();
        assertThat(storage.calls())
                .filteredOn(call -> call.file() == cut)
                .extracting(FaultStorage.Call::operation)
                .endsWith(Operation.WRITE, Operation.WRITE, Operation.FORCE, Operation.TRUNCATE, Operation.FORCE);
    }

    @Test
    void sealedSegmentAndEveryCopyOfItsBytesAreWithoutMarks() throws IOException {
        MemoryStorage storage = new MemoryStorage();
        byte[] copied = new byte[1536];
        try (Wal wal = Wal.open(
                TestLog.config(storage).heartbeatDelay(Duration.ofMillis(1)).build())) {
            TestLog.append(wal, 3);
            Logs.await("a mark", () -> storage.copy().bytes(CURRENT)[SECOND_MARK] != 0);
            try (SegmentReader reader = SegmentReader.open(LogFiles.of(storage, "orders"), 0, 0, 0)) {
                assertThat(reader.next()).isTrue();
                reader.read(ByteBuffer.wrap(copied), 0);
            }
            wal.roll();
        }
        byte[] sealed = storage.bytes(TestLog.sealed(1));
        assertThat(Arrays.copyOf(sealed, 1536)).isEqualTo(copied);
        for (int i = FIRST_MARK; i < 1536; i++) {
            assertThat(copied[i]).isZero();
        }
        assertThat(WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE)
                        .segments()
                        .get(0)
                        .verdict())
                .isEqualTo(Verdict.SEALED);
    }
}
