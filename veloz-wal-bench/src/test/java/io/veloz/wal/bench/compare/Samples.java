package io.veloz.wal.bench.compare;

import java.util.ArrayList;
import java.util.List;

/** Rows of measurements that never took place. */
final class Samples {
    private Samples() {}

    static Row row(int round, String workload, String log, String metric, double value) {
        return new Row(round, workload, log, metric, Double.toString(value));
    }

    /** Returns three rounds of one metric. */
    static List<Row> rounds(String workload, String log, String metric, double... values) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            rows.add(row(i + 1, workload, log, metric, values[i]));
        }
        return rows;
    }

    /** Returns a run of three logs with a workload of each kind. */
    static List<Row> run() {
        List<Row> rows = new ArrayList<>();
        rows.add(Row.run("seconds", "4.000"));
        rows.add(Row.machine(0, "processors", "2"));
        rows.add(Row.machine(1, Machine.LOAD_BEFORE, "0.02 0.10 0.20"));
        double factor = 1;
        for (String log : List.of("veloz-wal", "raw-group", "h2")) {
            rows.add(Row.log(log, "durable", "one | two"));
            for (String workload : List.of("durable-1", "roll")) {
                rows.addAll(rounds(workload, log, "ops", 10_000 / factor, 12_000 / factor));
                rows.addAll(latencies(workload, log, 90 * factor));
            }
            rows.addAll(rounds("async", log, "ops", 1_000_000 / factor));
            rows.addAll(rounds("async", log, "nanos", 1_000 * factor));
            rows.addAll(rounds("async", log, "allocated_bytes", 3.25 * factor));
            rows.addAll(rounds("rate-1k", log, "ops", 1_000));
            rows.addAll(latencies("rate-1k", log, 120 * factor));
            rows.addAll(rounds("rate-1k", log, "late_p50_micros", 55));
            rows.addAll(rounds("rate-1k", log, "late_p99_micros", 110 * factor));
            rows.addAll(rounds("replay", log, "warm_mb", 900 / factor));
            rows.addAll(rounds("replay", log, "warm_floor_mb", 1_200));
            rows.addAll(rounds("replay", log, "file_bytes_ratio", 1.1));
            factor *= 2;
        }
        rows.add(new Row(1, "rate-20k", "h2", Row.FAILED, "did not end within 120 s"));
        return rows;
    }

    private static List<Row> latencies(String workload, String log, double p50) {
        List<Row> rows = new ArrayList<>();
        rows.addAll(rounds(workload, log, "p50_micros", p50));
        rows.addAll(rounds(workload, log, "p99_micros", p50 * 3));
        rows.addAll(rounds(workload, log, "p999_micros", p50 * 20));
        rows.addAll(rounds(workload, log, "max_micros", p50 * 100));
        return rows;
    }
}
