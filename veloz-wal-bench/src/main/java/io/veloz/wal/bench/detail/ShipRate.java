package io.veloz.wal.bench.detail;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.bench.ArchiveLag;
import io.veloz.wal.bench.S3Proxy;
import io.veloz.wal.bench.measure.OpenLoop;
import io.veloz.wal.bench.process.Directories;
import io.veloz.wal.bench.process.PageCache;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;

/**
 * Measures the rate at which a shipper archives the sealed segments of a log, and the time that {@code awaitArchived} takes for a
 * record of a log without other load. The floors are plain puts: of the same segments, eight at a time; and of one object of the
 * size of a record.
 */
public final class ShipRate {
    private static final int PARALLELISM = 8;
    private static final Duration TIMEOUT = Duration.ofMinutes(10);

    private final Arguments arguments;
    private final Table table;
    private final int segmentMib;
    private final int segments;
    private final int turns;

    private ShipRate(Arguments arguments, PrintStream out) {
        this.arguments = arguments;
        this.table = new Table(out);
        this.segmentMib = arguments.number("segment-mib");
        this.segments = arguments.number("segments");
        this.turns = arguments.number("turns");
    }

    public static void main(String[] arguments) throws Exception {
        run(System.out, arguments);
    }

    static void run(PrintStream out, String... given) throws Exception {
        Arguments arguments = new Arguments(
                        ShipRate.class, "Measures the rate of a shipper and the time of awaitArchived.")
                .number("segment-mib", "16", "1", "size of a segment")
                .number("segments", "32", "3", "number of segments; the last one is half full")
                .number("turns", "3", "1", "turns of each; the rates are those of all turns together")
                .number("records", "200", "5", "records that are awaited one after another")
                .parse(given);
        if (!arguments.printsHelp(out)) {
            new ShipRate(arguments, out).run();
        }
    }

    /** Opens a store with a prefix of its own. */
    private interface Stores {
        ObjectStore open(String prefix);
    }

    private void run() throws Exception {
        try (Scratch scratch = Scratch.in(arguments.directory(), "ship")) {
            Path archive = scratch.create("archive");
            measure(
                    "directory",
                    scratch,
                    prefix -> ObjectStores.open(archive.resolve(prefix).toUri().toString()));
            Path jar = ArchiveLag.serverJar();
            if (!Files.isRegularFile(jar)) {
                table.title("S3Proxy is skipped: %s is missing; create it with mvn package", jar);
                return;
            }
            try (S3Proxy server = S3Proxy.start(jar, scratch.create("s3proxy"))) {
                measure("S3Proxy", scratch, server::open);
            }
        }
    }

    private void measure(String what, Scratch scratch, Stores stores) throws Exception {
        table.title(
                "%s: %d segments of %d MiB, %d turns; plain puts: %d at a time",
                what, segments, segmentMib, turns, PARALLELISM);
        double shipped = 0;
        double put = 0;
        long bytes = 0;
        for (int turn = 0; turn < turns; turn++) {
            Path directory = scratch.create("log");
            bytes += write(directory);
            try (ObjectStore store = stores.open(directory.getFileName() + "-plain")) {
                put += putSegments(store, directory);
            }
            shipped += ship(stores, directory);
            Directories.delete(directory);
        }
        table.title(
                "  plain puts %,.1f MB/s, shipper %,.1f MB/s, ratio %.2f",
                bytes / put / 1e6, bytes / shipped / 1e6, put / shipped);
        await(scratch.create("awaited"), stores);
    }

    /** Writes a log, of whose segments the last one is half full, and returns their bytes. */
    private long write(Path directory) throws IOException {
        WalConfig config = SampleLog.config(directory, segmentMib * 1024);
        try (Wal wal = Wal.open(config)) {
            SampleLog.fill(wal, segments, config.segmentBytes());
        }
        long bytes = 0;
        for (Path segment : sealed(directory)) {
            bytes += Files.size(segment);
        }
        return bytes;
    }

    private List<Path> sealed(Path directory) throws IOException {
        return PageCache.files(directory).stream()
                .filter(path -> path.getFileName().toString().matches(".*[0-9].*"))
                .toList();
    }

    private double putSegments(ObjectStore store, Path directory)
            throws IOException, InterruptedException, ExecutionException {
        List<Path> files = sealed(directory);
        ExecutorService threads = Executors.newFixedThreadPool(PARALLELISM);
        try {
            long started = System.nanoTime();
            List<Future<Boolean>> puts = new ArrayList<>();
            for (Path file : files) {
                puts.add(threads.submit(() ->
                        store.putIfAbsent("plain/" + file.getFileName(), ObjectContent.of(Files.readAllBytes(file)))));
            }
            for (Future<Boolean> each : puts) {
                if (!each.get()) {
                    throw new IllegalStateException("an object of " + store.describe() + " exists already");
                }
            }
            return (System.nanoTime() - started) / 1e9;
        } finally {
            threads.shutdownNow();
        }
    }

    /** Returns the seconds until the whole log is archived. */
    private static double ship(Stores stores, Path directory) {
        try (ObjectStore store = stores.open(directory.getFileName() + "-shipped");
                Wal wal = Wal.open(WalConfig.builder(directory).build())) {
            long started = System.nanoTime();
            try (WalShipper shipper =
                    WalShipper.start(wal, ShipperConfig.builder(store).build())) {
                awaitArchived(shipper, wal.lastSequence());
                return (System.nanoTime() - started) / 1e9;
            }
        }
    }

    private void await(Path directory, Stores stores) throws IOException {
        Histogram puts = OpenLoop.histogram();
        Histogram awaited = OpenLoop.histogram();
        byte[] record = new byte[SampleLog.RECORD_BYTES];
        SampleLog.record(record.length).get(record);
        String prefix = directory.getFileName().toString();
        try (ObjectStore plain = stores.open(prefix + "-plain");
                ObjectStore store = stores.open(prefix);
                Wal wal = Wal.open(WalConfig.builder(directory).build());
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(store).build())) {
            int records = arguments.number("records");
            for (int i = 0; i < 2 * records; i++) {
                long started = System.nanoTime();
                plain.putIfAbsent("put/" + i, ObjectContent.of(record));
                long put = System.nanoTime();
                long sequence = wal.appendDurable(SampleLog.TYPE, ByteBuffer.wrap(record));
                long durable = System.nanoTime();
                awaitArchived(shipper, sequence);
                // The first half is the warm-up.
                if (i >= records) {
                    puts.recordValue(put - started);
                    awaited.recordValue(System.nanoTime() - durable);
                }
            }
        }
        table.latencies("awaitArchived of a durable record", awaited, puts);
    }

    private static void awaitArchived(WalShipper shipper, long sequence) {
        if (!shipper.awaitArchived(sequence, TIMEOUT)) {
            throw new IllegalStateException("shipping is too slow: " + shipper.status());
        }
    }
}
