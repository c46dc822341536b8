package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.testkit.HostileFiles.Kind;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;

/**
 * A directory of hostile files.
 *
 * @param files the changed files
 * @param disk a disk with these files
 * @param contents the valid records in the files, determined without the library
 */
record HostileCase(HostileFiles files, FaultyStorage disk, FileRecords contents) {
    /** Memory for a window per open file, and for the lists of segments and losses. */
    static final long MOST_BYTES = 6 << 20;

    private static final int CASES = Integer.getInteger("wal.hostile.cases", 1_500);
    private static final Set<Seen> APPENDED = new HashSet<>();

    static {
        SampleLogs.ALL.forEach(log -> APPENDED.addAll(SampleLogs.records(log)));
    }

    interface Target {
        void run(HostileCase hostile) throws Exception;
    }

    /**
     * Runs a target on all cases, with limits on time and memory. {@code -Dwal.seed} sets the first seed, see
     * {@link CrashPoints}.
     */
    static void forEach(Target target) {
        forEach(MOST_BYTES, target);
    }

    private static void forEach(long mostBytes, Target target) {
        long first = Long.getLong("wal.seed", 1);
        long cases = (long) CASES * CrashPoints.rounds();
        System.out.printf(Locale.ROOT, "tried %,7d times: hostile files, from seed %d%n", cases, first);
        try (Bounded bounded = new Bounded()) {
            for (long seed = first; seed < first + cases; seed++) {
                HostileCase hostile = of(seed);
                bounded.run(hostile.files, mostBytes, () -> {
                    target.run(hostile);
                    return null;
                });
                assertThat(hostile.disk.openFiles())
                        .as("left open by %s", hostile.files)
                        .isZero();
            }
        }
    }

    /** Like {@link #forEach}, for targets that only read. */
    static void forEachUnchanged(Target target) {
        forEachUnchanged(1, target);
    }

    /** Like {@link #forEachUnchanged(Target)}, for targets that read the log several times. */
    static void forEachUnchanged(int readings, Target target) {
        forEach(readings * MOST_BYTES, hostile -> {
            target.run(hostile);
            assertThat(SampleLogs.files(hostile.disk)).containsExactlyEntriesOf(hostile.files.files());
        });
    }

    private static HostileCase of(long seed) {
        Random random = new Random(seed);
        HostileFiles files = HostileFiles.of(
                SampleLogs.ALL.get(random.nextInt(SampleLogs.ALL.size())),
                SampleLogs.ALL.get(random.nextInt(SampleLogs.ALL.size())),
                seed);
        return new HostileCase(files, SampleLogs.storage(files.files()), new FileRecords(files.files()));
    }

    ReadOptions options() {
        return ReadOptions.of(disk);
    }

    /** Returns the original records that are still in the files, and that the files state as durable. */
    List<Seen> acknowledged() {
        return contents.records.stream()
                .filter(record -> record.sequence() <= contents.promised)
                .filter(APPENDED::contains)
                .toList();
    }

    /** Asserts that the records read are in the files and in order, and that every gap was reported as lost. */
    void assertNothingWrong(Reading reading) {
        assertThat(contents.records).containsAll(reading.records);
        long last = -1;
        for (Seen record : reading.records) {
            assertThat(record.sequence()).isGreaterThan(last);
            if (last > 0 && record.sequence() > last + 1) {
                assertThat(reading.reportsLost(last + 1) && reading.reportsLost(record.sequence() - 1))
                        .as("the gap before record %s is reported", record)
                        .isTrue();
            }
            last = record.sequence();
        }
        if (files.kind() != Kind.LIES) {
            assertThat(APPENDED).containsAll(reading.records);
        }
    }
}
