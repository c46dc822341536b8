package io.veloz.wal.ops.doctor;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Runs all steps, distributes the time over them, and deletes the scratch files also after a failure. For one run. Not
 * thread-safe.
 *
 * <p>The writes on the zero-filled and on the sparse file alternate in rounds, so that a change of the load of the disk
 * affects both.
 */
public final class Measurement {
    private final Bounds bounds;
    private final BooleanSupplier stopped;
    private final Listener listener;
    private final List<Step> steps = new ArrayList<>();
    private long fillRate;
    private long writeRate;
    private long readRate;

    /** Receives the progress. Called by the thread that measures, between the steps. */
    @FunctionalInterface
    public interface Listener {
        /** A step begins. */
        void onStep(String label, double doneShare);
    }

    @FunctionalInterface
    private interface Work {
        void run(Deadline deadline) throws IOException;
    }

    private record Step(String label, double weight, Work work) {}

    /** @param stopped whether to stop early; called often, by several threads */
    public Measurement(Bounds bounds, BooleanSupplier stopped, Listener listener) {
        this.bounds = bounds;
        this.stopped = stopped;
        this.listener = listener;
    }

    /**
     * Measures in a storage, which must not contain files with {@link ScratchNames}. When this returns or throws, these
     * files are deleted.
     *
     * @throws MeasurementStoppedException if it was stopped
     */
    public Measured run(Storage storage) throws IOException {
        try {
            return UninterruptibleThread.call("veloz-wal-doctor", () -> measure(storage));
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Measured measure(Storage storage) throws IOException {
        long started = System.nanoTime();
        try (DiskSteps disk = new DiskSteps(storage, bounds)) {
            plan(disk);
            runAll(started);
            Map<Series, Latencies> latencies = new EnumMap<>(Series.class);
            for (Series series : Series.values()) {
                latencies.put(series, disk.samples(series).latencies());
            }
            return new Measured(
                    latencies,
                    new Rates(fillRate, writeRate, readRate),
                    disk.writtenBytes(),
                    Duration.ofNanos(System.nanoTime() - started));
        }
    }

    private void plan(DiskSteps disk) {
        step("zero-fill", 2, deadline -> fillRate = disk.fill(deadline));
        for (int round = 0; round < Bounds.ROUNDS; round++) {
            step("write and force", 0.3, deadline -> disk.forced(Series.FORCED_256, 256, deadline));
            step("write and force", 0.2, deadline -> disk.sparse(Series.SPARSE_256, 256, deadline));
            step("write and force", 0.5, deadline -> disk.forced(Series.FORCED_4K, 4096, deadline));
            step("write and force", 0.2, deadline -> disk.sparse(Series.SPARSE_4K, 4096, deadline));
            step("write and force", 0.3, deadline -> disk.forced(Series.FORCED_64K, 65_536, deadline));
            step("write and force", 0.2, deadline -> disk.sparse(Series.SPARSE_64K, 65_536, deadline));
        }
        step("batches", 0.8, disk::batches);
        step("writes without force", 0.2, deadline -> disk.unforced(Series.UNFORCED_4K, 4096, deadline));
        step("forces without a write", 0.3, disk::emptyForces);
        step("page cache", 0.2, deadline -> writeRate = disk.sequentialWrites(deadline));
        step("page cache", 0.2, deadline -> readRate = disk.sequentialReads(deadline));
        step("write and force during a fill", 1.2, disk::duringFill);
        step("renames", 0.8, disk::names);
        step("wake-ups", 0.4, deadline -> WakeUps.sleeps(disk.samples(Series.PARK_OVERSHOOT), deadline));
        step("wake-ups", 0.4, deadline -> WakeUps.unparks(disk.samples(Series.UNPARK), deadline));
    }

    private void step(String label, double weight, Work work) {
        steps.add(new Step(label, weight, work));
    }

    /** Each step gets its share of the time that is left, so that a late one takes as little from each later one. */
    private void runAll(long started) throws IOException {
        double total = steps.stream().mapToDouble(Step::weight).sum();
        double left = total;
        long end = started + bounds.time().toNanos();
        for (Step step : steps) {
            listener.onStep(step.label(), 1 - left / total);
            long now = System.nanoTime();
            long share = (long) (Math.max(0, end - now) * step.weight() / left);
            step.work().run(new Deadline(now + share, stopped));
            if (stopped.getAsBoolean()) {
                throw new MeasurementStoppedException();
            }
            left -= step.weight();
        }
    }
}
