package io.veloz.wal.demo;

import io.veloz.wal.WalReader;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogReport;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Runs a process that appends the engine's events, kills it, and checks that no acknowledged event is lost. */
final class KillStep {
    private final Screen screen;
    private final Random random;
    private final List<Acknowledged> acknowledged = new ArrayList<>();
    private long slowestOpenNanos;
    private long writingNanos;

    KillStep(Screen screen, Random random) {
        this.screen = screen;
        this.random = random;
    }

    /** Returns the time of the slowest open after a kill, until all orders were restored. */
    long run(WriterProcess writer, List<OrderEvent> events, EngineOrders expected, Path directory, int kills)
            throws IOException, InterruptedException {
        for (int kill = 1; kill <= kills; kill++) {
            // A random point in its share of the events, but not so close to the end that none remain.
            double share = (kill - 1 + 0.2 + 0.6 * random.nextDouble()) / kills;
            int before = acknowledged.size();
            boolean done = runWriter(writer, events.size(), Math.max(1, (int) (share * events.size()) - before));
            check(directory, events, done ? "done early" : "killed");
        }
        runWriter(writer, events.size(), Integer.MAX_VALUE);
        check(directory, events, "finished");
        screen.line(
                "speed",
                Figures.rate(acknowledged.size() * 1e9 / writingNanos)
                        + " events durable and in the store, in a JVM that has just started");
        compare(directory, expected);
        return slowestOpenNanos;
    }

    private boolean runWriter(WriterProcess writer, int total, int killAfter) throws IOException, InterruptedException {
        int before = acknowledged.size();
        WriterProcess.Result life = writer.run(killAfter, count -> screen.progress("appending", before + count, total));
        acknowledged.addAll(life.acknowledged());
        writingNanos += life.nanos();
        return life.done();
    }

    private void check(Path directory, List<OrderEvent> events, String what) {
        long started = System.nanoTime();
        try (OrderLog log = OrderLog.open(Writer.settings(directory));
                WalReader reader = log.wal().reader()) {
            long took = System.nanoTime() - started;
            slowestOpenNanos = Math.max(slowestOpenNanos, took);
            WrittenEvents written = WrittenEvents.in(reader, events);
            List<String> problems = written.problems(acknowledged);
            screen.promise(
                    what,
                    Figures.count(acknowledged.size()) + " acknowledged, "
                            + (problems.isEmpty() ? "none lost" : Figures.count(problems.size()) + " wrong")
                            + "; " + Figures.count(written.count()) + " in the log, reopened in "
                            + Figures.millis(took),
                    problems);
        }
    }

    private void compare(Path directory, EngineOrders expected) {
        try (OrderLog log = OrderLog.open(Writer.settings(directory))) {
            OrderLogReport recovery = log.recovery();
            screen.line(
                    "replayed",
                    "from the checkpoint at record " + Figures.count(recovery.checkpointSequence()) + ", and "
                            + Figures.count(recovery.replayedRecords()) + " records after it");
            List<OrderState> first = log.store().orders();
            expected.compare(screen, first);
            OrderStore again = new OrderStore();
            try (WalReader reader = log.wal().reader()) {
                replay(reader, again);
            }
            boolean same = again.orders().equals(first);
            screen.promise(
                    "replayed",
                    "again, all " + Figures.count(log.wal().lastSequence()) + " records without a checkpoint: "
                            + (same ? "the same orders" : "different orders"),
                    same ? List.of() : List.of("the two replays differ"));
        }
    }

    /** Replays every record, ignoring checkpoints. Returns the number of records. */
    static long replay(WalReader reader, OrderStore store) {
        OrderCodec codec = new OrderCodec();
        long records = 0;
        while (reader.next()) {
            store.apply(reader.sequence(), reader.timestampNanos(), codec.decode(reader.type(), reader.payload()));
            records++;
        }
        return records;
    }
}
