package io.veloz.wal;

import static io.veloz.wal.TestLog.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Reading a log: its range, repeated reads, and reads while a writer has it open. */
@Timeout(120)
class ReadingTest {
    /** Ten records with timestamps 100, 200, 300, 250, 50, 400 ..., in four segments. */
    private static final long[] TIMES = {100, 200, 300, 250, 50, 400, 120, 500, 500, 450};

    private static MemoryStorage log() {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            RecordGroup one = new RecordGroup();
            for (int i = 0; i < TIMES.length; i++) {
                one.clear();
                one.add(1, TIMES[i], TestLog.bytes("record " + (i + 1)));
                wal.appendDurable(one);
                if (i % 3 == 2) {
                    wal.roll();
                }
            }
        }
        return storage;
    }

    private static List<Long> sequences(ReadOptions options) {
        return TestLog.sequences(read(options));
    }

    private static List<Long> range(long from, long to) {
        return LongStream.rangeClosed(from, to).boxed().toList();
    }

    @Test
    void readerReturnsRecordsThatBecameDurableAfterItReadAhead() {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            TestLog.append(wal, 2);
            try (WalReader reader = wal.reader()) {
                assertThat(reader.next()).isTrue();
                TestLog.append(wal, 1);
                assertThat(reader.next()).isTrue();
                assertThat(reader.next()).isTrue();
                assertThat(reader.sequence()).isEqualTo(3);
                assertThat(reader.next()).isFalse();
            }
        }
    }

    @Test
    void readerThatStartsWithTheNewestRecordFindsItThoughNoLaterBatchPromisesIt() {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            TestLog.append(wal, 11);
            try (WalReader reader = wal.reader(ReadOptions.of(storage).fromSequence(11))) {
                assertThat(reader.next()).isTrue();
                assertThat(reader.sequence()).isEqualTo(11);
            }
        }
    }

    @Test
    void twoReadingsGiveTheSameAndChangeNothing() {
        MemoryStorage storage = log().readOnly();
        var before = storage.content();
        assertThat(read(storage)).isEqualTo(read(storage)).hasSize(10);
        WalRecovery.inspect(ReadOptions.of(storage));
        WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE);
        assertThat(WalCheckpoint.newest(ReadOptions.of(storage))).isEmpty();
        assertThat(storage.content()).isEqualTo(before);
        assertThat(storage.openFiles()).isZero();
    }

    @Test
    void readOnlyDirectoryIsRead(@TempDir Path directory) throws Exception {
        MemoryStorage storage = log();
        for (String name : storage.list()) {
            Files.write(directory.resolve(name), storage.bytes(name));
        }
        Map<String, Object> before = listing(directory);
        assertThat(directory.toFile().setWritable(false)).isTrue();
        try {
            assertThat(read(ReadOptions.of(directory))).isEqualTo(read(storage));
            assertThat(listing(directory)).isEqualTo(before);
        } finally {
            assertThat(directory.toFile().setWritable(true)).isTrue();
        }
    }

    private static Map<String, Object> listing(Path directory) throws Exception {
        Map<String, Object> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(directory)) {
            for (Path file : all.toList()) {
                files.put(file.getFileName().toString(), Files.size(file) + " " + Files.getLastModifiedTime(file));
            }
        }
        return files;
    }

    // ---- from and until

    @Test
    void everySequenceCanBeStartedAtAndEndedWith() {
        MemoryStorage storage = log();
        for (long from = 1; from <= 10; from++) {
            for (long until = 1; until <= 10; until++) {
                assertThat(sequences(ReadOptions.of(storage).fromSequence(from).untilSequence(until)))
                        .isEqualTo(range(from, until));
            }
        }
        assertThat(sequences(ReadOptions.of(storage).fromSequence(11))).isEmpty();
    }

    @Test
    void startByTimeIsTheFirstRecordAtOrAfterIt() {
        MemoryStorage storage = log();
        for (long time = 40; time <= 510; time += 5) {
            long from = 1;
            while (from <= 10 && TIMES[(int) from - 1] < time) {
                from++;
            }
            assertThat(sequences(ReadOptions.of(storage).fromTime(time)))
                    .as("from %d", time)
                    .isEqualTo(range(from, 10));
        }
    }

    @Test
    void endByTimeIsBeforeTheFirstRecordAfterIt() {
        MemoryStorage storage = log();
        for (long time = 90; time <= 510; time += 5) {
            long until = 0;
            while (until < 10 && TIMES[(int) until] <= time) {
                until++;
            }
            assertThat(sequences(ReadOptions.of(storage).untilTime(time)))
                    .as("until %d", time)
                    .isEqualTo(range(1, until));
        }
    }

    @Test
    void recordBeforeTheOldestIsReported() {
        MemoryStorage storage = log();
        try (Wal wal = TestLog.open(storage)) {
            wal.writeCheckpoint(6, out -> out.write(1));
            wal.writeCheckpoint(6, out -> out.write(1));
            wal.trim(0);
        }
        assertThatThrownBy(() -> read(ReadOptions.of(storage).fromSequence(6)))
                .isInstanceOfSatisfying(WalTrimmedException.class, e -> {
                    assertThat(e.nextSequence()).isEqualTo(6);
                    assertThat(e.firstSequence()).isEqualTo(7);
                })
                .hasMessageContaining("record 6 has been trimmed");
        assertThat(sequences(ReadOptions.of(storage).fromSequence(7))).isEqualTo(range(7, 10));
        assertThat(sequences(ReadOptions.of(storage))).isEqualTo(range(7, 10));
    }

    // ---- the record

    @Test
    void payloadCannotBeWrittenTo() {
        try (WalReader reader = WalReader.open(ReadOptions.of(log()))) {
            assertThat(reader.next()).isTrue();
            ByteBuffer payload = reader.payload();
            assertThatThrownBy(() -> payload.put(payload.position(), (byte) 1))
                    .isInstanceOf(ReadOnlyBufferException.class);
        }
    }

    @Test
    void closedReaderThrows() {
        WalReader reader = WalReader.open(ReadOptions.of(log()));
        reader.close();
        assertThatThrownBy(reader::next).isInstanceOf(IllegalStateException.class);
    }

    // ---- while a writer has the log open

    @Test
    void readerInTheSameProcessFollowsAcrossRollsWithoutAGap() throws Exception {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage);
                WalReader reader = wal.reader()) {
            Thread writer = new Thread(() -> {
                for (int i = 0; i < 2_000; i++) {
                    wal.appendDurable(1, TestLog.bytes("record number " + (i + 1)));
                }
            });
            writer.start();
            for (long expected = 1; expected <= 2_000; expected++) {
                assertThat(reader.next(Duration.ofSeconds(60)))
                        .as("record %d", expected)
                        .isTrue();
                assertThat(reader.sequence()).isEqualTo(expected);
                assertThat(TestLog.record(reader).payload()).isEqualTo("record number " + expected);
            }
            writer.join();
            assertThat(reader.next()).isFalse();
            assertThat(storage.list()).contains(TestLog.sealed(10));
        }
    }

    @Test
    void aTimeoutIsNeverNegative() {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage);
                WalReader here = wal.reader();
                WalReader elsewhere = WalReader.open(ReadOptions.of(storage))) {
            for (Duration timeout : List.of(
                    Duration.ZERO,
                    Duration.ofNanos(-1),
                    Duration.ofNanos(Long.MIN_VALUE),
                    Duration.ofSeconds(-1L << 62))) {
                assertThat(here.next(timeout)).isFalse();
                assertThat(elsewhere.next(timeout)).isFalse();
            }
        }
    }

    @Test
    void waitingReaderInAnotherProcessFollowsAcrossRollsAndWriters() throws Exception {
        MemoryStorage storage = new MemoryStorage();
        TestLog.open(storage).close();
        try (WalReader reader = WalReader.open(ReadOptions.of(storage))) {
            Thread writers = new Thread(() -> {
                for (int session = 0; session < 5; session++) {
                    try (Wal wal = TestLog.open(storage)) {
                        for (int i = 1; i <= 200; i++) {
                            wal.appendDurable(1, TestLog.bytes("record number " + (session * 200 + i)));
                        }
                    }
                }
            });
            writers.start();
            for (long expected = 1; expected <= 1_000; expected++) {
                assertThat(reader.next(Duration.ofSeconds(60)))
                        .as("record %d", expected)
                        .isTrue();
                assertThat(reader.sequence()).isEqualTo(expected);
            }
            writers.join();
            assertThat(reader.next()).isFalse();
            assertThat(storage.list()).contains(TestLog.sealed(5));
        }
    }

    @Test
    void readerInAnotherProcessReturnsOnlyPromisedRecords() {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage);
                WalReader reader = WalReader.open(ReadOptions.of(storage))) {
            assertThat(reader.next()).isFalse();
            TestLog.append(wal, 1);
            assertThat(reader.next()).isFalse();
            TestLog.append(wal, 1);
            assertThat(TestLog.sequences(TestLog.rest(reader))).containsExactly(1L);
            wal.roll();
            assertThat(TestLog.sequences(TestLog.rest(reader))).containsExactly(2L);
        }
    }

    @Test
    void recordsThatTheWriterFoundWhenOpeningArePromised() {
        MemoryStorage storage = log();
        try (Wal wal = TestLog.open(storage)) {
            assertThat(wal.lastSequence()).isEqualTo(10);
            assertThat(sequences(ReadOptions.of(storage))).isEqualTo(range(1, 10));
        }
    }

    @Test
    void readerOfAnEmptyDirectoryFollowsTheLogThatIsCreatedInIt() {
        MemoryStorage storage = new MemoryStorage();
        try (WalReader reader = WalReader.open(ReadOptions.of(storage))) {
            assertThat(reader.next()).isFalse();
            try (Wal wal = TestLog.open(storage)) {
                TestLog.append(wal, 3);
            }
            assertThat(TestLog.sequences(TestLog.rest(reader))).isEqualTo(range(1, 3));
        }
    }

    @Test
    void readerContinuesFromOneWriterToTheNext() {
        MemoryStorage storage = new MemoryStorage();
        List<TestLog.LoggedRecord> seen = new ArrayList<>();
        TestLog.open(storage).close();
        try (WalReader reader = WalReader.open(ReadOptions.of(storage))) {
            for (int life = 0; life < 4; life++) {
                try (Wal wal = TestLog.open(storage)) {
                    TestLog.append(wal, 3);
                    seen.addAll(TestLog.rest(reader));
                }
                seen.addAll(TestLog.rest(reader));
            }
        }
        assertThat(TestLog.sequences(seen)).isEqualTo(range(1, 12));
    }

    @Test
    void damageAfterTheFooterIsNotTreatedAsTheEnd() {
        MemoryStorage storage = log();
        TestLog.open(storage).close();
        String last = TestLog.sealed(4);
        assertThat(storage.has(last)).isTrue();
        assertThatThrownBy(() -> read(storage.zero(last, 4096 + 100))).isInstanceOf(WalCorruptException.class);
    }
}
