package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Durability;
import io.veloz.wal.Wal;
import io.veloz.wal.testkit.DiskRules.Names;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The log, and power cuts at every moment of a workload that does everything once. */
class CrashPointsTest {
    private static final Tally CUTS = new Tally("power cuts");
    private static final Tally SECOND_CUTS = new Tally("power cuts in the recovery after a power cut");

    @AfterAll
    static void sayWhatWasTried() {
        CUTS.print();
        SECOND_CUTS.print();
    }

    @ParameterizedTest
    @CsvSource({"STRICT, 512", "STRICT, 4096", "ORDERED, 512", "ORDERED, 4096"})
    void everythingAcknowledgedSurvivesAPowerCutBeforeEveryChange(Names names, int unitBytes) {
        DiskRules rules = DiskRules.WORST.names(names).unitBytes(unitBytes);
        Rounds.run(seed -> {
            int cuts = CUTS.add(CrashPoints.of(LogWorkload::run, LogCheck::check)
                    .rules(rules)
                    .seed(seed)
                    .cutOnce());
            assertThat(cuts).isGreaterThan(1_000);
        });
    }

    @ParameterizedTest
    @CsvSource({"STRICT, 512", "ORDERED, 4096"})
    void whatRecoveryHasShownSurvivesASecondPowerCutAtAnyMoment(Names names, int unitBytes) {
        DiskRules rules = DiskRules.WORST.names(names).unitBytes(unitBytes);
        Rounds.run(seed -> {
            // With many rounds every second cut is tried.
            int cuts = SECOND_CUTS.add(CrashPoints.of(LogWorkload::run, LogCheck::checkAndGoOn)
                    .rules(rules)
                    .seed(seed)
                    .cutTwice(2_000 * CrashPoints.rounds()));
            assertThat(cuts).isGreaterThan(1_000);
        });
    }

    /** A9. */
    @ParameterizedTest
    @EnumSource(
            value = Durability.class,
            names = {"LOSE_UNFORCED", "LOSE_LAST_INTERVAL"})
    void relaxedDurabilityLosesOnlyTheEndAndNothingBeforeTheLastSync(Durability durability) {
        Rounds.run(seed -> {
            int cuts = CUTS.add(
                    CrashPoints.<Step>of((storage, history) -> relaxed(storage, history, durability), LogCheck::check)
                            .seed(seed)
                            .cutOnce());
            assertThat(cuts).isGreaterThan(100);
        });
    }

    private static void relaxed(FaultyStorage storage, History<Step> history, Durability durability) {
        for (int life = 0; life < 2; life++) {
            try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
                LogWorkload workload = new LogWorkload(wal, history);
                for (int i = 0; i < 3; i++) {
                    List<Step> steps = workload.appendUnforced(9, durability);
                    wal.sync();
                    steps.forEach(history::acknowledge);
                    workload.appendUnforced(4, durability);
                }
            }
        }
    }
}
