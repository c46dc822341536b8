package io.veloz.wal.bench.detail;

import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import io.veloz.wal.bench.log.RawGroup;
import io.veloz.wal.bench.log.VelozKind;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Measures what a roll costs the appends during it: the same load on a log with small segments and on one with a single large
 * segment. The floor is the hand-made group commit with files of the same sizes. All four alternate.
 */
public final class RollStall {
    private static final int MIB = 1024 * 1024;

    private final Arguments arguments;
    private final Table table;
    private final int largeMib;
    private final int smallMib;
    private final int turns;

    private RollStall(Arguments arguments, PrintStream out) {
        this.arguments = arguments;
        this.table = new Table(out);
        this.largeMib = arguments.number("large-mib");
        this.smallMib = arguments.number("small-mib");
        this.turns = arguments.number("turns");
    }

    public static void main(String[] arguments) throws Exception {
        run(System.out, arguments);
    }

    static void run(PrintStream out, String... given) throws Exception {
        Arguments arguments = new Arguments(RollStall.class, "Measures durable appends with and without rolls.")
                .number("small-mib", "16", "4", "size of a small segment")
                .number("large-mib", "1024", "32", "size of the large segment, which must hold all records of a turn")
                .number("turns", "3", "1", "turns of each log; their latencies are added up")
                .number("seconds", "30", "1", "duration of a turn")
                .number("warm-up-seconds", "3", "1", "duration of the warm-up of each turn")
                .number("rate", "5000", "5000", "records of 256 bytes per second of the open loop")
                .number("threads", "4", "4", "threads that append records of 16 KiB, each when its last one is durable")
                .parse(given);
        if (!arguments.printsHelp(out)) {
            new RollStall(arguments, out).run();
        }
    }

    /** A load on an open log; the latencies of its appends are added to the histogram. */
    private interface Load {
        void run(MeasuredLog log, int seconds, Histogram latencies) throws Exception;
    }

    private void run() throws Exception {
        int rate = arguments.number("rate");
        int threads = arguments.number("threads");
        try (Scratch scratch = Scratch.in(arguments.directory(), "roll")) {
            compare(
                    String.format(Locale.ROOT, "%,d records of 256 B per second, open loop", rate),
                    scratch,
                    SampleLog.RECORD_BYTES,
                    (log, seconds, latencies) -> openLoop(log, rate, seconds, latencies));
            compare(
                    threads + " threads of 16 KiB, closed loop",
                    scratch,
                    16 * 1024,
                    (log, seconds, latencies) -> closedLoop(log, threads, seconds, latencies));
        }
    }

    private void compare(String what, Scratch scratch, int recordBytes, Load load) throws Exception {
        Histogram rolls = OpenLoop.histogram();
        Histogram noRolls = OpenLoop.histogram();
        Histogram rawRolls = OpenLoop.histogram();
        Histogram rawNoRolls = OpenLoop.histogram();
        for (int turn = 0; turn < turns; turn++) {
            measure(new VelozKind(), scratch.create("log"), smallMib, recordBytes, load, rolls);
            measure(new RawGroup(), scratch.create("raw"), smallMib, recordBytes, load, rawRolls);
            measure(new VelozKind(), scratch.create("log"), largeMib, recordBytes, load, noRolls);
            measure(new RawGroup(), scratch.create("raw"), largeMib, recordBytes, load, rawNoRolls);
        }
        table.title("%s, %d turns", what, turns);
        table.latencies("segments of " + smallMib + " MiB", rolls, rawRolls);
        table.latencies("segments of " + largeMib + " MiB", noRolls, rawNoRolls);
        appends(smallMib, rolls, rawRolls);
        appends(largeMib, noRolls, rawNoRolls);
        table.title(
                "  p99.9 with rolls / without: %.2f, floor %.2f",
                Table.ratio(rolls, noRolls, 99.9), Table.ratio(rawRolls, rawNoRolls, 99.9));
    }

    private void appends(int mib, Histogram latencies, Histogram floor) {
        double seconds = (double) turns * arguments.number("seconds");
        table.row(
                "segments of " + mib + " MiB",
                latencies.getTotalCount() / seconds,
                floor.getTotalCount() / seconds,
                "op/s");
    }

    @SuppressWarnings("try") // a measured log's close() may be interrupted
    private void measure(LogKind kind, Path directory, int mib, int recordBytes, Load load, Histogram latencies)
            throws Exception {
        try (MeasuredLog log = kind.open(directory, new LogKind.Settings(mib * MIB, recordBytes))) {
            load.run(log, arguments.number("warm-up-seconds"), OpenLoop.histogram());
            load.run(log, arguments.number("seconds"), latencies);
        }
        Scratch.delete(directory);
    }

    private static void openLoop(MeasuredLog log, int rate, int seconds, Histogram latencies) throws Exception {
        ByteBuffer record = SampleLog.record(SampleLog.RECORD_BYTES);
        OpenLoop.run(
                rate,
                seconds,
                due -> log.appendAsync(record.clear(), () -> latencies.recordValue(System.nanoTime() - due)));
        log.sync();
    }

    private static void closedLoop(MeasuredLog log, int threads, int seconds, Histogram latencies)
            throws InterruptedException, ExecutionException {
        ExecutorService appenders = Executors.newFixedThreadPool(threads);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                running.add(appenders.submit(() -> {
                    ByteBuffer record = SampleLog.record(16 * 1024);
                    for (long before = System.nanoTime(); before - end < 0; ) {
                        log.append(record.clear());
                        long now = System.nanoTime();
                        latencies.recordValue(now - before);
                        before = now;
                    }
                    return null;
                }));
            }
            for (Future<?> each : running) {
                each.get();
            }
        } finally {
            appenders.shutdownNow();
        }
    }
}
