package io.veloz.wal.demo;

import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.ShipperListener;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The process that is killed: opens a log, finds out from it what is missing, and appends that from several threads, all
 * events of an order from one of them. Says {@code open RECORDS} once, {@code acked EVENT SEQUENCE .} when an event is
 * on disk, {@code archived SEQUENCE .} when the archive has everything up to there, {@code done} at the end.
 */
final class Writer {
    private static final int SEGMENT_BYTES = 1024 * 1024;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final PrintStream out;

    Writer(PrintStream out) {
        this.out = out;
    }

    /**
     * Arguments: the log's directory, the directory with the engine's log, how many threads; and, to ship, the archive, up
     * to which event, and how many of them a second.
     */
    public static void main(String[] arguments) throws InterruptedException {
        Path directory = Path.of(arguments[0]);
        List<OrderEvent> events = EngineLog.unpackedIn(Path.of(arguments[1])).events();
        int threads = Integer.parseInt(arguments[2]);
        Writer writer = new Writer(System.out);
        if (arguments.length == 3) {
            writer.write(directory, events, threads);
        } else {
            List<OrderEvent> some = events.subList(0, Integer.parseInt(arguments[4]));
            writer.writeAndShip(directory, some, threads, arguments[3], Double.parseDouble(arguments[5]));
        }
    }

    /** Small segments, to show some rolls; checkpoints; and nothing trimmed, because the demo looks at every record. */
    static OrderLogConfig settings(Path directory) {
        return OrderLogConfig.builder(WalConfig.builder(directory)
                        .segmentBytes(SEGMENT_BYTES)
                        .maxBatchBytes(SEGMENT_BYTES / 4)
                        .build())
                .checkpointEveryRecords(10_000)
                .keepSegments(1_000)
                .build();
    }

    void write(Path directory, List<OrderEvent> events, int threadCount) throws InterruptedException {
        try (OrderLog log = OrderLog.open(settings(directory))) {
            write(log, events, threadCount, Double.POSITIVE_INFINITY);
        }
        say("done");
    }

    void writeAndShip(Path directory, List<OrderEvent> events, int threadCount, String archive, double eachSecond)
            throws InterruptedException {
        Sayer sayer = new Sayer();
        ShipperConfig settings = ShipperConfig.builder(archive).listener(sayer).build();
        try (OrderLog log = OrderLog.open(settings(directory));
                WalShipper shipper = WalShipper.start(log.wal(), settings)) {
            // An engine would not wait for that; here the kill is to find both at work.
            boolean kept = sayer.inOffice.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (kept) {
                write(log, events, threadCount, eachSecond);
                kept = shipper.awaitArchived(log.wal().lastSequence(), PATIENCE);
            }
            if (!kept) {
                throw new IllegalStateException("the archive does not keep up: " + shipper.status());
            }
        }
        say("done");
    }

    private final class Sayer implements ShipperListener {
        private final CountDownLatch inOffice = new CountDownLatch(1);

        @Override
        public void onEpochAcquired(long epoch) {
            inOffice.countDown();
        }

        @Override
        public void onArchived(long sequence) {
            say("archived " + sequence + " .");
        }
    }

    private void write(OrderLog log, List<OrderEvent> events, int threadCount, double eachSecond)
            throws InterruptedException {
        WrittenEvents written;
        try (WalReader reader = log.wal().reader()) {
            written = WrittenEvents.in(reader, events);
        }
        say("open " + written.count());
        long nanosBetween = (long) (threadCount * 1e9 / eachSecond);
        List<Thread> threads = new ArrayList<>();
        for (List<Integer> share : shares(written.missingByOrder(), threadCount)) {
            Thread thread = new Thread(() -> append(log, events, share, nanosBetween), "engine-" + threads.size());
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** Deals out whole orders; each share is in the order in which things happened. */
    private static List<List<Integer>> shares(List<List<Integer>> orders, int count) {
        List<List<Integer>> shares = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            shares.add(new ArrayList<>());
        }
        for (int i = 0; i < orders.size(); i++) {
            shares.get(i % count).addAll(orders.get(i));
        }
        shares.forEach(share -> share.sort(null));
        return shares;
    }

    private void append(OrderLog log, List<OrderEvent> events, List<Integer> share, long nanosBetween) {
        long due = System.nanoTime();
        for (int event : share) {
            for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
                LockSupport.parkNanos(early);
            }
            due += nanosBetween;
            long sequence = log.appendDurable(events.get(event));
            // Only now: what is said here must survive the kill.
            say("acked " + event + " " + sequence + " .");
        }
    }

    private synchronized void say(String line) {
        out.println(line);
        out.flush();
        if (out.checkError()) {
            // Nobody listens any more.
            Runtime.getRuntime().halt(1);
        }
    }
}
