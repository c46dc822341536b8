package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.measure.Metric;
import io.veloz.wal.bench.measure.Workload;
import io.veloz.wal.bench.process.Children;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** One run: measures what is planned, and writes the results after each measurement. */
final class Comparison {
    private static final List<String> SMOKE_WORKLOADS = List.of("durable-4", "async", "rate-1k", "replay");
    private static final String SECONDS = "seconds";
    private static final String WARM_UP = "warm-up";
    private static final String SKIPPED = "skipped";

    private final Arguments arguments;
    private final Installation installation;
    private final Scratch scratch;
    private final Measurer measurer;
    private final PrintStream out;
    private final Path directory;
    private final Path file;
    private final List<Row> rows = new ArrayList<>();

    Comparison(Arguments arguments, Installation installation, Scratch scratch, Children children, PrintStream out) {
        this.arguments = arguments;
        this.installation = installation;
        this.scratch = scratch;
        this.measurer = new Measurer(installation, children, scratch, arguments);
        this.out = out;
        this.directory = arguments
                .results()
                .orElseGet(() -> arguments.isSmoke()
                        ? scratch.directory().resolve("results")
                        : installation.target().resolve("comparison"))
                .toAbsolutePath()
                .normalize();
        this.file = directory.resolve("results.csv");
    }

    /** Returns the exit code. */
    int run() throws IOException, InterruptedException {
        Files.createDirectories(directory);
        load();
        List<ComparedLog> logs = builtLogs();
        Plan plan = plan(logs);
        out.printf(
                Locale.ROOT,
                "logs: %d; measurements: %d, each of %.1f s after a warm-up of %.1f s; expected duration: %s%n",
                logs.size(),
                plan.measurements().size(),
                arguments.seconds(),
                arguments.warmUpSeconds(),
                Numbers.roughly(plan.expected()));
        state(logs);
        measureAll(plan);
        Results results = new Results(rows);
        Report.write(results, directory);
        out.println("results: " + directory);
        if (arguments.isSmoke()) {
            Smoke.check(results, plan, directory);
        }
        for (Row failure : results.failures()) {
            out.println("failed: " + failure.workload() + ", " + failure.log() + ": " + failure.value());
        }
        return results.failures().isEmpty() ? Compare.MEASURED : Compare.FAILED;
    }

    /** Loads what an interrupted run has measured. */
    private void load() throws IOException {
        if (!Files.exists(file)) {
            rows.add(Row.run(SECONDS, text(arguments.seconds())));
            rows.add(Row.run(WARM_UP, text(arguments.warmUpSeconds())));
            rows.add(Row.run(Row.SEED, Long.toString(Plan.SEED)));
            rows.addAll(Machine.facts(scratch.directory()));
            return;
        }
        if (!arguments.continues()) {
            throw new IllegalArgumentException(
                    file
                            + " has the results of an earlier run; continue it with --continue, or name another directory with --results");
        }
        rows.addAll(Csv.read(file));
        Results earlier = new Results(rows);
        expectSame("--" + SECONDS, earlier.fact(Row.RUN, "", SECONDS), Optional.of(text(arguments.seconds())));
        expectSame("--" + WARM_UP, earlier.fact(Row.RUN, "", WARM_UP), Optional.of(text(arguments.warmUpSeconds())));
        expectSame(Row.SEED, earlier.fact(Row.RUN, "", Row.SEED), Optional.of(Long.toString(Plan.SEED)));
        expectSameMachine(earlier);
        expectSameVersions(earlier);
    }

    private void expectSameMachine(Results earlier) throws IOException {
        Results now = new Results(Machine.facts(scratch.directory()));
        Stream.of(earlier, now)
                .flatMap(results -> results.facts(Row.MACHINE).stream())
                .filter(row -> row.round() == 0)
                .map(Row::metric)
                .distinct()
                .forEach(
                        name -> expectSame(name, earlier.fact(Row.MACHINE, "", name), now.fact(Row.MACHINE, "", name)));
    }

    /** Compares the versions of the logs that the earlier run has started and that this run will start. */
    private void expectSameVersions(Results earlier) throws IOException {
        for (ComparedLog compared : arguments.logs()) {
            String log = compared.name();
            boolean wasStarted = earlier.fact(Row.LOG, log, Row.DURABLE).isPresent();
            if (wasStarted && installation.missing(compared).isEmpty()) {
                expectSame(
                        log + " of version", earlier.fact(Row.LOG, log, Row.VERSION), installation.version(compared));
            }
        }
    }

