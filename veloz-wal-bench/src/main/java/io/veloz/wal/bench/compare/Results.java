package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.measure.Metric;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;

/** What was measured, by workload, log and metric: medians over the rounds, and the lines that they are compared with. */
final class Results {
    private final List<Row> rows;

    Results(List<Row> rows) {
        this.rows = List.copyOf(rows);
    }

    /** A metric over the rounds. */
    record Spread(double median, double min, double max) {
        static Spread of(double... values) {
            double[] sorted = DoubleStream.of(values).sorted().toArray();
            int middle = sorted.length / 2;
            double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
            return new Spread(median, sorted[0], sorted[sorted.length - 1]);
        }
    }

    /** Returns the logs with at least one measurement, in the order of the list of logs. */
    List<String> logs() {
        List<String> measured = rows.stream()
                .filter(row -> !row.isFact())
                .map(Row::log)
                .distinct()
                .toList();
        return measured.stream()
                .sorted(Comparator.comparingInt(log -> {
                    int index = ComparedLog.names().indexOf(log);
                    return index < 0 ? Integer.MAX_VALUE : index;
                }))
                .toList();
    }

    /** Returns the workloads in the order in which they were measured. */
    List<String> workloads() {
        return rows.stream()
                .filter(row -> !row.isFact())
                .map(Row::workload)
                .distinct()
                .toList();
    }

    int rounds() {
        return rows.stream().mapToInt(Row::round).max().orElse(0);
    }

    Optional<Spread> spread(String workload, String log, Metric metric) {
        double[] values = rows.stream()
                .filter(row -> row.workload().equals(workload)
                        && row.log().equals(log)
                        && row.metric().equals(Group.nameOf(metric)))
                .mapToDouble(row -> Double.parseDouble(row.value()))
                .toArray();
        return values.length == 0 ? Optional.empty() : Optional.of(Spread.of(values));
    }

    Optional<Double> median(String workload, String log, Metric metric) {
        return spread(workload, log, metric).map(Spread::median);
    }

    List<Row> failures() {
        return rows.stream().filter(Row::hasFailed).toList();
    }

    /** Returns the workloads that a log does not support by design. */
    List<Row> unsupported() {
        return rows.stream().filter(row -> row.metric().equals(Row.UNSUPPORTED)).toList();
    }

    boolean isUnsupported(String workload, String log) {
        return unsupported().stream()
                .anyMatch(row -> row.workload().equals(workload) && row.log().equals(log));
    }

    boolean hasFailed(String workload, String log) {
        return failures().stream()
                .anyMatch(row -> row.workload().equals(workload) && row.log().equals(log));
    }

    /** Returns the best line: the best median of all logs that are not this project's. */
    Optional<Double> best(String workload, Metric metric) {
        return bestOf(
                workload,
                metric,
                logs().stream().filter(log -> !ComparedLog.isOwn(log)).toList());
    }

    /**
     * Returns the floor: the median of the hand-made log that is best in the primary metric of the workload's group, so that all
     * metrics of a floor are of one log. A replay's floor is to read and checksum the files, the fastest of all logs.
     */
    Optional<Double> floor(String workload, Metric metric) {
        return switch (metric) {
            case WARM_MB -> bestOf(workload, Metric.WARM_FLOOR_MB, logs());
            case COLD_MB -> bestOf(workload, Metric.COLD_FLOOR_MB, logs());
            default -> floorLog(workload).flatMap(log -> median(workload, log, metric));
        };
    }

    /** Returns the hand-made log whose values are the floor of a workload. */
    Optional<String> floorLog(String workload) {
        return ranked(workload, Group.of(workload).primary()).stream()
                .filter(ComparedLog::isHandMade)
                .findFirst();
    }

    private Optional<Double> bestOf(String workload, Metric metric, List<String> logs) {
        Comparator<Double> order = Comparator.naturalOrder();
        return logs.stream()
                .flatMap(log -> median(workload, log, metric).stream())
                .max(Group.higherIsBetter(metric) ? order : order.reversed());
    }

    /** Returns the logs that have a value, the best one first. */
    List<String> ranked(String workload, Metric metric) {
        Comparator<String> order =
                Comparator.comparingDouble(log -> median(workload, log, metric).orElseThrow());
        return logs().stream()
                .filter(log -> median(workload, log, metric).isPresent())
                .sorted(Group.higherIsBetter(metric) ? order.reversed() : order)
                .toList();
    }

    /** Returns the facts of a kind: {@link Row#RUN}, {@link Row#MACHINE} or {@link Row#LOG}. */
    List<Row> facts(String kind) {
        return rows.stream().filter(row -> row.workload().equals(kind)).toList();
    }

    Optional<String> fact(String kind, String log, String name) {
        return facts(kind).stream()
                .filter(row -> row.log().equals(log) && row.metric().equals(name))
                .map(Row::value)
                .findFirst();
    }
}
