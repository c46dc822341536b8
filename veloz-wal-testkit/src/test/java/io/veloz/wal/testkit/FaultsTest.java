package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.testkit.DiskRules.FailedForce;
import io.veloz.wal.testkit.Operation.Kind;
import java.util.EnumSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The log, and each operation that fails: once, or from then on. It may tell an error then; what it has acknowledged is
 * there, after the death of the process and after a power cut (E1 to E8, E11, E14).
 */
class FaultsTest {
    private static final CrashPoints<Step> POINTS =
            CrashPoints.of(LogWorkload::run, LogCheck::check).threads(4);
    private static final Tally FAULTS = new Tally("faults, each with a kill, a power cut, both, and a cut soon after");

    @AfterAll
    static void sayWhatWasTried() {
        FAULTS.print();
    }

    /** Not a lie: nobody can defend himself against that. See {@link #diskThatLiesIsFoundOut}. */
    @ParameterizedTest
    @EnumSource(value = Fault.class, mode = EnumSource.Mode.EXCLUDE, names = "LIE")
    void everyOperationCanFailAlone(Fault fault) {
        Rounds.run(seed ->
                assertThat(FAULTS.add(POINTS.seed(seed).failEach(fault))).isGreaterThan(50));
    }

    /** E14 and R5. */
    @ParameterizedTest
    @EnumSource(value = Fault.class, mode = EnumSource.Mode.EXCLUDE, names = "LIE")
    void everyOperationOfTheRecoveryCanFailAlone(Fault fault) {
        Rounds.run(seed -> assertThat(FAULTS.add(POINTS.seed(seed).failAfterCut(fault, 300)))
                .isGreaterThan(20));
    }

    @ParameterizedTest
    @EnumSource(FailedForce.class)
    void failedForceIsFinalWhateverBecomesOfThePages(FailedForce pages) {
        Rounds.run(seed -> {
            CrashPoints<Step> points = POINTS.seed(seed).rules(DiskRules.WORST.failedForce(pages));
            assertThat(FAULTS.add(points.failEach(Fault.IO_ERROR, EnumSet.of(Kind.FORCE))))
                    .isGreaterThan(50);
            assertThat(FAULTS.add(points.failEach(Fault.NO_ROOM, EnumSet.of(Kind.FORCE))))
                    .isGreaterThan(50);
            assertThat(FAULTS.add(points.failForEver(Fault.IO_ERROR, EnumSet.of(Kind.FORCE))))
                    .isGreaterThan(50);
        });
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"FORCE_DIRECTORY", "RENAME", "WRITE", "READ"})
    void diskCanFailForEver(Kind kind) {
        Rounds.run(seed -> assertThat(FAULTS.add(POINTS.seed(seed).failForEver(Fault.IO_ERROR, EnumSet.of(kind))))
                .isGreaterThan(5));
    }

    @Test
    void roomForNewFilesCanBeUsedUpForEver() {
        Rounds.run(seed -> assertThat(FAULTS.add(POINTS.seed(seed).failForEver(Fault.NO_ROOM, EnumSet.of(Kind.CREATE))))
                .isGreaterThan(5));
    }

    @Test
    void filesCanBeRefusedForEver() {
        Rounds.run(seed -> assertThat(FAULTS.add(
                        POINTS.seed(seed).failForEver(Fault.TOO_MANY_FILES, EnumSet.of(Kind.OPEN, Kind.CREATE))))
                .isGreaterThan(5));
    }

    /** A7: if this did not fail, all the other tests would prove nothing. */
    @Test
    void diskThatLiesIsFoundOut() {
        CrashPoints<Step> points = CrashPoints.of(
                (storage, history) -> {
                    storage.plan(FaultPlan.always(Kind.FORCE, Fault.LIE));
                    LogWorkload.run(storage, history);
                },
                LogCheck::check);
        assertThatThrownBy(points::cutOnce)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("repeat with -Dwal.seed=");
    }

    @Test
    void directoryThatLiesIsFoundOut() {
        CrashPoints<Step> points = CrashPoints.of(
                (storage, history) -> {
                    storage.plan(FaultPlan.always(Kind.FORCE_DIRECTORY, Fault.LIE));
                    LogWorkload.run(storage, history);
                },
                LogCheck::check);
        assertThatThrownBy(points::cutOnce)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("repeat with -Dwal.seed=");
    }
}
