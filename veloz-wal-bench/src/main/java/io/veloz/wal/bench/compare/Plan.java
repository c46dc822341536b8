package io.veloz.wal.bench.compare;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The measurements of a run in their order, and how long they take. */
final class Plan {
    /** Start of the JVM, the first file of zeros, and the removal of the files. */
    private static final double OVERHEAD_SECONDS = 1.6;

    /** One log and one workload in one round. */
    record Measurement(int round, String workload, ComparedLog log) {}

    private final List<Measurement> measurements;
    private final double secondsEach;

    Plan(List<Measurement> measurements, double secondsEach) {
        this.measurements = List.copyOf(measurements);
        this.secondsEach = secondsEach + OVERHEAD_SECONDS;
    }

    /**
     * Returns the order of a run: in each round workload by workload, all logs one after the other, so that a minute in which
     * other programs run affects all logs. Each round starts with another log.
     */
    static List<Measurement> interleaved(int rounds, List<String> workloads, List<ComparedLog> logs) {
        List<Measurement> measurements = new ArrayList<>();
        int shift = Math.max(1, logs.size() / rounds);
        for (int round = 1; round <= rounds; round++) {
            List<ComparedLog> order = new ArrayList<>(logs);
            Collections.rotate(order, -(round - 1) * shift);
            for (String workload : workloads) {
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
