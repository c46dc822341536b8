package io.veloz.wal.bench;

import io.veloz.wal.bench.process.Children;
import io.veloz.wal.bench.process.Outcome;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Runs each benchmark for a moment, in a process of its own, so that none stops working without notice. */
final class SmokeTest {
    private static final Duration TIMEOUT = Duration.ofMinutes(5);

    private final PrintStream out;

    SmokeTest(PrintStream out) {
        this.out = out;
    }

    /** Returns 0 if all have ended with exit code 0. */
    int run(List<Benchmark> all) throws IOException, InterruptedException {
        List<String> failed = new ArrayList<>();
        Children children = new Children();
        Thread hook = new Thread(children::close, "end");
        Runtime.getRuntime().addShutdownHook(hook);
        for (Benchmark benchmark : all) {
            long started = System.nanoTime();
            Outcome outcome = children.run(command(benchmark), TIMEOUT);
            double seconds = (System.nanoTime() - started) / 1e9;
            if (outcome.failure().isEmpty()) {
                out.printf(Locale.ROOT, "%s: works, %.1f s%n", benchmark.name(), seconds);
                notes(outcome).forEach(line -> out.println("  " + line));
            } else {
                failed.add(benchmark.name());
                out.println(benchmark.name() + ": FAILED, " + outcome.failure().get());
                out.println((outcome.stdout() + outcome.stderr()).indent(4));
            }
        }
        out.println(failed.isEmpty() ? "all benchmarks work" : "failed: " + String.join(", ", failed));
        return failed.isEmpty() ? 0 : 1;
    }

    /** Returns what was left out. */
    private static List<String> notes(Outcome outcome) {
        return outcome.stdout()
                .lines()
                .filter(line -> line.contains(" is skipped: "))
                .toList();
    }

    private static List<String> command(Benchmark benchmark) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Benchmarks.class.getName(),
                benchmark.name(),
                "--smoke");
    }
}
