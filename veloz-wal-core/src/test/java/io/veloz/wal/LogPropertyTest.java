package io.veloz.wal;

import static io.veloz.wal.TestLog.CURRENT;
import static io.veloz.wal.TestLog.read;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.internal.format.SparseIndex;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Compares a log with a list under random operations. */
class LogPropertyTest {
    enum Action {
        APPEND,
        APPEND_LARGE,
        APPEND_GROUP,
        ROLL,
        REOPEN,
        KILL
    }

    @Property(tries = 60, shrinking = ShrinkingMode.BOUNDED)
    void logBehavesLikeAList(@ForAll @Size(max = 40) List<Action> actions, @ForAll long seed) {
        Random random = new Random(seed);
        MemoryStorage storage = new MemoryStorage();
        List<String> expected = new ArrayList<>();
        Wal wal = TestLog.open(storage);
        try {
            for (Action action : actions) {
                switch (action) {
                    case APPEND -> append(wal, expected, random.nextInt(100));
                    case APPEND_LARGE -> append(wal, expected, 2_000 + random.nextInt(1_900));
                    case APPEND_GROUP -> appendGroup(wal, expected, 1 + random.nextInt(20), random);
                    case ROLL -> wal.roll();
                    case REOPEN -> {
                        wal.close();
                        wal = TestLog.open(storage);
                    }
                    case KILL -> {
                        MemoryStorage left = storage.copy();
                        wal.close();
                        storage = left;
                        wal = TestLog.open(storage);
                    }
                }
                assertThat(wal.lastSequence()).isEqualTo(expected.size());
            }
        } finally {
            wal.close();
        }
        List<TestLog.LoggedRecord> logged = read(storage);
        assertThat(logged).extracting(TestLog.LoggedRecord::payload).isEqualTo(expected);
        assertThat(WalRecovery.verify(ReadOptions.of(storage), WalProgress.NONE).isSound())
                .isTrue();
        for (int from = 1; from <= expected.size(); from += 1 + expected.size() / 5) {
            assertThat(read(ReadOptions.of(storage).fromSequence(from)))
                    .isEqualTo(logged.subList(from - 1, expected.size()));
        }
    }

    private static void append(Wal wal, List<String> expected, int length) {
        String text = "x".repeat(length);
        wal.appendDurable(1, TestLog.bytes(text));
        expected.add(text);
    }

    private static void appendGroup(Wal wal, List<String> expected, int count, Random random) {
        RecordGroup group = new RecordGroup();
        for (int i = 0; i < count; i++) {
            String text = "g".repeat(random.nextInt(100));
            group.add(2, TestLog.bytes(text));
            expected.add(text);
        }
        wal.appendDurable(group);
    }

    @Property(tries = 150, shrinking = ShrinkingMode.BOUNDED)
    void bytesAfterTheDataAreNeverARecord(
            @ForAll @IntRange(min = 1, max = 8) int records, @ForAll @Size(min = 1, max = 300) byte[] garbage)
            throws IOException {
        MemoryStorage storage = new MemoryStorage();
        try (Wal wal = TestLog.open(storage)) {
            TestLog.append(wal, records);
            storage = storage.copy();
        }
        List<TestLog.LoggedRecord> expected = read(storage);
        int end = (int)
                WalRecovery.inspect(ReadOptions.of(storage)).segments().get(0).dataBytes();
        byte[] bytes = storage.bytes(CURRENT);
        System.arraycopy(garbage, 0, bytes, end, garbage.length);
        storage.put(CURRENT, bytes);
        assertThat(read(storage)).isEqualTo(expected);
        TestLog.recover(storage);
        assertThat(read(storage)).isEqualTo(expected);
    }

    @Property(tries = 200)
    void indexNeverPointsAfterTheWantedRecord(
            @ForAll @Size(min = 1, max = 60) List<@IntRange(min = 0, max = 1_000) Integer> times,
            @ForAll @IntRange(min = 1_000, max = 100_000) int spacing) {
        SparseIndex index = new SparseIndex();
        long latest = Long.MIN_VALUE;
        for (int i = 0; i < times.size(); i++) {
            index.add(1 + i, 4096L + (long) i * spacing, latest);
            latest = Math.max(latest, times.get(i));
        }
        for (int sequence = 1; sequence <= times.size(); sequence++) {
            long position = index.positionForSequence(sequence);
            assertThat(position).isLessThanOrEqualTo(4096L + (sequence - 1L) * spacing);
            assertThat(4096L + (sequence - 1L) * spacing - position).isLessThan(64 * 1024L + spacing);
        }
        for (int time = 0; time <= 1_000; time += 50) {
            int first = 0;
            while (first < times.size() && times.get(first) < time) {
                first++;
            }
            assertThat(index.positionForTime(time)).isLessThanOrEqualTo(4096L + (long) first * spacing);
        }
    }

    @Property(tries = 25)
    void startThroughTheIndexEqualsAFullScan(@ForAll long seed) {
        Random random = new Random(seed);
        MemoryStorage storage = new MemoryStorage();
        WalConfig config = TestLog.config(storage)
                .segmentBytes(512 * 1024)
                .maxBatchBytes(16 * 1024)
                .bufferBytes(64 * 1024)
                .build();
        long time = 0;
        try (Wal wal = Wal.open(config)) {
            RecordGroup one = new RecordGroup();
            for (int i = 0; i < 100; i++) {
                time += random.nextInt(-20, 40);
                one.clear();
                one.add(1, time, TestLog.bytes("x".repeat(random.nextInt(15_000))));
                wal.appendDurable(one);
            }
        }
        List<TestLog.LoggedRecord> all = read(storage);
        for (int i = 0; i < 20; i++) {
            int from = 1 + random.nextInt(100);
            assertThat(read(ReadOptions.of(storage).fromSequence(from))).isEqualTo(all.subList(from - 1, 100));
            long start = random.nextLong(-100, 1_500);
            long first = all.stream()
                    .takeWhile(entry -> entry.timestampNanos() < start)
                    .count();
            assertThat(read(ReadOptions.of(storage).fromTime(start))).isEqualTo(all.subList((int) first, 100));
        }
    }
}
