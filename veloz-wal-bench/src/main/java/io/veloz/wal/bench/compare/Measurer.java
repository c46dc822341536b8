package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.measure.Describe;
import io.veloz.wal.bench.measure.Measure;
import io.veloz.wal.bench.measure.Metric;
import io.veloz.wal.bench.process.Children;
import io.veloz.wal.bench.process.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Measures one log with one workload in a JVM of its own. A failure is a row with a reason. */
final class Measurer {
    private static final Pattern METRIC_LINE = Pattern.compile("([a-z0-9_]{1,40}) ([0-9]{1,15}(?:\\.[0-9]{1,9})?)");
    private static final Duration DESCRIBE_TIMEOUT = Duration.ofSeconds(60);
    private static final String DURABLE = "durable ";
    /** What a log throws that lacks an operation by design. */
    private static final String UNSUPPORTED = "exit code 1: java.lang.UnsupportedOperationException: ";

    private final Installation installation;
    private final Children children;
    private final Scratch scratch;
    private final Arguments arguments;

    Measurer(Installation installation, Children children, Scratch scratch, Arguments arguments) {
        this.installation = installation;
        this.children = children;
        this.scratch = scratch;
        this.arguments = arguments;
    }

    List<Row> measure(Plan.Measurement measurement) throws IOException, InterruptedException {
        Path directory = scratch.empty("log");
        List<String> command = command(measurement.log(), Measure.class);
        command.add(measurement.workload());
        command.add(directory.toString());
        command.add(String.format(Locale.ROOT, "%.3f", arguments.seconds()));
        command.add(String.format(Locale.ROOT, "%.3f", arguments.warmUpSeconds()));
        command.add(Integer.toString(measurement.round()));
        Outcome outcome = children.run(command, arguments.timeout());
        scratch.empty("log");
        return rows(measurement, outcome);
    }

    /** Returns the rows of a process that has ended. Lines that are not a metric are a library's, and are ignored. */
    static List<Row> rows(Plan.Measurement measurement, Outcome outcome) {
        Map<Metric, String> metrics = new EnumMap<>(Metric.class);
        outcome.stdout().lines().forEach(line -> {
            Matcher matcher = METRIC_LINE.matcher(line);
            if (matcher.matches()) {
                metric(matcher.group(1)).ifPresent(metric -> metrics.put(metric, matcher.group(2)));
            }
        });
        Optional<String> failure = outcome.failure().or(() -> incomplete(measurement.workload(), metrics, outcome));
        if (failure.isPresent()) {
            String reason = failure.get();
            int unsupported = reason.indexOf(UNSUPPORTED);
            return List.of(
                    unsupported < 0
                            ? row(measurement, Row.FAILED, reason)
                            : row(measurement, Row.UNSUPPORTED, reason.substring(unsupported + UNSUPPORTED.length())));
        }
        return metrics.entrySet().stream()
                .map(metric -> row(measurement, Group.nameOf(metric.getKey()), metric.getValue()))
                .toList();
    }

    private static Optional<String> incomplete(String workload, Map<Metric, String> metrics, Outcome outcome) {
        List<String> missing = Group.of(workload).required().stream()
                .filter(metric -> !metrics.containsKey(metric))
                .map(Group::nameOf)
                .toList();
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        Outcome.shorten("printed no " + String.join(", ", missing) + "; stdout: " + outcome.stdout()));
    }

    private static Optional<Metric> metric(String name) {
        return Arrays.stream(Metric.values())
                .filter(metric -> Group.nameOf(metric).equals(name))
                .findFirst();
    }

    private static Row row(Plan.Measurement measurement, String metric, String value) {
        return new Row(
                measurement.round(), measurement.workload(), measurement.log().name(), metric, value);
    }

    /** Returns the facts about a log: what it does before it reports a record as durable, and its version. */
    List<Row> describe(ComparedLog log) throws IOException, InterruptedException {
        Outcome outcome = children.run(command(log, Describe.class), DESCRIBE_TIMEOUT);
        String durable = outcome.failure()
                .map(reason -> "not stated: " + reason)
                .orElseGet(() -> outcome.stdout()
                        .lines()
                        .filter(line -> line.startsWith(DURABLE))
                        .map(line -> line.substring(DURABLE.length()))
                        .findFirst()
                        .orElse("not stated"));
        List<Row> rows = new ArrayList<>();
        rows.add(Row.log(log.name(), Row.DURABLE, durable));
        installation.version(log).ifPresent(version -> rows.add(Row.log(log.name(), Row.VERSION, version)));
        return rows;
    }

    private List<String> command(ComparedLog log, Class<?> main) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(log.flags());
        if (Runtime.version().feature() >= 24) {
            command.add("--enable-native-access=ALL-UNNAMED");
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        if (arguments.isSmoke()) {
            command.add("-XX:TieredStopAtLevel=1");
        }
        command.add("-Xmx2g");
        // Native libraries that a peer unpacks are deleted with the rest.
        command.add("-Djava.io.tmpdir=" + scratch.empty("tmp"));
        command.add("-cp");
        command.add(installation.classPath(log));
        command.add(main.getName());
        command.add(log.className());
        return command;
    }
}
