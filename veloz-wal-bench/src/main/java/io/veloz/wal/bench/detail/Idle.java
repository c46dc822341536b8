package io.veloz.wal.bench.detail;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Measures what a log costs while it has no appends: processor time, disk reads, requests to the archive, resident memory and
 * threads, of a follower alone, of an open log, of its follower, of its shipper, and of all of them in one process. The floor is a JVM that only waits.
 */
public final class Idle {
    private final Arguments arguments;
    private final Table table;
    private final int seconds;

    private Idle(Arguments arguments, PrintStream out) {
        this.arguments = arguments;
        this.table = new Table(out);
        this.seconds = arguments.number("seconds");
    }

    public static void main(String[] arguments) throws Exception {
        run(System.out, arguments);
    }

    static void run(PrintStream out, String... given) throws IOException, InterruptedException {
        Arguments arguments = new Arguments(
                        Idle.class, "Measures what an open log, a follower and a shipper cost without appends.")
                .number("seconds", "60", "1", "duration of each of the six runs")
                .number("settle-seconds", "10", "1", "time before each, in which the JVM and the log come to rest")
                .parse(given);
        if (!arguments.printsHelp(out)) {
            new Idle(arguments, out).run();
        }
    }

    private void run() throws IOException, InterruptedException {
        table.title("%d s without appends, each in its own process", seconds);
        Map<String, Long> floor = Map.of();
        for (IdleChild.Part part : IdleChild.Part.values()) {
            try (Scratch scratch = Scratch.in(arguments.directory(), "idle");
                    Child child = Child.start(
                            IdleChild.class,
                            part,
                            scratch.create("log"),
                            scratch.create("archive"),
                            arguments.number("settle-seconds"),
                            seconds)) {
                Map<String, Long> values = child.values();
                if (part == IdleChild.Part.NOTHING) {
                    floor = values;
                }
                print(part, values, floor);
            }
        }
    }

    private void print(IdleChild.Part part, Map<String, Long> values, Map<String, Long> floor) {
        table.title("%s", part.name().toLowerCase(Locale.ROOT));
        table.row("processor, of one core", percent(values), percent(floor), "%");
        table.row(
                "resident memory beyond a JVM",
                (value(values, "resident") - value(floor, "resident")) / 1048576.0,
                "MiB");
        table.row("threads beyond a JVM", (double) (value(values, "threads") - value(floor, "threads")), "");
        for (String counter : List.of("read_bytes", "rchar", "write_bytes")) {
            table.row(
                    counter + " beyond a JVM",
                    (double) (value(values, counter) - value(floor, counter)) / seconds,
                    "B/s");
        }
        table.row("requests to the archive", value(values, "requests") * 60.0 / seconds, "/min");
        values.forEach((name, nanos) -> {
            if (name.startsWith(IdleChild.THREAD) && nanos > 0) {
                table.row(name, nanos / 1e7 / seconds, "%");
            }
        });
    }

    private double percent(Map<String, Long> values) {
        return value(values, "cpu") / 1e7 / seconds;
    }

    private static long value(Map<String, Long> values, String name) {
        return values.getOrDefault(name, 0L);
    }
}
