package io.veloz.wal.bench;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.bench.process.Directories;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/**
 * Measures the rate of a restore in relation to the rate at which the store delivers the same objects to plain parallel requests,
 * which discard them, in alternating turns; and the time until a log opens that is restored from its newest checkpoint.
 *
 * <p>Arguments: size of the log in MiB (default 512), size of a segment in MiB (default 16), number of turns (default 3), and a
 * directory on the disk to measure (default: the temporary directory).
 */
public final class RestoreRate {
    private static final int MIB = 1024 * 1024;
    private static final int PARALLELISM = 8;
    private static final int LEAST_MIB_OVER_HTTP = 16;
    private static final long LINK_BYTES_PER_SECOND = 125_000_000;
    private static final int RECORD_BYTES = 4096;
    private static final long POLL_NANOS = 50_000_000;
    /** Short, because the log is written in seconds, and the measurement waits for its checkpoint. */
    private static final Duration CHECKPOINT_INTERVAL = Duration.ofSeconds(1);

    private static final Duration TIMEOUT = Duration.ofMinutes(30);

    private final Path scratch;
    private final int mib;
    private final int segmentMib;
    private final int turns;
    private int restores;

    private RestoreRate(Path scratch, int mib, int segmentMib, int turns) {
        this.scratch = scratch;
        this.mib = mib;
        this.segmentMib = segmentMib;
        this.turns = turns;
    }

    public static void main(String[] arguments) throws Exception {
        Path parent = arguments.length > 3
                ? Files.createDirectories(Path.of(arguments[3]))
                : Path.of(System.getProperty("java.io.tmpdir"));
        Path scratch = Files.createTempDirectory(parent, "restore-rate-");
        try {
            new RestoreRate(scratch, number(arguments, 0, 512), number(arguments, 1, 16), number(arguments, 2, 3))
                    .run();
        } finally {
            Directories.delete(scratch);
        }
    }

