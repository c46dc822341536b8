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
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Reads hostile files. No operation hangs, takes much memory, throws an undocumented exception, changes a file during a
 * read, or returns a record that is not in the files with valid checksums.
 *
 * <p>{@code -Dwal.seed=N} sets the first case, and {@code -Dwal.rounds=N} multiplies the number of cases.
 */
@Tag("enumeration")
class HostileFilesTest {
    @Test
    void strictReaderReturnsOnlyValidRecordsAndAllAcknowledgedOnes() {
        HostileCase.forEachUnchanged(hostile -> {
            Reading reading = new Reading(hostile.options());
            hostile.assertNothingWrong(reading);
            if (hostile.files().kind() == Kind.BYTES && reading.error == null) {
                assertThat(reading.records).containsAll(hostile.acknowledged());
            }
        });
    }

    @Test
    void readerOfARangeReturnsOnlyValidRecords() {
        HostileCase.forEachUnchanged(hostile -> {
            Dice dice = new Dice(
                    hostile.contents().promised + hostile.files().files().size());
            long from = 1 + dice.below(60);
            long nanos = 1_700_000_000_000_000_000L + dice.below(20_000);
            ReadOptions options = switch (dice.below(6)) {
                case 0 -> hostile.options().fromSequence(from);
                case 1 -> hostile.options().fromSequence(from).salvage();
                case 2 -> hostile.options().untilSequence(from);
                case 3 -> hostile.options().fromTime(nanos);
                case 4 -> hostile.options().untilTime(nanos).acceptMissingEnds(true);
                default -> hostile.options().fromSequence(Long.MAX_VALUE);
            };
            hostile.assertNothingWrong(new Reading(options));
        });
    }

    @Test
    void salvageNeverThrowsAndReportsEveryMissingRecord() {
        HostileCase.forEachUnchanged(hostile -> {
            Reading reading = new Reading(hostile.options().salvage());
            assertThat(reading.error).isNull();
            hostile.assertNothingWrong(reading);
            if (hostile.files().kind() == Kind.BYTES) {
                Set<Seen> shown = new HashSet<>(reading.records);
                // A record that is promised only by a batch header in a truncated file is reported by the inspection.
                RecoveryReport report = WalRecovery.inspect(hostile.options());
                for (Seen record : hostile.acknowledged()) {
                    assertThat(shown.contains(record)
                                    || reading.reportsLost(record.sequence())
                                    || isLost(report, record))
                            .as("%s is returned or reported as lost", record)
                            .isTrue();
                }
            }
        });
    }

    private static boolean isLost(RecoveryReport report, Seen record) {
        return report.lost().stream()
                .anyMatch(range -> range.firstSequence() <= record.sequence()
                        && (range.lastSequence() < 0 || range.lastSequence() >= record.sequence()));
    }

    @Test
    void inspectAndVerifyAgreeWithAReader() {
        HostileCase.forEachUnchanged(hostile -> {
            RecoveryReport inspected = WalRecovery.inspect(hostile.options());
            RecoveryReport verified = WalRecovery.verify(hostile.options(), WalProgress.NONE);
            Reading reading = new Reading(hostile.options());
            if (verified.isSound()) {
                assertThat(inspected.isSound()).as("inspected").isTrue();
                assertThat(reading.error).isNull();
                assertThat(verified.records()).isEqualTo(reading.records.size());
            }
            assertThat(verified.records()).isNotNegative();
        });
    }

    @Test
    void newestCheckpointIsOneThatWasWritten() {
        HostileCase.forEachUnchanged(hostile -> {
            Optional<WalCheckpoint> newest = WalCheckpoint.newest(hostile.options());
            if (newest.isPresent()) {
                try (InputStream in = newest.get().open()) {
                    assertThat(in.readAllBytes()).hasSize((int) newest.get().contentBytes());
                }
                assertThat(hostile.files().files().keySet()).anyMatch(name -> name.startsWith(".orders_checkpoint_"));
            }
        });
    }

    @Test
    void noiseHasNoRecords() {
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
                bounded.run("noise of seed " + seed, HostileCase.MOST_BYTES, () -> {
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
