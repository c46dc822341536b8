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
 * The process that is killed: opens a log, and appends the missing events from several threads, all events of an order from
 * the same thread. Prints {@code open RECORDS} once, {@code acked EVENT SEQUENCE .} when an event is durable,
 * {@code archived SEQUENCE .} when all records up to a sequence are archived, and {@code done} at the end.
 */
final class Writer {
    private static final int SEGMENT_BYTES = 1024 * 1024;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final PrintStream out;

    Writer(PrintStream out) {
        this.out = out;
    }

    /**
     * Arguments: directory of the log, directory of the engine's log, number of threads; and, to ship, URI of the archive,
     * number of events, and events per second.
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

    /** Returns settings with small segments, so that some are rolled, and without trims, because all records are checked. */
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
        println("done");
    }

    void writeAndShip(Path directory, List<OrderEvent> events, int threadCount, String archive, double perSecond)
            throws InterruptedException {
        Reporter reporter = new Reporter();
        ShipperConfig settings =
                ShipperConfig.builder(archive).listener(reporter).build();
        try (OrderLog log = OrderLog.open(settings(directory));
                WalShipper shipper = WalShipper.start(log.wal(), settings)) {
            // An engine would not wait. The demo waits, so that the kill happens while both append and ship.
            boolean kept = reporter.epochAcquired.await(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
            if (kept) {
                write(log, events, threadCount, perSecond);
                kept = shipper.awaitArchived(log.wal().lastSequence(), TIMEOUT);
            }
            if (!kept) {
                throw new IllegalStateException("shipping is too slow: " + shipper.status());
            }
        }
        println("done");
    }

    private final class Reporter implements ShipperListener {
        private final CountDownLatch epochAcquired = new CountDownLatch(1);

        @Override
        public void onEpochAcquired(long epoch) {
            epochAcquired.countDown();
        }

        @Override
        public void onArchived(long sequence) {
            println("archived " + sequence + " .");
        }
    }

    private void write(OrderLog log, List<OrderEvent> events, int threadCount, double perSecond)
            throws InterruptedException {
        WrittenEvents written;
        try (WalReader reader = log.wal().reader()) {
            written = WrittenEvents.in(reader, events);
        }
        println("open " + written.count());
        long nanosBetween = (long) (threadCount * 1e9 / perSecond);
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

    /** Distributes whole orders to the threads. The events of each share are in order. */
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
            // Printed only after the append: a printed event must survive the kill.
            println("acked " + event + " " + sequence + " .");
        }
    }

    private synchronized void println(String line) {
        out.println(line);
        out.flush();
        if (out.checkError()) {
            // The demo has closed the pipe.
            Runtime.getRuntime().halt(1);
        }
    }
}
