package io.veloz.wal.bench.detail;

import java.io.PrintStream;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Runs the JMH benchmarks with their allocation, and prints each next to its floor: the benchmark of the same class whose name
 * begins with {@code raw}.
 */
public final class MicroBenchmarks {
    private static final String PACKAGE = "io.veloz.wal.bench.jmh.";
    private static final String ALLOCATED = "gc.alloc.rate.norm";

    private MicroBenchmarks() {}

    public static void main(String[] arguments) throws RunnerException {
        run(System.out, arguments);
    }

    static void run(PrintStream out, String... given) throws RunnerException {
        Arguments arguments = new Arguments(
                        MicroBenchmarks.class, "Measures calls that do not wait for the disk, with JMH.")
                .number("forks", "2", "1", "JVMs that run each benchmark")
                .number("seconds", "3", "1", "duration of each of five iterations; of one in a smoke run")
                .parse(given);
        if (arguments.printsHelp(out)) {
            return;
        }
        OptionsBuilder options = new OptionsBuilder();
        options.include(PACKAGE.replace(".", "\\.") + ".*")
                .forks(arguments.number("forks"))
                .measurementTime(TimeValue.seconds(arguments.number("seconds")))
                .addProfiler(GCProfiler.class)
                .param("directory", arguments.directory())
                .shouldFailOnError(true);
        if (arguments.smoke()) {
            // In this JVM, because a smoke run shows only that the code works.
            options.forks(0)
                    .warmupIterations(0)
                    .measurementIterations(1)
                    .measurementTime(TimeValue.milliseconds(50))
                    .param("payloadBytes", "256");
        }
        print(new Table(out), new Runner(options.build()).run());
    }

    private static void print(Table table, Collection<RunResult> results) {
        Map<String, RunResult> byName = new HashMap<>();
        for (RunResult result : results) {
            byName.put(name(result), result);
        }
        table.title("nanoseconds per call, and bytes that all threads allocate per call");
        for (RunResult result : results) {
            String name = name(result);
            String method = name.substring(name.indexOf('.') + 1);
            if (method.startsWith("raw")) {
                continue;
            }
            RunResult floor = byName.get(floor(name, method));
            if (floor == null) {
                table.row(name, score(result), "ns");
            } else {
                table.row(name, score(result), score(floor), "ns");
            }
            table.row(name + ", allocated", allocated(result), "B");
        }
    }

    /** Returns class and method, and the size if the benchmark has several. */
    private static String name(RunResult result) {
        String size = result.getParams().getParam("payloadBytes");
        return result.getParams().getBenchmark().substring(PACKAGE.length()) + (size == null ? "" : " " + size);
    }

    private static String floor(String name, String method) {
        return name.substring(0, name.indexOf('.') + 1)
                + "raw"
                + method.substring(0, 1).toUpperCase(Locale.ROOT)
                + method.substring(1);
    }

    private static double score(RunResult result) {
        return result.getPrimaryResult().getScore();
    }

    private static double allocated(RunResult result) {
        Result<?> allocated = result.getSecondaryResults().get(ALLOCATED);
        return allocated == null ? Double.NaN : allocated.getScore();
    }
}
