package io.veloz.wal.bench.compare;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** The measurements of a run in their order, and how long they take. */
final class Plan {
    /** Start of the JVM, the first file of zeros, and the removal of the files. */
    private static final double OVERHEAD_SECONDS = 1.6;

    /** The seed of every run, which its results state. */
    static final long SEED = 20_260_101;

    /** One log and one workload in one round. */
    record Measurement(int round, String workload, ComparedLog log) {
        /** Returns whether a row is a value or the failure of this measurement. */
        boolean has(Row row) {
            return !row.isFact()
                    && row.round() == round
                    && row.workload().equals(workload)
                    && row.log().equals(log.name());
        }
    }

    private final List<Measurement> measurements;
    private final double secondsEach;

    Plan(List<Measurement> measurements, double secondsEach) {
        this.measurements = List.copyOf(measurements);
        this.secondsEach = secondsEach + OVERHEAD_SECONDS;
    }

    /**
     * Returns the order of a run: in each round workload by workload, all logs one after the other, so that a minute in which
     * other programs run affects all logs. The order of the logs differs with each round and workload, so that none always
     * follows the same one. It is the same in each run with the same seed.
     */
    static List<Measurement> interleaved(int rounds, List<String> workloads, List<ComparedLog> logs, long seed) {
        List<Measurement> measurements = new ArrayList<>();
        Random random = new Random(seed);
        for (int round = 1; round <= rounds; round++) {
            for (String workload : workloads) {
                List<ComparedLog> order = new ArrayList<>(logs);
                Collections.shuffle(order, random);
                for (ComparedLog log : order) {
                    measurements.add(new Measurement(round, workload, log));
                }
            }
        }
        return measurements;
    }

    /**
     * Returns the order of a smoke test: each log with one workload of each kind, and this project's log with all of them.
     */
    static List<Measurement> smoke(List<String> all, List<String> few, List<ComparedLog> logs) {
        List<Measurement> measurements = new ArrayList<>();
        for (ComparedLog log : logs) {
            List<String> workloads = log.origin() == ComparedLog.Origin.OWN ? all : few;
            workloads.forEach(workload -> measurements.add(new Measurement(1, workload, log)));
        }
        return measurements;
    }

    List<Measurement> measurements() {
        return measurements;
    }

    Duration expected() {
        return seconds(measurements.size() * secondsEach);
    }

    /** Returns the time left, from the time that a number of measurements has taken. */
    Duration left(int done, Duration elapsed) {
        double each = done == 0 ? secondsEach : elapsed.toMillis() / 1e3 / done;
        return seconds((measurements.size() - done) * each);
    }

    private static Duration seconds(double seconds) {
        return Duration.ofMillis((long) (seconds * 1_000));
    }
}
