package io.veloz.wal;

import static io.veloz.wal.TestLog.read;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Changes every byte of every file of a small log. Each change is reported or does no harm. */
@Timeout(600)
@Tag("enumeration")
class DamageTest {
    private static final long FIRST = 3;
    private static final long LAST = 13;
    private static final IntPredicate ALL = position -> true;

    /** Selects all data and a few of the zeros after the data, which are most of a file. */
    private static final IntPredicate FEW_ZEROS = position -> position < 5_000 || position % 50 == 0;

    private static final boolean WHOLE = Integer.getInteger("wal.rounds", 1) > 1;

    /** Selects bytes for slow checks: all with -Dwal.rounds of 2 or more. */
    private static final IntPredicate SOME = position -> WHOLE || position % 23 == 0;

    private static MemoryStorage log;
    private static List<TestLog.LoggedRecord> original;

    /** Two sealed segments, a trim mark, checkpoints, groups, an empty payload, heartbeats, a prepared segment. */
    @BeforeAll
    static void writeLog() {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            TestLog.append(wal, 2);
            wal.roll();
            TestLog.append(wal, 3);
            TestLog.appendGroup(wal, 3);
            wal.writeCheckpoint(2, out -> out.write(1));
            wal.writeCheckpoint(3, out -> out.write(2));
            wal.trim(0);
            wal.roll();
            wal.appendDurable(7, TestLog.bytes(""));
            wal.roll();
            TestLog.append(wal, 2);
            TestLog.appendGroup(wal, 2);
        }
        log = TestLog.prepare(storage);
        original = read(storage);
        assertThat(storage.list()).contains(TestLog.NAMES.trimMark(), TestLog.CURRENT);
        assertThat(TestLog.sequences(original)).containsExactly(3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L, 12L, 13L);
    }

    /** Returns the changes: each single bit with -Dwal.rounds of 2 or more, else two of the nine. */
    static IntStream masks() {
        return WHOLE
                ? IntStream.concat(IntStream.of(0xFF), IntStream.range(0, 8).map(bit -> 1 << bit))
                : IntStream.of(0xFF, 0x01);
    }

    /** Returns fewer changes for the slower open. */
    static IntStream masksOfAnOpen() {
        return masks().limit(WHOLE ? Long.MAX_VALUE : 1);
    }

    @ParameterizedTest
    @MethodSource("masks")
    void readerShowsTheRecordsOrRefuses(int mask) {
        everyByte(mask, ALL, (storage, where) -> sameOrRefused(where, () -> read(storage)));
    }

    @ParameterizedTest
    @MethodSource("masksOfAnOpen")
    void openKeepsTheRecordsOrRefusesAndChangesNothing(int mask) {
        everyByte(mask, ALL, (storage, where) -> {
            MemoryStorage before = storage.copy();
            try {
                TestLog.recover(storage);
            } catch (WalException e) {
                assertNamesPlace(e, where);
                assertThat(storage.content()).as(where).isEqualTo(before.content());
                return;
            }
            sameOrRefused(where, () -> read(storage));
        });
    }

    @Test
    void openedLogKeepsTheRecordsAndAppendsAfterThem() {
        everyByte(0xFF, SOME, (storage, where) -> {
            try (Wal wal = TestLog.open(storage)) {
                wal.appendDurable(1, TestLog.bytes("next"));
            } catch (WalException e) {
                assertNamesPlace(e, where);
                return;
            }
            sameOrRefused(where, () -> {
                List<TestLog.LoggedRecord> logged = read(storage);
                assertThat(logged.get(logged.size() - 1).payload()).isEqualTo("next");
                return logged.subList(0, logged.size() - 1);
            });
        });
    }

    @Test
    void inspectionReportsWhatOpenFinds() {
        everyByte(0x04, FEW_ZEROS, (storage, where) -> {
            boolean sound = WalRecovery.inspect(ReadOptions.of(storage)).isSound();
            assertThat(sound).as(where).isEqualTo(succeeds(() -> TestLog.recover(storage)));
        });
    }

    @Test
    void verificationFindsAllThatAReaderRefuses() {
        everyByte(0x02, FEW_ZEROS, (storage, where) -> {
            RecoveryReport report = WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE);
            assertThat(report.isSound()).as(where).isEqualTo(succeeds(() -> read(storage)));
        });
    }

    @Test
    void salvageReturnsOnlyTrueRecordsAndReportsAllLosses() {
        everyByte(0x08, FEW_ZEROS, (storage, where) -> {
            try (WalReader reader = WalReader.open(ReadOptions.of(storage).salvage())) {
                List<TestLog.LoggedRecord> rest = TestLog.rest(reader);
                long lost = reader.lost().stream().mapToLong(DamageTest::count).sum();
                String what = where + " " + reader.lost();
                assertThat(original.containsAll(rest)).as(what).isTrue();
                assertThat(TestLog.sequences(rest))
                        .as(what)
                        .doesNotHaveDuplicates()
                        .isSorted();
                assertThat(rest.size() + lost).as(what).isEqualTo(original.size());
            }
        });
    }

    private static long count(LostRange range) {
        long last = range.lastSequence() < 0 ? LAST : range.lastSequence();
        return Math.max(0, last - Math.max(FIRST, range.firstSequence()) + 1);
    }

    // ---- the enumeration

    private interface Check {
        void check(MemoryStorage damaged, String where) throws Exception;
    }

    private interface Attempt {
        Object run() throws Exception;
    }

    private static void everyByte(int mask, IntPredicate wanted, Check check) {
        long bytes = log.list().stream()
                .mapToLong(file -> IntStream.range(0, log.bytes(file).length)
                        .filter(wanted)
                        .count())
                .sum();
        System.out.printf(Locale.ROOT, "tried %,7d times: one byte of the log changed by %02x%n", bytes, mask);
        for (String file : log.list()) {
            IntStream.range(0, log.bytes(file).length).filter(wanted).parallel().forEach(position -> {
                String where = file + " at " + position + " changed by " + Integer.toHexString(mask);
                try {
                    check.check(log.copy().flip(file, position, mask), where);
                } catch (Exception e) {
                    throw new AssertionError(where + ": " + e, e);
                }
            });
        }
    }

    private static boolean succeeds(Attempt attempt) throws Exception {
        try {
            attempt.run();
            return true;
        } catch (WalException e) {
            return false;
        }
    }

    private static void sameOrRefused(String where, Supplier<List<TestLog.LoggedRecord>> reading) {
        List<TestLog.LoggedRecord> logged;
        try {
            logged = reading.get();
        } catch (WalException e) {
            assertNamesPlace(e, where);
            return;
        }
        if (!logged.equals(original)) {
            assertThat(logged).as(where).isEqualTo(original);
        }
    }

    private static void assertNamesPlace(WalException e, String where) {
        boolean typed = e instanceof WalCorruptException || e instanceof WalVersionException;
        assertThat(typed && e.getMessage().contains("memory/"))
                .as(where + ": " + e)
                .isTrue();
    }

    @Test
    void footerOfTheOldestSegmentAfterATrimIsMadeAgainAndTheLogOpens() throws Exception {
        MemoryStorage storage = log.copy();
        int footer = storage.bytes(TestLog.sealed(2)).length - 100;
        TestLog.recover(storage.flip(TestLog.sealed(2), footer, 1));
        RecoveryReport report = WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE);
        assertThat(report.isSound()).as("%s", report.segments()).isTrue();
        assertThat(TestLog.recover(storage).isSound()).isTrue();
        assertThat(read(storage)).isEqualTo(original);
    }

    @Test
    void footersOfTheTwoOldestSegmentsAfterATrimAreMadeAgain() throws Exception {
        MemoryStorage storage = log.copy();
        // A recovery seals it, so that there are three footers in a row.
        TestLog.recover(storage);
        for (int number = 2; number <= 3; number++) {
            String name = TestLog.sealed(number);
            storage.flip(name, storage.bytes(name).length - 100, 1);
        }
        TestLog.recover(storage);
        assertThat(TestLog.recover(storage).isSound()).isTrue();
        assertThat(read(storage)).isEqualTo(original);
    }

    @Test
    void footerWhoseCountDiffersFromTheDataIsFoundByVerify() {
        MemoryStorage storage = log.copy();
        byte[] bytes = storage.bytes(TestLog.sealed(2));
        java.nio.ByteBuffer view = java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        int footer = bytes.length - view.getInt(bytes.length - 16);
        view.putLong(footer + 56, view.getLong(footer + 56) + 1);
        int crc = new io.veloz.wal.internal.format.Checksum().of(view, footer, bytes.length - 12 - footer);
        view.putInt(bytes.length - 12, crc);
        RecoveryReport report =
                WalRecovery.verify(ReadOptions.of(storage.put(TestLog.sealed(2), bytes)), WalProgress.NONE);
        assertThat(report.segments().get(0).detail()).contains("the data has other counts");
    }
}
