package io.veloz.wal.bench.detail;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import io.veloz.wal.bench.log.RawGroup;
import io.veloz.wal.bench.measure.OpenLoop;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import org.HdrHistogram.Histogram;

/**
 * Measures the live tail: the time from the moment at which an append is due, and from the log's report that its record is
 * durable, until a reader returns the record, in the same process and in another one, at fixed rates. The floor is the
 * hand-made group commit from due to its report that the record is durable, which no reader can undercut.
 *
 * <p>Both processes use {@link System#nanoTime}, which is the same clock for all processes of one Linux machine.
 */
public final class TailLatency {
    private static final Duration TIMEOUT = Duration.ofMinutes(1);
    private static final int WARM_UP_RATE = 5_000;

    private final Arguments arguments;
    private final Table table;

    private TailLatency(Arguments arguments, PrintStream out) {
        this.arguments = arguments;
        this.table = new Table(out);
    }

    public static void main(String[] arguments) throws Exception {
        run(System.out, arguments);
    }

    static void run(PrintStream out, String... given) throws Exception {
        Arguments arguments = new Arguments(
                        TailLatency.class, "Measures the latency of a live tail of records of 256 bytes.")
                .number("rates", "1000,20000", "1000", "records per second, one run for each")
                .number("seconds", "20", "1", "duration of a run")
                .number("warm-up-seconds", "5", "1", "duration of the warm-up of each run, at 5,000 records per second")
                .parse(given);
        if (!arguments.printsHelp(out)) {
            new TailLatency(arguments, out).run();
        }
    }

    private void run() throws Exception {
        int seconds = arguments.number("seconds");
        int warmUp = arguments.number("warm-up-seconds");
        try (Scratch scratch = Scratch.in(arguments.directory(), "tail")) {
            for (int rate : arguments.numbers("rates")) {
                table.title("%,d records per second for %d s", rate, seconds);
                Histogram floorLateness = OpenLoop.histogram();
                Histogram floor = raw(scratch.create("raw"), rate, seconds, warmUp, floorLateness);
                Log same = new Log(scratch.create("log"), rate, seconds, warmUp);
                same.run();
                table.latencies("reader in the process, from due", same.fromDue, floor);
                table.latencies("  from durable", same.fromDurable);
                table.latencies("  lateness of the appends", same.lateness);
                table.latencies("    floor", floorLateness);
                otherProcess(scratch.create("log"), rate, seconds, warmUp, floor);
            }
        }
    }

    @SuppressWarnings("try") // a measured log's close() may be interrupted
    private static Histogram raw(Path directory, int rate, int seconds, int warmUp, Histogram lateness)
            throws Exception {
        Histogram histogram = OpenLoop.histogram();
        ByteBuffer record = SampleLog.record(SampleLog.RECORD_BYTES);
        try (MeasuredLog log =
                new RawGroup().open(directory, new LogKind.Settings(64 * 1024 * 1024, SampleLog.RECORD_BYTES, true))) {
            OpenLoop.warmUp(WARM_UP_RATE, warmUp, due -> log.appendAsync(record.clear(), () -> {}));
            OpenLoop.run(
                    rate,
                    seconds,
                    lateness,
                    due -> log.appendAsync(record.clear(), () -> histogram.recordValue(System.nanoTime() - due)));
            log.sync();
        }
        return histogram;
    }

    private void otherProcess(Path directory, int rate, int seconds, int warmUp, Histogram floor) throws Exception {
        Histogram lateness = OpenLoop.histogram();
        ByteBuffer record = SampleLog.record(SampleLog.RECORD_BYTES);
        try (Wal wal = Wal.open(WalConfig.builder(directory).build());
                Child child = Child.start(TailChild.class, directory)) {
            child.awaitLine(TailChild.READY);
            OpenLoop.warmUp(WARM_UP_RATE, warmUp, due -> append(wal, TailChild.WARM_UP, record, due));
            OpenLoop.run(rate, seconds, lateness, due -> append(wal, TailChild.MEASURED, record, due));
            wal.appendDurable(TailChild.LAST, record.clear());
            var values = child.values();
            long expected = (long) rate * seconds;
            if (values.getOrDefault("records", 0L) != expected) {
                throw new IllegalStateException(
                        "the other process read " + values + "; expected " + expected + " records");
            }
            for (String percentile : TailChild.PERCENTILES) {
                double micros = values.getOrDefault(percentile, 0L) / 1e3;
                table.row(
                        "reader in another process, from due, p" + percentile,
                        micros,
                        floor.getValueAtPercentile(Double.parseDouble(percentile)) / 1e3,
                        "us");
            }
            table.latencies("  lateness of the appends", lateness);
        }
    }

    private static void append(Wal wal, int type, ByteBuffer record, long due) {
        var unused = wal.appendAsync(type, record.clear().putLong(0, due));
    }

    /** This log with a reader in the same process. */
    private static final class Log {
        private final Path directory;
        private final int rate;
        private final int seconds;
        private final int warmUp;
        private final AtomicLongArray durableAt;
        private final Histogram fromDue = OpenLoop.histogram();
        private final Histogram fromDurable = OpenLoop.histogram();
        private final Histogram lateness = OpenLoop.histogram();

        Log(Path directory, int rate, int seconds, int warmUp) {
            this.directory = directory;
            this.rate = rate;
            this.seconds = seconds;
            this.warmUp = warmUp;
            this.durableAt = new AtomicLongArray(WARM_UP_RATE * warmUp + rate * seconds + 2);
        }

        void run() throws Exception {
            ByteBuffer record = SampleLog.record(SampleLog.RECORD_BYTES);
            CompletableFuture<Long> read = new CompletableFuture<>();
            try (Wal wal = Wal.open(WalConfig.builder(directory).build());
                    WalReader reader = wal.reader(ReadOptions.of(wal.config()))) {
                Thread thread = new Thread(() -> read(reader, read), "tail-reader");
                thread.setDaemon(true);
                thread.start();
                OpenLoop.warmUp(WARM_UP_RATE, warmUp, due -> append(wal, TailChild.WARM_UP, record, due));
                OpenLoop.run(rate, seconds, lateness, due -> appendReported(wal, record, due));
                wal.appendDurable(TailChild.LAST, record.clear());
                long records = read.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
                if (records != (long) rate * seconds) {
                    throw new IllegalStateException(
                            "the reader read " + records + " records; expected " + (long) rate * seconds);
                }
            }
        }

        private void appendReported(Wal wal, ByteBuffer record, long due) {
            var unused = wal.appendAsync(TailChild.MEASURED, record.clear().putLong(0, due))
                    .thenAccept(sequence -> durableAt.set(sequence.intValue(), System.nanoTime()));
        }

        private void read(WalReader reader, CompletableFuture<Long> result) {
            try {
                long records = 0;
                while (reader.next(TIMEOUT) && reader.type() != TailChild.LAST) {
                    if (reader.type() == TailChild.MEASURED) {
                        long now = System.nanoTime();
                        fromDue.recordValue(now - TailChild.due(reader));
                        // 0: the reader has returned the record before the log has reported it.
                        long durable = durableAt.get((int) reader.sequence());
                        fromDurable.recordValue(durable == 0 ? 0 : Math.max(0, now - durable));
                        records++;
                    }
                }
                result.complete(records);
            } catch (Throwable t) {
                result.completeExceptionally(t);
            }
        }
    }
}
