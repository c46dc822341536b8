package io.veloz.wal.bench;

import io.veloz.wal.bench.compare.Compare;
import io.veloz.wal.bench.detail.Idle;
import io.veloz.wal.bench.detail.MicroBenchmarks;
import io.veloz.wal.bench.detail.Opens;
import io.veloz.wal.bench.detail.Recovery;
import io.veloz.wal.bench.detail.RollStall;
import io.veloz.wal.bench.detail.ShipRate;
import io.veloz.wal.bench.detail.TailLatency;
import io.veloz.wal.bench.detail.WriteModes;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The main class: runs one of the benchmarks, or all of them for a moment. */
public final class Benchmarks {
    /** Each with the arguments of its smoke test. */
    static final List<Benchmark> ALL = List.of(
            Benchmark.of("compare", "this log, hand-made logs and other projects' logs", Compare::run, "--smoke"),
            Benchmark.main("micro", "JMH: appends, orders, reading, checksums", MicroBenchmarks::main, "--smoke"),
            Benchmark.main("opens", "opens after a clean close and after a kill", Opens::main, "--smoke"),
            Benchmark.main("recovery", "recovery and replay of records and orders", Recovery::main, "--smoke"),
            Benchmark.main("tail-latency", "from an append to a reader that waits", TailLatency::main, "--smoke"),
            Benchmark.main("roll-stall", "appends while segments roll", RollStall::main, "--smoke"),
            Benchmark.main("idle", "what a log, a follower and a shipper cost without appends", Idle::main, "--smoke"),
            Benchmark.main("ship-rate", "the rate at which segments are archived", ShipRate::main, "--smoke"),
            Benchmark.main("write-modes", "ways to make a write durable", WriteModes::main, "--smoke"),
            Benchmark.positional(
                    "archive-lag",
                    "from durable to archived; the cost of shipping",
                    "[SECONDS] [DIR]: seconds of each measurement (default 30), a directory on the disk to measure",
                    ArchiveLag::main,
                    "0.6"),
            Benchmark.positional(
                    "archived-outputs",
                    "outputs that wait for the archive",
                    "[SECONDS] [MILLIS]: seconds of each measurement (default 10), milliseconds of a put (default 5)",
                    ArchivedOutputs::main,
                    "0.3",
                    "2"),
            Benchmark.positional(
                    "restore-rate",
                    "restores against plain requests",
                    "[MIB] [SEGMENT_MIB] [TURNS] [DIR]: size of the log (default 512), of its segments (default 16), turns"
                            + " (default 3), a directory on the disk to measure",
                    RestoreRate::main,
                    "4",
                    "2",
                    "1"));

    private static final String SMOKE = "smoke";
    private static final int WRONG_ARGUMENTS = 2;

    private Benchmarks() {}

    public static void main(String[] arguments) throws Exception {
        System.exit(run(ALL, System.out, System.err, arguments));
    }

    static int run(List<Benchmark> all, PrintStream out, PrintStream err, String... arguments) throws Exception {
        if (arguments.length == 0 || arguments[0].equals("--help")) {
            out.print(help(all));
            return arguments.length == 0 ? WRONG_ARGUMENTS : 0;
        }
        String[] rest = Arrays.copyOfRange(arguments, 1, arguments.length);
        if (arguments[0].equals(SMOKE)) {
            return new SmokeTest(out).run(all);
        }
        for (Benchmark benchmark : all) {
            if (benchmark.name().equals(arguments[0])) {
                boolean smoke = Arrays.equals(rest, new String[] {"--smoke"});
                return benchmark
                        .program()
                        .run(smoke ? benchmark.smokeArguments().toArray(new String[0]) : rest);
            }
        }
        err.println("unknown benchmark " + arguments[0] + "; --help lists all");
        return WRONG_ARGUMENTS;
    }

    static String help(List<Benchmark> all) {
        StringBuilder help = new StringBuilder("Usage: BENCHMARK [ARGUMENT]...\n\n");
        for (Benchmark benchmark : all) {
            help.append(String.format(Locale.ROOT, "  %-18s %s\n", benchmark.name(), benchmark.summary()));
        }
        return help.append(String.format(
                        Locale.ROOT, "  %-18s %s\n", SMOKE, "each of them for a moment; fails if one fails"))
                .append(
                        "\nBENCHMARK --smoke runs it for a moment. docs/benchmarks.md describes each, with its arguments.\n")
                .toString();
    }
}
