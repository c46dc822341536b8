package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.measure.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The tables of a run, in sections that documents can copy. */
final class Report {
    private static final String NOTHING = "–";
    private static final List<Metric> PERCENTILES =
            List.of(Metric.P50_MICROS, Metric.P99_MICROS, Metric.P999_MICROS, Metric.MAX_MICROS);

    private final Results results;
    private final Markdown text = new Markdown();

    private Report(Results results) {
        this.results = results;
    }

    /** Writes {@code results.md} and the plots. */
    static void write(Results results, Path directory) throws IOException {
        Map<String, String> plots = Plots.all(results);
        for (Map.Entry<String, String> plot : plots.entrySet()) {
            Files.writeString(directory.resolve(plot.getKey()), plot.getValue());
        }
        Files.writeString(directory.resolve("results.md"), of(results, List.copyOf(plots.keySet())));
    }

    static String of(Results results, List<String> plots) {
        Report report = new Report(results);
        report.machine();
        report.logs();
        for (Group group : Group.values()) {
            List<String> workloads = group.workloads(results.workloads());
            if (!workloads.isEmpty()) {
                report.group(group, workloads);
            }
        }
        report.noise();
        report.failures();
        report.plots(plots);
        return report.text.toString();
    }

    private void machine() {
        Map<String, String> facts = new LinkedHashMap<>();
        results.facts(Row.RUN)
                .forEach(row ->
                        facts.put(row.metric(), row.metric().equals(Row.SEED) ? row.value() : row.value() + " s"));
        facts.put("rounds", Integer.toString(results.rounds()));
        for (Row row : results.facts(Row.MACHINE)) {
            String round = row.round() == 0 ? "" : " round " + row.round();
            facts.put(row.metric() + round, row.value());
        }
        text.heading("The machine and the run");
        text.table(
                List.of("fact", "value"),
                facts.entrySet().stream()
                        .map(fact -> List.of(fact.getKey(), fact.getValue()))
                        .toList());
        List<String> notes = Warnings.of(results);
        if (!notes.isEmpty()) {
            text.list(notes);
        }
    }

    private void logs() {
        List<String> logs = Stream.concat(
                        results.logs().stream(), results.facts(Row.LOG).stream().map(Row::log))
                .distinct()
                .toList();
        text.heading("What each log does before a record is durable");
        text.table(
                List.of("log", "version", "before it reports a record as durable"),
                logs.stream()
                        .map(log -> List.of(
                                log,
                                results.fact(Row.LOG, log, Row.VERSION).orElse(NOTHING),
                                results.fact(Row.LOG, log, Row.DURABLE)
                                        .or(() -> results.fact(Row.LOG, log, "skipped")
                                                .map(reason -> "not measured: " + reason))
                                        .orElse(NOTHING)))
                        .toList());
    }

    private void group(Group group, List<String> workloads) {
        text.heading(group.title());
        text.list(workloads.stream()
                .map(workload -> "`" + workload + "`: " + Group.description(workload))
                .toList());
        if (group == Group.REPLAY) {
            replay(workloads);
            return;
        }
        if (group != Group.RATE) {
            Metric metric = group.primary();
            text.paragraph("Median of " + Numbers.unit(metric)
                    + " (ratio to the best line, which is the fastest of all other logs; ratio to the floor, which is the"
                    + " fastest hand-made log).");
            perLog(workloads, (workload, log) -> compared(workload, log, metric));
        }
        if (group == Group.PIPELINED) {
            text.paragraph("Nanoseconds a record, and bytes that all threads allocate for it.");
            perLog(
                    workloads,
                    (workload, log) -> several(
                            List.of(Metric.NANOS, Metric.ALLOCATED_BYTES),
                            metric ->
                                    results.median(workload, log, metric).map(value -> Numbers.value(metric, value))));
        }
        if (group.required().contains(Metric.P50_MICROS)) {
            latencies(group, workloads);
        }
        if (group == Group.RATE) {
            achieved(workloads);
        }
        if (group == Group.ROLL) {
            text.paragraph("Rolls during the measurement.");
            perLog(
                    workloads,
                    (workload, log) -> results.median(workload, log, Metric.ROLLS)
                            .map(rolls -> String.format(Locale.ROOT, "%,.0f", rolls)));
        }
    }

    private void achieved(List<String> workloads) {
        text.paragraph(
                "Records per second that were achieved. Then p50 and p99 of the lateness: from the moment at which a record"
                        + " was due until the call of its append. The latencies above include it.");
        perLog(workloads, (workload, log) -> {
            Optional<String> rate =
                    results.median(workload, log, Metric.OPS).map(ops -> Numbers.value(Metric.OPS, ops) + "/s");
            Optional<String> late = several(
                    List.of(Metric.LATE_P50_MICROS, Metric.LATE_P99_MICROS),
                    metric -> results.median(workload, log, metric).map(Numbers::time));
            return rate.map(ops -> ops + ", " + late.orElse(NOTHING));
        });
    }