    private static int number(String[] arguments, int index, int otherwise) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : otherwise;
    }

    private void run() throws Exception {
        System.out.printf(
                Locale.ROOT,
                "a log of %,d MiB in segments of %d MiB, %d requests at a time, %d turns%n",
                mib,
                segmentMib,
                PARALLELISM,
                turns);
        Path log = scratch.resolve("log");
        String directory = scratch.resolve("archive").toUri().toString();
        try (ObjectStore store = ObjectStores.open(directory)) {
            write(log, store);
            compare("directory", directory, store, Map.of());
        }
        if (mib < LEAST_MIB_OVER_HTTP) {
            System.out.println("S3Proxy is skipped: its start takes longer than the restore of a log this small");
            return;
        }
        Path jar = ArchiveLag.serverJar();
        if (!Files.isRegularFile(jar)) {
            System.out.println("S3Proxy is skipped: " + jar + " is missing; create it with mvn package");
            return;
        }
        try (S3Proxy server = S3Proxy.start(jar, scratch.resolve("s3proxy"));
                ObjectStore store = server.open("rate")) {
            write(scratch.resolve("log-2"), store);
            compare("S3Proxy", "s3://bench/rate", store, server.settings(server.endpoint()));
            try (SlowLink link = SlowLink.open(server.endpoint(), LINK_BYTES_PER_SECOND);
                    ObjectStore slow = server.open("rate", link.endpoint())) {
                compare("S3Proxy, 1 Gbit/s", "s3://bench/rate", slow, server.settings(link.endpoint()));
            }
        }
    }

    /** Writes a log whose content can be compressed to about a half, and ships it. */
    private void write(Path directory, ObjectStore store) throws IOException {
        Random random = new Random(1);
        byte[] payload = new byte[RECORD_BYTES];
        byte[] half = new byte[RECORD_BYTES / 2];
        WalConfig config = WalConfig.builder(directory)
                .segmentBytes((long) segmentMib * MIB)
                .build();
        ShipperConfig shipping = ShipperConfig.builder(store)
                .checkpointInterval(CHECKPOINT_INTERVAL)
                .build();
        try (Wal wal = Wal.open(config);
                WalShipper shipper = WalShipper.start(wal, shipping)) {
            long records = (long) mib * MIB / RECORD_BYTES;
            for (long i = 1; i <= records; i++) {
                random.nextBytes(half);
                System.arraycopy(half, 0, payload, 0, half.length);
                wal.append(1, ByteBuffer.wrap(payload));
                if (i == records - records / 10) {
                    wal.sync();
                    wal.writeCheckpoint(i, out -> out.write(1));
                }
            }
            wal.sync();
            wal.roll();
            long end = System.nanoTime() + TIMEOUT.toNanos();
            // Its records are archived in tails before. A restore in two times needs the checkpoint as well.
            while (objects(store).size() < wal.files().sealed().size()
                    || store.list("attachments/", "").isEmpty()) {
                if (System.nanoTime() > end) {
                    throw new IllegalStateException("shipping is too slow: " + shipper.status());
                }
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
        Directories.delete(directory);
    }

    private void compare(String what, String uri, ObjectStore store, Map<String, String> settings) throws Exception {
        List<StoredObject> objects = objects(store);
        long bytes = objects.stream().mapToLong(StoredObject::bytes).sum();
        System.out.printf(Locale.ROOT, "%s: %d objects, %,d bytes%n", what, objects.size(), bytes);
        // Warm-up, not counted.
        get(store, objects);
        double gets = 0;
        double whole = 0;
        for (int turn = 0; turn < turns; turn++) {
            gets += get(store, objects);
            whole += restore(uri, settings, false);
        }
        double first = restore(uri, settings, true);
        System.out.printf(
                Locale.ROOT,
                "  plain requests %,8.1f MB/s   restore %,8.1f MB/s   ratio %5.2f   target: 0.9%n",
                bytes * turns / gets / 1e6,
                bytes * turns / whole / 1e6,
                gets / whole);
        System.out.printf(
                Locale.ROOT,
                "  whole restore  %,8.2f s      until a log from its newest checkpoint opens %,8.2f s%n",
                whole / turns,
                first);
    }

    private static List<StoredObject> objects(ObjectStore store) throws IOException {
        List<StoredObject> objects = new ArrayList<>();
        List<StoredObject> page = store.list("segments/", "");
        while (!page.isEmpty()) {
            objects.addAll(page);
            page = store.list("segments/", page.get(page.size() - 1).key());
        }
        return objects;
    }

    /** Returns the duration in seconds. */
    private static double get(ObjectStore store, List<StoredObject> objects)
            throws InterruptedException, ExecutionException {
        long started = System.nanoTime();
        ExecutorService threads = Executors.newFixedThreadPool(PARALLELISM);
        try {
            List<Future<Long>> results = new ArrayList<>();
            for (StoredObject object : objects) {
                results.add(threads.submit(() -> {
                    byte[] chunk = new byte[256 * 1024];
                    long read = 0;
                    try (InputStream in = store.get(object.key())) {
                        for (int got = in.read(chunk); got >= 0; got = in.read(chunk)) {
                            read += got;
                        }
                    }
                    return read;
                }));
            }
            for (int i = 0; i < results.size(); i++) {
                if (results.get(i).get() != objects.get(i).bytes()) {
                    throw new IllegalStateException(objects.get(i) + " is shorter");
                }
            }
        } finally {
            threads.shutdown();
        }
        return (System.nanoTime() - started) / 1e9;
    }

    /** Returns the duration in seconds. */
    private double restore(String uri, Map<String, String> settings, boolean fromCheckpoint) throws IOException {
        Path target = scratch.resolve("restored-" + ++restores);
        RestoreOptions options = RestoreOptions.into(target).parallelism(PARALLELISM);
        options = fromCheckpoint ? options.fromCheckpoint() : options;
        for (Map.Entry<String, String> setting : settings.entrySet()) {
            options = options.storeSetting(setting.getKey(), setting.getValue());
        }
        long started = System.nanoTime();
        RestoreReport report = WalRecovery.restoreFrom(uri, options);
        if (fromCheckpoint) {
            Wal.open(target).close();
        }
        double seconds = (System.nanoTime() - started) / 1e9;
        System.out.printf(Locale.ROOT, "  %,d records in %.2f s: %s%n", report.records(), seconds, report.took());
        Directories.delete(target);
        return seconds;
    }
}
