package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.testkit.DiskRules.Names;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The log, and power cuts at every moment of a workload that does everything once. */
class CrashPointsTest {
    private static final CrashPoints<Step> POINTS = CrashPoints.of(LogWorkload::run, LogCheck::check);

    @ParameterizedTest
    @CsvSource({"STRICT, 512", "STRICT, 4096", "ORDERED, 512", "ORDERED, 4096"})
    void everythingAcknowledgedSurvivesAPowerCutBeforeEveryChange(Names names, int unitBytes) {
        int cuts =
                POINTS.rules(DiskRules.WORST.names(names).unitBytes(unitBytes)).cutOnce();
        System.out.println(cuts + " cuts");
        assertThat(cuts).isPositive();
    }
}
