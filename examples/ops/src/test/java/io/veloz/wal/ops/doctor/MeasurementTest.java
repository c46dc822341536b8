package io.veloz.wal.ops.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.storage.StorageFullException;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.Fault;
import io.veloz.wal.testkit.FaultyStorage;
import io.veloz.wal.testkit.Operation;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The measurement on a disk in memory: counts, limits, and what is left after a failure. */
class MeasurementTest {
    private static final int SAMPLES = 3;

    /** The number of samples, not the time, ends each step. */
    private static final Bounds BOUNDS = new Bounds(Duration.ofMinutes(5), Bounds.MIN_SPACE_BYTES, SAMPLES);

    /** Large units: the disk decides the fate of each unit after a failed force. */
    private final FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST.unitBytes(256 * 1024));

    private Measured run(Bounds bounds) throws IOException {
        return new Measurement(bounds, () -> false, (label, share) -> {}).run(storage);
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        storage.plan(operation -> null);
        assertThat(storage.list()).isEmpty();
        assertThat(storage.openFiles()).isZero();
    }

    @Test
    void eachSeriesEndsAtItsLimitOfSamples() throws IOException {
        Measured measured = run(BOUNDS);
        for (Series series : Series.values()) {
            int count = measured.of(series).count();
            // The fill may end before the writes that it accompanies.
            assertThat(count)
                    .as("samples of %s", series)
                    .isBetween(series == Series.DURING_FILL ? 1 : SAMPLES, SAMPLES);
        }
    }

    @Test
    void eachSeriesHasASampleAlsoWithoutTime() throws IOException {
        Measured measured = run(new Bounds(Duration.ZERO, Bounds.MIN_SPACE_BYTES, SAMPLES));
        for (Series series : Series.values()) {
            assertThat(measured.of(series).count()).as("samples of %s", series).isPositive();
        }
        assertThat(measured.rates().fill()).isPositive();
        assertThat(measured.rates().write()).isPositive();
        assertThat(measured.rates().read()).isPositive();
    }

    @Test
    void filesTogetherStayWithinTheSpace() throws IOException {
        storage.capacityBytes(Bounds.MIN_SPACE_BYTES);
        Measured measured = run(new Bounds(Duration.ofMinutes(5), Bounds.MIN_SPACE_BYTES, 50));
        assertThat(measured.writtenBytes()).isPositive().isLessThan(9 * Bounds.MIN_SPACE_BYTES);
    }

    @Test
    void stepsAreReportedInOrder() throws IOException {
        List<Double> shares = new ArrayList<>();
        new Measurement(BOUNDS, () -> false, (label, share) -> shares.add(share)).run(storage);
        assertThat(shares).isSorted().hasSizeGreaterThan(10).allMatch(share -> share >= 0 && share < 1);
        assertThat(shares.get(0)).isZero();
    }

    @Test
    void fullDiskEndsTheMeasurement() {
        storage.capacityBytes(3 * 1024 * 1024);
        assertThatThrownBy(() -> run(BOUNDS)).isInstanceOf(StorageFullException.class);
    }

    @ParameterizedTest
    @EnumSource(
            value = Operation.Kind.class,
            names = {"CREATE", "WRITE", "READ", "TRUNCATE", "FORCE", "RENAME", "FORCE_DIRECTORY"})
    void filesAreDeletedAfterAFailure(Operation.Kind kind) {
        for (int nth = 1; nth <= 2; nth++) {
            AtomicInteger seen = new AtomicInteger();
            int failing = nth;
            storage.plan(
                    operation -> operation.kind() == kind && seen.incrementAndGet() == failing ? Fault.IO_ERROR : null);
            assertThatThrownBy(() -> run(BOUNDS)).as("%s number %d", kind, nth).isInstanceOf(IOException.class);
        }
    }

    @Test
    void failureOfTheFillEndsTheMeasurement() {
        storage.plan(operation ->
                operation.kind() == Operation.Kind.WRITE && operation.file().equals(ScratchNames.NEIGHBOUR)
                        ? Fault.IO_ERROR
                        : null);
        assertThatThrownBy(() -> run(BOUNDS)).isInstanceOf(IOException.class);
    }

    @Test
    void filesAreDeletedWhenItIsStopped() {
        AtomicInteger steps = new AtomicInteger();
        Measurement measurement =
                new Measurement(BOUNDS, () -> steps.get() >= 5, (label, share) -> steps.incrementAndGet());
        assertThatThrownBy(() -> measurement.run(storage)).isInstanceOf(MeasurementStoppedException.class);
        assertThat(steps).hasValue(5);
    }

    @Test
    void interruptOfTheCallerStaysPending() throws IOException {
        Thread.currentThread().interrupt();
        run(BOUNDS);
        assertThat(Thread.interrupted()).isTrue();
    }
}
