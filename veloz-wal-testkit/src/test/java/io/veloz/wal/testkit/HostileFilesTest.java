package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.testkit.HostileFiles.Kind;
import java.io.InputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Files that somebody has laid hands on: whatever they hold, nothing hangs, takes much memory, throws what is not
 * documented, changes a byte while it reads, or shows a record that does not stand in them with the right checksum.
 *
 * <p>{@code -Dwal.seed=N} starts with that case, {@code -Dwal.rounds=N} has N times as many.
 */
class HostileFilesTest {
    private static final int CASES = Integer.getInteger("wal.hostile.cases", 1_500);

    /** A window for each file that is open, and what is kept of segments and losses. */
    private static final long MOST_BYTES = 6 << 20;

    private static final Set<Seen> APPENDED = new HashSet<>();

    static {
        SampleLogs.ALL.forEach(log -> APPENDED.addAll(SampleLogs.records(log)));
    }

    /** One case: the files as they have become, and a disk that has them. */
    private record Case(HostileFiles files, FaultyStorage disk, WhatFilesHold held) {
        ReadOptions options() {
            return ReadOptions.of(disk);
        }
    }

    private interface Target {
        void run(Case hostile) throws Exception;
    }

    private static void forEachCase(Target target) {
        long first = Long.getLong("wal.seed", 1);
        long cases = (long) CASES * CrashPoints.rounds();
        System.out.println(cases + " cases from seed " + first);
        try (Bounded bounded = new Bounded()) {
            for (long seed = first; seed < first + cases; seed++) {
                Random random = new Random(seed);
                int log = random.nextInt(SampleLogs.ALL.size());
                int other = random.nextInt(SampleLogs.ALL.size());
                HostileFiles files = HostileFiles.of(SampleLogs.ALL.get(log), SampleLogs.ALL.get(other), seed);
                Case hostile = new Case(files, SampleLogs.storage(files.files()), new WhatFilesHold(files.files()));
                Map<String, byte[]> before = SampleLogs.files(hostile.disk);
                bounded.run("log " + log + ", " + files, MOST_BYTES, () -> {
                    target.run(hostile);
                    return null;
                });
                assertThat(SampleLogs.files(hostile.disk))
                        .as("changed by %s", files)
                        .containsExactlyEntriesOf(before);
                assertThat(hostile.disk.openFiles())
                        .as("left open by %s", files)
                        .isZero();
            }
        }
    }

    private static void showsNothingWrong(Case hostile, Reading reading) {
        assertThat(hostile.held.records).containsAll(reading.records);
        long last = -1;
        for (Seen record : reading.records) {
            assertThat(record.sequence()).isGreaterThan(last);
            for (long missing = last + 1; last > 0 && missing < record.sequence() && missing < last + 1000; missing++) {
                assertThat(reading.tells(missing))
                        .as("record %d is missing and not told", missing)
                        .isTrue();
            }
            last = record.sequence();
        }
        if (hostile.files.kind() != Kind.LIES) {
            assertThat(APPENDED).containsAll(reading.records);
        }
    }

    @Test
    void strictReaderShowsNothingWrongAndMissesNothingThatWasAcknowledged() {
        forEachCase(hostile -> {
            Reading reading = new Reading(hostile.options());
            showsNothingWrong(hostile, reading);
            if (hostile.files.kind() == Kind.BYTES && reading.told == null) {
                assertThat(reading.records).containsAll(acknowledged(hostile));
            }
        });
    }

    /** Records of the log before somebody laid hands on it, of which what is left still says that they were on disk. */
    private static List<Seen> acknowledged(Case hostile) {
        return hostile.held.records.stream()
                .filter(record -> record.sequence() <= hostile.held.promised)
                .filter(APPENDED::contains)
                .toList();
    }