    private void expectSame(String name, Optional<String> before, Optional<String> now) {
        if (!before.equals(now)) {
            throw new IllegalArgumentException(file + " was measured with " + name + " " + before.orElse("nothing")
                    + ", this run has " + now.orElse("nothing"));
        }
    }

    private static String text(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    private List<ComparedLog> builtLogs() throws IOException {
        List<ComparedLog> built = new ArrayList<>();
        rows.removeIf(row -> row.metric().equals(SKIPPED));
        for (ComparedLog log : arguments.logs()) {
            Optional<String> missing = installation.missing(log);
            if (missing.isPresent()) {
                out.println(log.name() + " is skipped: " + missing.get());
                rows.add(Row.log(log.name(), SKIPPED, missing.get()));
            } else {
                built.add(log);
            }
        }
        return built;
    }

    private Plan plan(List<ComparedLog> logs) {
        List<Plan.Measurement> all = arguments.isSmoke()
                ? Plan.smoke(
                        runnable(Arrays.stream(Workload.values())
                                .map(Workload::argument)
                                .toList()),
                        SMOKE_WORKLOADS,
                        logs)
                : Plan.interleaved(arguments.rounds(), runnable(arguments.workloads()), logs, Plan.SEED);
        return new Plan(
                all.stream().filter(measurement -> !isMeasured(measurement)).toList(),
                arguments.seconds() + arguments.warmUpSeconds());
    }

    /** Returns the workloads without those that this version of Java cannot run. */
    private List<String> runnable(List<String> workloads) {
        if (Runtime.version().feature() >= 21) {
            return workloads;
        }
        List<String> virtual =
                workloads.stream().filter(name -> name.startsWith("virtual-")).toList();
        virtual.forEach(name -> out.println(name + " is skipped: virtual threads need Java 21 or later"));
        return workloads.stream().filter(name -> !virtual.contains(name)).toList();
    }

    /** A measurement that failed is not measured yet. */
    private boolean isMeasured(Plan.Measurement measurement) {
        return rows.stream().anyMatch(row -> measurement.has(row) && !row.hasFailed());
    }

    /** Adds what each log states about itself. */
    private void state(List<ComparedLog> logs) throws IOException, InterruptedException {
        for (ComparedLog log : logs) {
            rows.removeIf(row -> row.workload().equals(Row.LOG) && row.log().equals(log.name()));
            rows.addAll(measurer.describe(log));
        }
        Csv.write(file, rows);
    }

    private void measureAll(Plan plan) throws IOException, InterruptedException {
        long started = System.nanoTime();
        int done = 0;
        int round = 0;
        for (Plan.Measurement measurement : plan.measurements()) {
            if (measurement.round() != round) {
                load(round, Machine.LOAD_AFTER);
                round = measurement.round();
                load(round, Machine.LOAD_BEFORE);
            }
            List<Row> measured = measurer.measure(measurement);
            rows.removeIf(measurement::has);
            rows.addAll(measured);
            Csv.write(file, rows);
            done++;
            Duration left = plan.left(done, Duration.ofNanos(System.nanoTime() - started));
            out.println(progress(arguments.rounds(), measurement, measured) + ", " + Numbers.roughly(left) + " left");
        }
        load(round, Machine.LOAD_AFTER);
        Csv.write(file, rows);
    }

    private void load(int round, String name) throws IOException {
        if (round > 0) {
            Machine.loadAverage().ifPresent(load -> rows.add(Row.machine(round, name, load)));
        }
    }

    /** Returns the line for a measurement, for example {@code round 1 of 3, durable-16, raw-group: 46,923/s}. */
    static String progress(int rounds, Plan.Measurement measurement, List<Row> measured) {
        return "round " + measurement.round() + " of " + rounds + ", " + measurement.workload() + ", "
                + measurement.log().name() + ": " + brief(measurement, measured);
    }

    private static String brief(Plan.Measurement measurement, List<Row> measured) {
        Metric metric = Group.of(measurement.workload()).primary();
        Results results = new Results(measured);
        return results.median(measurement.workload(), measurement.log().name(), metric)
                .map(value -> switch (metric) {
                    case OPS -> Numbers.value(metric, value) + "/s";
                    case P99_MICROS -> "p99 " + Numbers.time(value);
                    default -> Numbers.value(metric, value) + " MB/s";
                })
                .orElseGet(
                        () -> measured.get(0).metric() + ": " + measured.get(0).value());
    }
}