    private void latencies(Group group, List<String> workloads) {
        String loop = group == Group.RATE
                ? "Open loop: from the moment at which a record was due until it is durable, so a stall counts for every record"
                        + " that was due during it."
                : "Closed loop: of the appends that were made, so a stall counts once for each thread.";
        text.paragraph("p50, p99, p99.9 and maximum. " + loop);
        perLog(
                workloads,
                (workload, log) -> several(
                        PERCENTILES,
                        metric -> results.median(workload, log, metric).map(Numbers::time)));
        text.paragraph("The same as ratios to the floor, which is one hand-made log for all percentiles: "
                + floorOf(group) + ".");
        perLog(
                workloads,
                (workload, log) -> several(
                        PERCENTILES,
                        metric -> ratio(results.median(workload, log, metric), results.floor(workload, metric))));
    }

    private static String floorOf(Group group) {
        return group == Group.RATE ? "the one with the least p99" : "the one with the highest rate";
    }

    private void replay(List<String> workloads) {
        text.paragraph(
                "Megabytes of records a second, with the open, with the files in the page cache (warm) and not (cold). The"
                        + " floor is one thread that reads the files of the same log and computes one CRC-32C, in megabytes of"
                        + " files; the ratio compares the two rates.");
        for (String workload : workloads) {
            text.table(
                    List.of(
                            "log",
                            "warm",
                            "of the best line",
                            "of its floor",
                            "cold",
                            "of its floor",
                            "files / records"),
                    results.logs().stream().map(log -> replayRow(workload, log)).toList());
        }
    }

    private List<String> replayRow(String workload, String log) {
        Optional<Double> warm = results.median(workload, log, Metric.WARM_MB);
        Optional<Double> cold = results.median(workload, log, Metric.COLD_MB);
        return List.of(
                log,
                warm.map(value -> Numbers.value(Metric.WARM_MB, value)).orElseGet(() -> absent(workload, log)),
                ratio(warm, results.best(workload, Metric.WARM_MB)).orElse(NOTHING),
                ratio(warm, results.median(workload, log, Metric.WARM_FLOOR_MB)).orElse(NOTHING),
                cold.map(value -> Numbers.value(Metric.COLD_MB, value)).orElse(NOTHING),
                ratio(cold, results.median(workload, log, Metric.COLD_FLOOR_MB)).orElse(NOTHING),
                results.median(workload, log, Metric.FILE_BYTES_RATIO)
                        .map(Numbers::ratio)
                        .orElse(NOTHING));
    }

    /** Returns the content of the cell of a workload and a log; empty if it has no value. */
    private interface Cell {
        Optional<String> of(String workload, String log);
    }

    private void perLog(List<String> workloads, Cell cell) {
        List<String> header = new ArrayList<>(List.of("log"));
        header.addAll(workloads);
        List<List<String>> rows = new ArrayList<>();
        for (String log : results.logs()) {
            List<String> row = new ArrayList<>(List.of(log));
            workloads.forEach(workload -> row.add(cell.of(workload, log).orElseGet(() -> absent(workload, log))));
            rows.add(row);
        }
        text.table(header, rows);
    }

    private String absent(String workload, String log) {
        if (results.hasFailed(workload, log)) {
            return "failed";
        }
        return results.isUnsupported(workload, log) ? "not supported" : NOTHING;
    }

    private Optional<String> compared(String workload, String log, Metric metric) {
        Optional<Double> value = results.median(workload, log, metric);
        List<String> ratios = Stream.of(
                        ratio(value, results.best(workload, metric)), ratio(value, results.floor(workload, metric)))
                .map(ratio -> ratio.orElse(NOTHING))
                .toList();
        return value.map(median -> Numbers.value(metric, median) + " (" + String.join(", ", ratios) + ")");
    }

    private static Optional<String> several(List<Metric> metrics, Function<Metric, Optional<String>> value) {
        List<String> values =
                metrics.stream().map(value).flatMap(Optional::stream).toList();
        return values.size() < metrics.size() ? Optional.empty() : Optional.of(String.join(", ", values));
    }

    private static Optional<String> ratio(Optional<Double> value, Optional<Double> base) {
        return value.flatMap(numerator ->
                base.filter(denominator -> denominator > 0).map(denominator -> Numbers.ratio(numerator / denominator)));
    }

    private void noise() {
        text.heading("Spread over the rounds");
        text.paragraph(
                "The least and the greatest value of all rounds: of the 99th percentile at a fixed rate, of the warm replay,"
                        + " and of the records per second otherwise.");
        perLog(results.workloads(), (workload, log) -> {
            Metric metric = Group.of(workload).primary();
            return results.spread(workload, log, metric)
                    .map(spread -> metric == Metric.P99_MICROS
                            ? Numbers.time(spread.min()) + " to " + Numbers.time(spread.max())
                            : Numbers.value(metric, spread.min()) + " to " + Numbers.value(metric, spread.max()));
        });
    }

    private void failures() {
        List<Row> failures = results.failures();
        if (!failures.isEmpty()) {
            text.heading("Failures");
            text.table(
                    List.of("round", "workload", "log", "reason"),
                    failures.stream()
                            .map(row -> List.of(Integer.toString(row.round()), row.workload(), row.log(), row.value()))
                            .toList());
        }
    }

    private void plots(List<String> plots) {
        text.heading("Plots");
        text.paragraph(plots.stream()
                .map(plot -> "![" + plot.replace(".svg", "") + "](" + plot + ")")
                .collect(Collectors.joining("\n\n")));
    }
}
