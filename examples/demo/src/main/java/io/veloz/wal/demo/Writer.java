package io.veloz.wal.demo;

import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The process that is killed: opens a log, finds out from it what is missing, and appends that from several threads, all
 * events of an order from one of them. Says {@code open RECORDS} once, {@code acked EVENT SEQUENCE .} when an event is
 * on disk, {@code done} at the end.
 */
final class Writer {
    private static final int SEGMENT_BYTES = 1024 * 1024;

    private final PrintStream out;

    Writer(PrintStream out) {
        this.out = out;
    }

    /** Arguments: the log's directory, the directory with the engine's log, how many threads. */
    public static void main(String[] arguments) throws InterruptedException {
        EngineLog engine = EngineLog.unpackedIn(Path.of(arguments[1]));
        new Writer(System.out).write(Path.of(arguments[0]), engine.events(), Integer.parseInt(arguments[2]));
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
            WrittenEvents written;
            try (WalReader reader = log.wal().reader()) {
                written = WrittenEvents.in(reader, events);
            }
            say("open " + written.count());
            List<Thread> threads = new ArrayList<>();
            for (List<Integer> share : shares(written.missingByOrder(), threadCount)) {
                Thread thread = new Thread(() -> append(log, events, share), "engine-" + threads.size());
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
        say("done");
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

    private void append(OrderLog log, List<OrderEvent> events, List<Integer> share) {
        for (int event : share) {
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