    @Test
    void readerOfAPartShowsNothingWrong() {
        forEachCase(hostile -> {
            Random random = new Random(hostile.files.toString().hashCode());
            long from = 1 + random.nextInt(60);
            showsNothingWrong(hostile, new Reading(hostile.options().fromSequence(from)));
            showsNothingWrong(
                    hostile, new Reading(hostile.options().fromSequence(from).salvage()));
            showsNothingWrong(hostile, new Reading(hostile.options().untilSequence(from)));
            long nanos = 1_700_000_000_000_000_000L + random.nextInt(20_000);
            Reading later = new Reading(hostile.options().fromTime(nanos));
            showsNothingWrong(hostile, later);
            showsNothingWrong(
                    hostile, new Reading(hostile.options().untilTime(nanos).acceptMissingEnds(true)));
            showsNothingWrong(hostile, new Reading(hostile.options().fromSequence(Long.MAX_VALUE)));
        });
    }

    @Test
    void salvageThrowsNothingAndTellsEverythingThatItDoesNotShow() {
        forEachCase(hostile -> {
            Reading reading = new Reading(hostile.options().salvage());
            assertThat(reading.told).isNull();
            showsNothingWrong(hostile, reading);
            if (hostile.files.kind() == Kind.BYTES) {
                Set<Seen> shown = new HashSet<>(reading.records);
                for (Seen record : acknowledged(hostile)) {
                    assertThat(shown.contains(record) || reading.tells(record.sequence()))
                            .as("%s is shown or told", record)
                            .isTrue();
                }
            }
        });
    }

    @Test
    void whatInspectAndVerifySayIsWhatAReaderFinds() {
        forEachCase(hostile -> {
            RecoveryReport inspected = WalRecovery.inspect(hostile.options());
            RecoveryReport verified = WalRecovery.verify(hostile.options(), WalProgress.NONE);
            Reading reading = new Reading(hostile.options());
            if (verified.isSound()) {
                assertThat(inspected.isSound()).as("inspected").isTrue();
                assertThat(reading.told).isNull();
                assertThat(verified.records()).isEqualTo(reading.records.size());
            }
            assertThat(verified.records()).isNotNegative();
        });
    }

    @Test
    void checkpointIsOneThatWasWritten() {
        forEachCase(hostile -> {
            Optional<WalCheckpoint> newest = WalCheckpoint.newest(hostile.options());
            if (newest.isPresent()) {
                try (InputStream in = newest.get().open()) {
                    assertThat(in.readAllBytes()).hasSize((int) newest.get().contentBytes());
                }
                assertThat(hostile.files.files().keySet()).anyMatch(name -> name.startsWith(".orders_checkpoint_"));
            }
        });
    }

    @Test
    void noiseShowsNothing() {
        List<String> names = List.of(
                "orders_0000000000000001.wal",
                "orders_current.wal",
                ".orders_prepared.wal",
                ".orders_trimmed",
                ".orders_checkpoint_a",
                "orders.lock",
                ".orders_quarantine_x");
        long first = Long.getLong("wal.seed", 1);
        try (Bounded bounded = new Bounded()) {
            for (long seed = first; seed < first + 300L * CrashPoints.rounds(); seed++) {
                Dice dice = new Dice(seed);
                Map<String, byte[]> files = new TreeMap<>();
                for (int i = 1 + dice.below(3); i > 0; i--) {
                    files.put(dice.of(names), dice.noise(dice.below(20_000)));
                }
                FaultyStorage disk = SampleLogs.storage(files);
                bounded.run("noise of seed " + seed, MOST_BYTES, () -> {
                    assertThat(new Reading(ReadOptions.of(disk)).records).isEmpty();
                    assertThat(new Reading(ReadOptions.of(disk).salvage()).records)
                            .isEmpty();
                    assertThat(WalCheckpoint.newest(ReadOptions.of(disk))).isEmpty();
                    return WalRecovery.verify(ReadOptions.of(disk), WalProgress.NONE);
                });
            }
        }
    }
}
