package io.veloz.wal.demo;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalReader;
import io.veloz.wal.orders.OrderStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;

/**
 * Measures the log and its disk in short alternating turns, so that other load of the machine affects both. The table shows
 * the median turn. The targets compare the fastest turns, which are least affected by other load.
 */
final class SpeedStep {
    /** About the size of an order event. */
    private static final int PAYLOAD_BYTES = 112;

    private static final String ROW = "%-32s %9s %9s %9s";
    private static final int WARM_UP_TURNS = 5;
    private static final int REPLAYS = 3;
    private static final int TIMES = 300;
    private static final double LATENCY_TARGET = 1.3;
    private static final double THREADS_TARGET = 5.0;

    /** Above this ratio, other load dominates the measurement. */
    private static final double BUSY = 1.5;

    private final Screen screen;
    private final int threads;
    private final int turns;
    private final long turnNanos;

    /** @param turnNanos the maximum duration of one measurement in a turn */
    SpeedStep(Screen screen, int threads, int turns, long turnNanos) {
        this.screen = screen;
        this.threads = threads;
        this.turns = turns;
        this.turnNanos = turnNanos;
    }

    /** @param nanosPerAppend of all threads together */
    private record Turn(Latencies disk, Latencies log, double nanosPerAppend) {}

    void run(Path scratch, Path orders, long openNanos) throws IOException, InterruptedException {
        screen.heading("4  Speed of the log and of the disk");
        List<Turn> measured = new ArrayList<>();
        int batchBytes;
        try (Wal wal = Wal.open(scratch)) {
            batchBytes = batchBytes(wal);
            try (DiskFloor floor = new DiskFloor(scratch.resolve("floor.data"), batchBytes)) {
                // Warms up the code, while the log prepares its next segment.
                for (int i = 0; i < WARM_UP_TURNS; i++) {
                    turn(wal, floor);
                }
                for (int i = 0; i < turns; i++) {
                    screen.progress("measuring", i, turns);
                    measured.add(turn(wal, floor));
                }
            }
        }
        print(measured, batchBytes);
        printReplay(orders);
        screen.line("open", Figures.millis(openNanos) + " at most after a kill, until all orders were restored");
    }

    /** Returns the size of a batch with one record. */
    private int batchBytes(Wal wal) {
        // The first one of a segment is larger.
        append(wal);
        long smallest = Long.MAX_VALUE;
        for (int i = 0; i < 20; i++) {
            long before = wal.stats().bytesWritten();
            append(wal);
            // A concurrent heartbeat may add to it.
            smallest = Math.min(smallest, wal.stats().bytesWritten() - before);
        }
        return (int) smallest;
    }

    private Turn turn(Wal wal, DiskFloor floor) throws InterruptedException {
        Latencies disk = Latencies.measure(TIMES, turnNanos, floor::writeAndForce);
        Latencies log = Latencies.measure(TIMES, turnNanos, () -> append(wal));
        return new Turn(disk, log, nanosPerAppend(wal));
    }

    private static void append(Wal wal) {
        wal.appendDurable(1, ByteBuffer.allocate(PAYLOAD_BYTES));
    }

    private double nanosPerAppend(Wal wal) throws InterruptedException {
        AtomicLong appends = new AtomicLong();
        List<Thread> running = new ArrayList<>();
        long started = System.nanoTime();
        for (int i = 0; i < threads; i++) {
            Thread thread = new Thread(() -> {
                for (int n = 0; n < TIMES && System.nanoTime() - started < turnNanos; n++) {
                    append(wal);
                    appends.incrementAndGet();
                }
            });
            thread.start();
            running.add(thread);
        }
        for (Thread thread : running) {
            thread.join();
        }
        return (double) (System.nanoTime() - started) / appends.get();
    }

    private void print(List<Turn> measured, int batchBytes) {
        screen.line("", String.format(Locale.ROOT, ROW, "", "p50", "mean", "p99"));
        printLatencies(measured, "disk", "write and fdatasync, " + batchBytes + " bytes", Turn::disk);
        printLatencies(measured, "log", "durable append, 1 thread", Turn::log);
        double disk = best(measured, turn -> turn.disk().p50());
        double log = best(measured, turn -> turn.log().p50());
        screen.target(
                "latency",
                Figures.ratio(log / disk) + " x the disk's latency, p50 of the fastest turns (" + Figures.micros(log)
                        + ", " + Figures.micros(disk) + "); target: at most " + LATENCY_TARGET + " x",
                log / disk <= LATENCY_TARGET);
        double one = best(measured, turn -> turn.log().mean());
        double many = best(measured, Turn::nanosPerAppend);
        screen.target(
                "throughput",
                Figures.ratio(one / many) + " x one thread with " + threads + ", fastest turns ("
                        + Figures.rate(1e9 / many) + ", " + Figures.rate(1e9 / one) + "); target: at least "
                        + THREADS_TARGET + " x",
                one / many >= THREADS_TARGET);
        double busy = median(measured, turn -> turn.disk().p50()) / disk;
        if (busy > BUSY) {
            screen.line(
                    "note",
                    "the machine is busy: the disk took " + Figures.ratio(busy)
                            + " x as long in the median turn as in the fastest");
        }
    }

    private static double best(List<Turn> measured, ToDoubleFunction<Turn> figure) {
        return measured.stream().mapToDouble(figure).min().orElseThrow();
    }

    private interface Part {
        Latencies of(Turn turn);
    }

    private void printLatencies(List<Turn> measured, String label, String what, Part part) {
        screen.line(
                label,
                String.format(
                        Locale.ROOT,
                        ROW,
                        what,
                        Figures.micros(median(measured, turn -> part.of(turn).p50())),
                        Figures.micros(median(measured, turn -> part.of(turn).mean())),
                        Figures.micros(median(measured, turn -> part.of(turn).p99()))));
    }

    private static double median(List<Turn> measured, ToDoubleFunction<Turn> figure) {
        double[] sorted = measured.stream().mapToDouble(figure).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private void printReplay(Path orders) {
        double best = 0;
        for (int i = 0; i < REPLAYS; i++) {
            long started = System.nanoTime();
            try (WalReader reader = WalReader.open(ReadOptions.of(orders))) {
                long records = KillStep.replay(reader, new OrderStore());
                best = Math.max(best, records * 1e9 / (System.nanoTime() - started));
            }
        }
        screen.line("replay", Figures.rate(best) + " records read, verified and applied to the orders");
    }
}
