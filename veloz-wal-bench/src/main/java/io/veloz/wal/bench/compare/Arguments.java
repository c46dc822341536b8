package io.veloz.wal.bench.compare;

import io.veloz.wal.bench.measure.Workload;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The arguments of the comparison. */
final class Arguments {
    private static final List<String> DEFAULT_WORKLOADS = List.of(
            "durable-1",
            "durable-4",
            "durable-16",
            "durable-64",
            "virtual-1000",
            "async",
            "buffered",
            "rate-1k",
            "rate-5k",
            "rate-20k",
            "roll",
            "no-roll",
            "replay");
    private static final Pattern COMMA = Pattern.compile(",");

    private int rounds = 2;
    private double seconds = 4;
    private double warmUpSeconds = 2;
    private @Nullable Duration timeout;
    private List<ComparedLog> logs = ComparedLog.ALL;
    private List<String> workloads = DEFAULT_WORKLOADS;
    private Path directory = Path.of(System.getProperty("java.io.tmpdir"));
    private @Nullable Path results;
    private @Nullable Path from;
    private boolean smoke;
    private boolean continues;
    private boolean help;

    private Arguments() {}

    static Arguments parse(String... words) {
        Arguments arguments = new Arguments();
        Deque<String> rest = new ArrayDeque<>(Arrays.asList(words));
        while (!rest.isEmpty()) {
            arguments.take(rest.remove(), rest);
        }
        return arguments;
    }

    private void take(String option, Deque<String> rest) {
        switch (option) {
            case "--rounds" -> rounds = (int) number(option, value(option, rest), 1, 1_000);
            case "--seconds" -> seconds = number(option, value(option, rest), 0.05, 3_600);
            case "--warm-up" -> warmUpSeconds = number(option, value(option, rest), 0, 3_600);
            case "--timeout" ->
                timeout = Duration.ofMillis((long) (1_000 * number(option, value(option, rest), 0.1, 36_000)));
            case "--logs" -> logs = ComparedLog.of(list(value(option, rest)));
            case "--workloads" -> workloads = workloads(list(value(option, rest)));
            case "--dir" -> directory = Path.of(value(option, rest));
            case "--results" -> results = Path.of(value(option, rest));
            case "--from" -> from = Path.of(value(option, rest));
            case "--continue" -> continues = true;
            case "--smoke" -> smoke = true;
            case "--help" -> help = true;
            default -> throw new IllegalArgumentException("unknown argument " + option + "; --help lists all");
        }
    }

    private static String value(String option, Deque<String> rest) {
        String value = rest.poll();
        if (value == null) {
            throw new IllegalArgumentException(option + " needs a value");
        }
        return value;
    }

    private static double number(String option, String value, double least, double most) {
        double number;
        try {
            number = Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " " + value + ": expected a number", e);
        }
        if (!(number >= least && number <= most)) {
            throw new IllegalArgumentException(option + " " + value + ": expected " + least + " to " + most);
        }
        return number;
    }

    private static List<String> list(String value) {
        return COMMA.splitAsStream(value).map(String::strip).distinct().toList();
    }

    private static List<String> workloads(List<String> names) {
        return names.stream().map(name -> Workload.of(name).argument()).toList();
    }

    int rounds() {
        return smoke ? 1 : rounds;
    }

    double seconds() {
        return smoke ? 0.2 : seconds;
    }

    double warmUpSeconds() {
        return smoke ? 0.05 : warmUpSeconds;
    }

    /** Returns the time after which a measurement is killed. */
    Duration timeout() {
        if (timeout != null) {
            return timeout;
        }
        return Duration.ofSeconds(60 + (long) (10 * (seconds() + warmUpSeconds())));
    }

    List<ComparedLog> logs() {
        return logs;
    }

    List<String> workloads() {
        return workloads;
    }

    Path directory() {
        return directory;
    }

    Optional<Path> results() {
        return Optional.ofNullable(results);
    }

    Optional<Path> from() {
        return Optional.ofNullable(from);
    }

    boolean isSmoke() {
        return smoke;
    }

    boolean continues() {
        return continues;
    }

    boolean isHelp() {
        return help;
    }

    static String help() {
        return String.format(
                Locale.ROOT,
                """
                Usage: compare [OPTION]...

                Measures this log, the hand-made logs and the peers with the same workloads, each measurement in a JVM of
                its own, and writes results.csv, results.md and plots (SVG). A peer that is not built is skipped and named.

                  --rounds N          how often everything is measured; the results are medians (default 2)
                  --seconds S         duration of a measurement (default 4)
                  --warm-up S         time before it that is not counted (default 2)
                  --timeout S         time after which a measurement is killed (default 60 + 10 times both)
                  --logs A,B          only these logs
                                      (%s)
                  --workloads X,Y     these workloads
                                      (default %s)
                                      (others: %s)
                  --dir DIR           a directory on the disk to measure (default: the temporary directory); the files
                                      in it are deleted at the end
                  --results DIR       where the results are written (default: veloz-wal-bench/target/comparison)
                  --continue          continues an interrupted run: measures what results.csv does not have, and what
                                      has failed; refused on another machine, another JDK or with other versions
                  --from results.csv  measures nothing; writes tables and plots of these results
                  --smoke             measures each log for a moment, and checks the results
                  --help              prints this text

                Exit codes: 0 everything was measured; 1 a measurement failed, and results.md has the reason; 2 the
                arguments are wrong, or the run could not start.
                """,
                String.join(",", ComparedLog.names()),
                String.join(",", DEFAULT_WORKLOADS),
                String.join(
                        ",",
                        Arrays.stream(Workload.values())
                                .map(Workload::argument)
                                .filter(name -> !DEFAULT_WORKLOADS.contains(name))
                                .toList()));
    }
}
