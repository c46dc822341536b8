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
 * One directory with hostile files.
 *
 * @param files as they have become
 * @param disk has them
 * @param held what is in them, found without the library
 */
record HostileCase(HostileFiles files, FaultyStorage disk, WhatFilesHold held) {
    /** A window for each file that is open, and what is kept of segments and losses. */
    static final long MOST_BYTES = 6 << 20;

    private static final int CASES = Integer.getInteger("wal.hostile.cases", 1_500);
    private static final Set<Seen> APPENDED = new HashSet<>();

    static {
        SampleLogs.ALL.forEach(log -> APPENDED.addAll(SampleLogs.records(log)));
    }

    interface Target {
        void run(HostileCase hostile) throws Exception;
    }

    /** Runs a target on all cases, bounded in time and memory. {@code -Dwal.seed} is the first, see {@link CrashPoints}. */
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

    /** The same for targets that only read. */
    static void forEachUnchanged(Target target) {
        forEachUnchanged(1, target);
    }

    /** For targets that read so many times. */
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
        return new HostileCase(files, SampleLogs.storage(files.files()), new WhatFilesHold(files.files()));
    }

    ReadOptions options() {
        return ReadOptions.of(disk);
    }

    /** Records of the log before somebody laid hands on it, of which what is left still says that they were on disk. */
    List<Seen> acknowledged() {
        return held.records.stream()
                .filter(record -> record.sequence() <= held.promised)
                .filter(APPENDED::contains)
                .toList();
    }

    /** Whatever was read stands in the files, is in order, and what lies between was told to be lost. */
    void assertNothingWrong(Reading reading) {
        assertThat(held.records).containsAll(reading.records);
        long last = -1;
        for (Seen record : reading.records) {
            assertThat(record.sequence()).isGreaterThan(last);
            if (last > 0 && record.sequence() > last + 1) {
                assertThat(reading.tells(last + 1) && reading.tells(record.sequence() - 1))
                        .as("the gap before record %s is told", record)
                        .isTrue();
            }
            last = record.sequence();
        }
        if (files.kind() != Kind.LIES) {
            assertThat(APPENDED).containsAll(reading.records);
        }
    }
}
