package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.testkit.DiskRules.FailedForce;
import io.veloz.wal.testkit.Operation.Kind;
import java.util.EnumSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The log with faults in each operation, once or permanently. An operation may report an error, but acknowledged
 * records survive, after a kill and after a power cut (E1 to E8, E11, E14).
 */
@Tag("enumeration")
class FaultsTest {
    private static final CrashPoints<Step> POINTS =
            CrashPoints.of(LogWorkload::run, LogCheck::check).threads(4);
    /** Excludes {@link Fault#LIE}, against which no log can protect. See {@link #diskThatLiesIsDetected}. */
    @ParameterizedTest
    @EnumSource(value = Fault.class, mode = EnumSource.Mode.EXCLUDE, names = "LIE")
    void everyOperationCanFailAlone(Fault fault) {
        Rounds.run(seed -> assertThat(Rounds.tried(
                        fault + " in one operation", POINTS.seed(seed).failEach(fault)))
                .isGreaterThan(50));
    }

    /** E14 and R5. */
    @ParameterizedTest
    @EnumSource(value = Fault.class, mode = EnumSource.Mode.EXCLUDE, names = "LIE")
    void everyOperationOfTheRecoveryCanFailAlone(Fault fault) {
        Rounds.run(seed -> assertThat(Rounds.tried(
                        fault + " in one operation of a recovery",
                        POINTS.seed(seed).failAfterCut(fault, 300)))
                .isGreaterThan(20));
    }

    @ParameterizedTest
    @EnumSource(FailedForce.class)
    void failedForceIsFinalWhateverBecomesOfThePages(FailedForce pages) {
        Rounds.run(seed -> {
            CrashPoints<Step> points = POINTS.seed(seed).rules(DiskRules.WORST.failedForce(pages));
            assertThat(Rounds.tried(
                            "IO_ERROR in one force, pages " + pages,
                            points.failEach(Fault.IO_ERROR, EnumSet.of(Kind.FORCE))))
                    .isGreaterThan(50);
            assertThat(Rounds.tried(
                            "NO_ROOM in one force, pages " + pages,
                            points.failEach(Fault.NO_ROOM, EnumSet.of(Kind.FORCE))))
                    .isGreaterThan(50);
            assertThat(Rounds.tried(
                            "IO_ERROR in every force from one on, pages " + pages,
                            points.failPermanently(Fault.IO_ERROR, EnumSet.of(Kind.FORCE))))
                    .isGreaterThan(50);
        });
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"FORCE_DIRECTORY", "RENAME", "WRITE", "READ"})
    void diskCanFailPermanently(Kind kind) {
        Rounds.run(seed -> assertThat(Rounds.tried(
                        "IO_ERROR in every " + kind + " from one on",
                        POINTS.seed(seed).failPermanently(Fault.IO_ERROR, EnumSet.of(kind))))
                .isGreaterThan(5));
    }

    @Test
    void spaceForNewFilesCanRunOutPermanently() {
        Rounds.run(seed -> assertThat(Rounds.tried(
                        "NO_ROOM in every CREATE from one on",
                        POINTS.seed(seed).failPermanently(Fault.NO_ROOM, EnumSet.of(Kind.CREATE))))
                .isGreaterThan(5));
    }

    @Test
    void filesCanBeRefusedPermanently() {
        Rounds.run(seed -> assertThat(Rounds.tried(
                        "TOO_MANY_FILES in every OPEN and CREATE from one on",
                        POINTS.seed(seed).failPermanently(Fault.TOO_MANY_FILES, EnumSet.of(Kind.OPEN, Kind.CREATE))))
                .isGreaterThan(5));
    }

    /** A7: if this loss were not detected, the other tests would prove nothing. */
    @Test
    void diskThatLiesIsDetected() {
        CrashPoints<Step> points = CrashPoints.of(
                (storage, history) -> {
                    try (Wal wal = Wal.open(LogWorkload.config(storage).build())) {
                        // Start after the open, whose lost files another check would detect.
                        while (!storage.list().contains(".orders_prepared.wal")) {
                            Thread.onSpinWait();
                        }
                        storage.plan(FaultPlan.always(Kind.FORCE, Fault.LIE));
                        new LogWorkload(wal, history).append(3);
                    }
                },
                LogCheck::check);
        assertThatThrownBy(points::cutOnce)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("A1 to A4: acknowledged records")
                .hasMessageContaining("repeat with -Dwal.seed=");
    }

    @Test
    void directoryThatLiesIsDetected() {
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
