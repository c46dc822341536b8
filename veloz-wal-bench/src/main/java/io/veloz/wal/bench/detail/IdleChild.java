package io.veloz.wal.bench.detail;

import com.sun.management.OperatingSystemMXBean;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.ShipperStatus;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.ObjectStores;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The process that {@link Idle} measures. Arguments: part, directory of the log, directory of the archive, seconds until the
 * counters are read first, and seconds until they are read again. It prints the differences.
 */
final class IdleChild {
    /** The prefix of the names of threads, whose values are nanoseconds of processor time. */
    static final String THREAD = "thread ";

    private static final int RECORDS = 1_000;

    /** The parts of a program that run without appends. */
    enum Part {
        NOTHING,
        /** A reader of a log without a writer, as a process that follows a log of another one. */
        FOLLOWER,
        LOG,
        LOG_AND_FOLLOWER,
        LOG_AND_SHIPPER,
        LOG_FOLLOWER_AND_SHIPPER
    }

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private @Nullable WalShipper shipper;

    private IdleChild() {}

    public static void main(String[] arguments) throws Exception {
        new IdleChild()
                .run(
                        Part.valueOf(arguments[0]),
                        Path.of(arguments[1]),
                        Path.of(arguments[2]),
                        Long.parseLong(arguments[3]),
                        Long.parseLong(arguments[4]));
    }

    private void run(Part part, Path directory, Path archive, long settleSeconds, long seconds) throws Exception {
        try {
            if (part != Part.NOTHING) {
                start(part, directory, archive);
            }
            await(settleSeconds);
            System.gc();
            // The first call loads classes, which reads files.
            var unused = counters();
            await(1);
            Map<String, Long> before = counters();
            await(seconds);
            Map<String, Long> after = counters();
            after.forEach((name, value) -> System.out.println(name + "=" + (value - before.getOrDefault(name, 0L))));
            System.out.println("resident=" + ProcessCounters.residentBytes());
            System.out.println("threads=" + ManagementFactory.getThreadMXBean().getThreadCount());
        } finally {
            while (!open.isEmpty()) {
                open.pop().close();
            }
        }
    }

    private void start(Part part, Path directory, Path archive) {
        Wal wal = Wal.open(WalConfig.builder(directory).build());
        open.push(wal);
        SampleLog.append(wal, RECORDS);
        if (part == Part.FOLLOWER) {
            wal.close();
            follow(WalReader.open(ReadOptions.of(directory)));
        }
        if (part == Part.LOG_AND_FOLLOWER || part == Part.LOG_FOLLOWER_AND_SHIPPER) {
            follow(wal.reader());
        }
        if (part == Part.LOG_AND_SHIPPER || part == Part.LOG_FOLLOWER_AND_SHIPPER) {
            ShipperConfig config = ShipperConfig.builder(
                            ObjectStores.open(archive.toUri().toString()))
                    .build();
            shipper = WalShipper.start(wal, config);
            open.push(shipper);
            if (!shipper.awaitArchived(RECORDS, Duration.ofMinutes(1))) {
                throw new IllegalStateException("the records are not archived: " + shipper.status());
            }
        }
    }

    /** Starts a thread that has read everything and waits for the next record. */
    private static void follow(WalReader reader) {
        Thread thread = new Thread(
                () -> {
                    while (reader.next(Duration.ofDays(1))) {
                        Thread.onSpinWait();
                    }
                },
                "follower");
        thread.setDaemon(true);
        thread.start();
    }

    private static void await(long seconds) throws InterruptedException {
        if (new CountDownLatch(1).await(seconds, TimeUnit.SECONDS)) {
            throw new AssertionError("a latch that no thread counts down");
        }
    }

    private Map<String, Long> counters() throws IOException {
        Map<String, Long> counters = new LinkedHashMap<>(ProcessCounters.io());
        counters.put("cpu", ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime());
        if (shipper != null) {
            ShipperStatus.Requests requests = shipper.status().requests();
            counters.put("requests", requests.puts() + requests.gets() + requests.lists() + requests.deletes());
        }
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (long id : threads.getAllThreadIds()) {
            @Nullable ThreadInfo thread = threads.getThreadInfo(id);
            if (thread != null) {
                counters.merge(THREAD + thread.getThreadName(), threads.getThreadCpuTime(id), Long::sum);
            }
        }
        return counters;
    }
}
