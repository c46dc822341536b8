package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Durability;
import io.veloz.wal.Wal;
import io.veloz.wal.testkit.DiskRules.Names;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The log with power cuts at every moment of a workload that uses every operation. */
@Tag("enumeration")
class CrashPointsTest {
    @ParameterizedTest
    @CsvSource({"STRICT, 512", "STRICT, 4096", "ORDERED, 512", "ORDERED, 4096"})
    void everythingAcknowledgedSurvivesAPowerCutBeforeEveryChange(Names names, int unitBytes) {
        DiskRules rules = DiskRules.WORST.names(names).unitBytes(unitBytes);
        Rounds.run(seed -> {
            int cuts = CrashPoints.of(LogWorkload::run, LogCheck::check)
                    .rules(rules)
                    .seed(seed)
                    .cutOnce();
            assertThat(Rounds.tried("power cut, names " + names + ", units of " + unitBytes, cuts))
                    .isGreaterThan(1_000);
        });
    }

    @ParameterizedTest
    @CsvSource({"STRICT, 512", "ORDERED, 4096"})
    void recordsReturnedAfterRecoverySurviveASecondPowerCut(Names names, int unitBytes) {
        DiskRules rules = DiskRules.WORST.names(names).unitBytes(unitBytes);
        Rounds.run(seed -> {
            int cuts = CrashPoints.of(LogWorkload::run, LogCheck::checkAndAppend)
                    .rules(rules)
                    .seed(seed)
                    .cutTwice(secondCuts(seed));
            assertThat(Rounds.tried("second power cut, names " + names + ", units of " + unitBytes, cuts))
                    .isGreaterThan(1_000);
        });
    }

    /** A sample; all of them for the first seed of a run with several rounds. */
    private static int secondCuts(long seed) {
        return CrashPoints.rounds() > 1 && seed == Rounds.firstSeed() ? Integer.MAX_VALUE : 2_000;
    }

    /** R7: the page cache can have data that is not on disk. */
    @ParameterizedTest
    @EnumSource(Names.class)
    void recordsReturnedAfterAKillSurviveAPowerCut(Names names) {
        Rounds.run(seed -> {
            int kills = CrashPoints.of(LogWorkload::run, LogCheck::checkAndAppend)
                    .rules(DiskRules.WORST.names(names))
                    .seed(seed)
                    .killThenCut();
            assertThat(Rounds.tried("kill, then power cut, names " + names, kills))
                    .isGreaterThan(100);
        });
    }

    /** A9 and A10: after a close all records exist, whatever their durability. */
    @ParameterizedTest
    @EnumSource(
            value = Durability.class,
            names = {"LOSE_UNFORCED", "LOSE_LAST_INTERVAL"})
    void relaxedDurabilityLosesOnlyTheEndAndNothingBeforeTheLastSync(Durability durability) {
        Rounds.run(seed -> {
            int cuts = CrashPoints.<Step>of(
                            (storage, history) -> relaxed(storage, history, durability), LogCheck::check)
                    .seed(seed)
                    .cutOnce();
            assertThat(Rounds.tried("power cut, " + durability, cuts)).isGreaterThan(100);
        });
    }

    private static void relaxed(FaultyStorage storage, History<Step> history, Durability durability) {
        for (int life = 0; life < 2; life++) {
            List<Step> pending;
            try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
                LogWorkload workload = new LogWorkload(wal, history);
                pending = workload.appendUnforced(1, durability);
                for (int i = 0; i < 3; i++) {
                    List<Step> steps = workload.appendUnforced(9, durability);
                    wal.sync();
                    steps.forEach(history::acknowledge);
                    pending.addAll(workload.appendUnforced(4, durability));
                }
            }
            pending.forEach(history::acknowledge);
        }
    }
}
