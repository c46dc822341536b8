package io.veloz.wal.bench.detail;

import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import io.veloz.wal.bench.log.RawGroup;
import io.veloz.wal.bench.log.VelozKind;
import io.veloz.wal.bench.measure.OpenLoop;
import io.veloz.wal.bench.process.Directories;
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

    /** A load on an open log, whose appends are added to a series. */
    private interface Load {
        void run(MeasuredLog log, int seconds, Series series) throws Exception;
    }

    /** The turns of one log with segments of one size. */
    private static final class Series {
        final Histogram latencies = OpenLoop.histogram();
        final Histogram lateness = OpenLoop.histogram();
        long rolls;
    }

    private void run() throws Exception {
        int rate = arguments.number("rate");
        int threads = arguments.number("threads");
        try (Scratch scratch = Scratch.in(arguments.directory(), "roll")) {
            compare(
                    String.format(Locale.ROOT, "%,d records of 256 B per second, open loop", rate),
                    scratch,
                    SampleLog.RECORD_BYTES,
                    true,
                    (log, seconds, series) -> openLoop(log, rate, seconds, series));
            compare(
                    threads + " threads of 16 KiB, closed loop",
                    scratch,
                    16 * 1024,
                    false,
                    (log, seconds, series) -> closedLoop(log, threads, seconds, series.latencies));
        }
    }

    private void compare(String what, Scratch scratch, int recordBytes, boolean isOpenLoop, Load load)
            throws Exception {
        LogKind.Settings small = new LogKind.Settings(smallMib * MIB, recordBytes, isOpenLoop);
        LogKind.Settings large = new LogKind.Settings(largeMib * MIB, recordBytes, isOpenLoop);
        Series rolls = new Series();
        Series noRolls = new Series();
        Series rawRolls = new Series();
        Series rawNoRolls = new Series();
        for (int turn = 0; turn < turns; turn++) {
            measure(new VelozKind(), scratch.create("log"), small, load, rolls);
            measure(new RawGroup(), scratch.create("raw"), small, load, rawRolls);
            measure(new VelozKind(), scratch.create("log"), large, load, noRolls);
            measure(new RawGroup(), scratch.create("raw"), large, load, rawNoRolls);
        }
        table.title("%s, %d turns", what, turns);
        print(smallMib, isOpenLoop, rolls, rawRolls);
        print(largeMib, isOpenLoop, noRolls, rawNoRolls);
        table.title(
                "  p99.9 with rolls / without: %.2f, floor %.2f",
                Table.ratio(rolls.latencies, noRolls.latencies, 99.9),
                Table.ratio(rawRolls.latencies, rawNoRolls.latencies, 99.9));
        if (noRolls.rolls + rawNoRolls.rolls > 0) {
            table.title("  The logs with segments of %d MiB have rolled, too: measure fewer seconds.", largeMib);
        }
    }

    private void print(int mib, boolean isOpenLoop, Series series, Series floor) {
        String what = "segments of " + mib + " MiB";
        double seconds = (double) turns * arguments.number("seconds");
        table.latencies(what, series.latencies, floor.latencies);
        if (isOpenLoop) {
            table.latencies("    lateness of the appends", series.lateness);
            table.latencies("    floor", floor.lateness);
        }
        table.row(what, series.latencies.getTotalCount() / seconds, floor.latencies.getTotalCount() / seconds, "op/s");
        table.title("  %-44s %,14d       floor %,14d", what + ", rolls", series.rolls, floor.rolls);
    }

    /** Measures one turn. The log grows to segments of full size first, so a large segment is large from the start. */
    @SuppressWarnings("try") // a measured log's close() may be interrupted
    private void measure(LogKind kind, Path directory, LogKind.Settings settings, Load load, Series series)
            throws Exception {
        try (MeasuredLog log = kind.open(directory, settings)) {
            log.grow();
            load.run(log, arguments.number("warm-up-seconds"), new Series());
            long before = log.rolls().orElseThrow();
            load.run(log, arguments.number("seconds"), series);
            series.rolls += log.rolls().orElseThrow() - before;
        }
        Directories.delete(directory);
    }

    private static void openLoop(MeasuredLog log, int rate, int seconds, Series series) throws Exception {
        ByteBuffer record = SampleLog.record(SampleLog.RECORD_BYTES);
        OpenLoop.run(
                rate,
                seconds,
                series.lateness,
                due -> log.appendAsync(record.clear(), () -> series.latencies.recordValue(System.nanoTime() - due)));
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
