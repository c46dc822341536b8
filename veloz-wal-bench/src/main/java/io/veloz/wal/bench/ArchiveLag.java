package io.veloz.wal.bench;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.bench.process.Directories;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Function;
import org.HdrHistogram.Histogram;

/**
 * Measures the lag of the archive at 5,000 records per second, and the cost of shipping: the same load without and with a
 * shipper, in alternating turns on the same disk.
 *
 * <p>Arguments: duration of each measurement in seconds (default 30), and a directory on the disk to measure (default: the
 * temporary directory).
 */
public final class ArchiveLag {
    private static final int RECORDS_PER_SECOND = 5_000;
    /** So small that some segments are sealed and uploaded during a measurement. */
    private static final int SEGMENT_BYTES = 4 * 1024 * 1024;

    private static final int TURNS = 3;
    private static final double WARM_UP_SECONDS = 3;
    private static final Duration FLUSH_INTERVAL = Duration.ofSeconds(1);
    private static final Duration TIMEOUT = Duration.ofMinutes(2);

    private final Path scratch;
    private final double turnSeconds;
    private int logs;

    private ArchiveLag(Path scratch, double seconds) {
        this.scratch = scratch;
        this.turnSeconds = seconds / TURNS;
    }

    public static void main(String[] arguments) throws Exception {
        double seconds = arguments.length > 0 ? Double.parseDouble(arguments[0]) : 30;
        Path scratch = arguments.length > 1
                ? Files.createTempDirectory(Files.createDirectories(Path.of(arguments[1])), "archive-lag-")
                : Files.createTempDirectory("archive-lag-");
        try {
            new ArchiveLag(scratch, seconds).run();
        } finally {
            Directories.delete(scratch);
        }
    }

    private void run() throws IOException, InterruptedException {
        System.out.printf(
                Locale.ROOT,
                "%,d records per second of 200 bytes, flush interval %s, %d turns of %.1f s each%n",
                RECORDS_PER_SECOND,
                FLUSH_INTERVAL,
                TURNS,
                turnSeconds);
        compare(
                "directory",
                name -> ObjectStores.open(
                        scratch.resolve("archive").resolve(name).toUri().toString()));
        Path jar = serverJar();
        if (!Files.isRegularFile(jar)) {
            System.out.println("S3Proxy is skipped: " + jar + " is missing; create it with mvn package");
            return;
        }
        try (S3Proxy server = S3Proxy.start(jar, scratch.resolve("s3proxy"))) {
            compare("S3Proxy", server::open);
        }
    }

    /** Returns the path of the server's jar, next to the jar or the classes of this program. */
    public static Path serverJar() {
        return Path.of(URI.create(ArchiveLag.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toString()))
                .resolveSibling("s3proxy.jar");
    }

    private void compare(String what, Function<String, ObjectStore> stores) {
        System.out.println(what);
        Histogram lags = Archiving.histogram();
        // Warm-up, not counted.
        ship(stores, new Load(RECORDS_PER_SECOND), Math.min(turnSeconds, WARM_UP_SECONDS), Archiving.histogram());
        Load without = new Load(RECORDS_PER_SECOND);
        Load with = new Load(RECORDS_PER_SECOND);
        for (int turn = 0; turn < TURNS; turn++) {
            try (Wal wal = open(newLog())) {
                without.run(wal, turnSeconds, (sequence, nanos) -> {});
            }
            ship(stores, with, turnSeconds, lags);
        }
        print(without.latencies(), with.latencies(), lags);
    }

    private Path newLog() {
        return scratch.resolve("log-" + ++logs);
    }

    private static Wal open(Path directory) {
        return Wal.open(WalConfig.builder(directory).segmentBytes(SEGMENT_BYTES).build());
    }

    private void ship(Function<String, ObjectStore> stores, Load load, double seconds, Histogram lags) {
        Archiving archiving = new Archiving((int) (seconds * RECORDS_PER_SECOND) + 1, lags);
        Path directory = newLog();
        try (ObjectStore store = stores.apply(directory.getFileName().toString());
                Wal wal = open(directory);
                WalShipper shipper = WalShipper.start(
                        wal,
                        ShipperConfig.builder(store)
                                .flushInterval(FLUSH_INTERVAL)
                                .listener(archiving)
                                .build())) {
            load.run(wal, seconds, archiving);
            if (!shipper.awaitArchived(wal.lastSequence(), TIMEOUT)) {
                throw new IllegalStateException("shipping is too slow: " + shipper.status());
            }
        }
    }

    private static void print(Histogram without, Histogram with, Histogram lags) {
        System.out.printf(
                Locale.ROOT,
                "  from durable to archived   p50 %,6.0f ms   p99 %,6.0f ms   max   %,6.0f ms   target: less than 1,500 ms%n",
                lags.getValueAtPercentile(50) / 1e6,
                lags.getValueAtPercentile(99) / 1e6,
                lags.getMaxValue() / 1e6);
        System.out.printf(Locale.ROOT, "  from due to durable%n");
        row("without a shipper", without, 1e3, "us");
        row("with a shipper", with, 1e3, "us");
        System.out.printf(
                Locale.ROOT,
                "    %-22s p50 %,6.2f x    p99 %,6.2f x    p99.9 %,6.2f x%n",
                "ratio",
                ratio(without, with, 50),
                ratio(without, with, 99),
                ratio(without, with, 99.9));
    }

    private static void row(String label, Histogram histogram, double unitNanos, String unit) {
        System.out.printf(
                Locale.ROOT,
                "    %-22s p50 %,6.0f %s   p99 %,6.0f %s   p99.9 %,6.0f %s%n",
                label,
                histogram.getValueAtPercentile(50) / unitNanos,
                unit,
                histogram.getValueAtPercentile(99) / unitNanos,
                unit,
                histogram.getValueAtPercentile(99.9) / unitNanos,
                unit);
    }

    private static double ratio(Histogram without, Histogram with, double percentile) {
        return (double) with.getValueAtPercentile(percentile) / without.getValueAtPercentile(percentile);
    }
}
