package io.veloz.wal.bench.detail;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.bench.process.Directories;
import io.veloz.wal.bench.process.PageCache;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * Measures the open of a log of some segments, after a clean close and after a kill of its process, in a JVM that opens its first
 * log and in one that has opened many. The floor lists the directory, opens every file and reads its first page, and writes and
 * forces one page.
 */
public final class Opens {
    private static final int PAGE_BYTES = 4096;
    private static final int WARM_UP_OPENS = 5;

    private final Arguments arguments;
    private final Table table;
    private final int turns;

    private Opens(Arguments arguments, PrintStream out) {
        this.arguments = arguments;
        this.table = new Table(out);
        this.turns = arguments.number("turns");
    }

    public static void main(String[] arguments) throws Exception {
        run(System.out, arguments);
    }

    static void run(PrintStream out, String... given) throws Exception {
        Arguments arguments = new Arguments(
                        Opens.class, "Measures the open of a log after a clean close and after a kill.")
                .number("segments", "1,100,1000", "1,3", "numbers of segments, each a log of its own")
                .number("turns", "7", "1", "opens of each kind; the median counts")
                .number("one-segment-kib", "65536", "1024", "size of the segment of a log with one")
                .number("segment-kib", "256", "256", "size of the segments of a log with several")
                .parse(given);
        if (!arguments.printsHelp(out)) {
            new Opens(arguments, out).run();
        }
    }

    private void run() throws Exception {
        try (Scratch scratch = Scratch.in(arguments.directory(), "opens")) {
            for (int segments : arguments.numbers("segments")) {
                int kib = arguments.number(segments == 1 ? "one-segment-kib" : "segment-kib");
                Path directory = scratch.create("log");
                WalConfig config = SampleLog.config(directory, kib);
                try (Wal wal = Wal.open(config)) {
                    SampleLog.fill(wal, segments, config.segmentBytes());
                }
                table.title("%,d segments of %,d KiB, median of %d opens", segments, kib, turns);
                measure("after a clean close", config, () -> {});
                measure("after a kill", config, () -> {
                    if (segments == 1) {
                        // A log of its own for each turn: a session of records adds segments.
                        Directories.delete(directory);
                    }
                    kill(directory, kib, segments);
                });
                Directories.delete(directory);
            }
        }
    }

    /** Brings a closed log into the state to open. */
    private interface Preparation {
        void run() throws Exception;
    }

    private void measure(String state, WalConfig config, Preparation preparation) throws Exception {
        Path directory = config.directory().orElseThrow();
        double floor = median(turn -> floorMillis(directory));
        double cold = median(turn -> {
            preparation.run();
            try (Child child = Child.start(OpensChild.class, "open", directory, config.segmentBytes() / 1024, 0)) {
                return millis(child.values());
            }
        });
        double warm = median(turn -> {
            for (int i = 0; turn == 0 && i < WARM_UP_OPENS; i++) {
                Wal.open(config).close();
            }
            preparation.run();
            return openMillis(config);
        });
        table.row(state + ", first log of its JVM", cold, floor, "ms");
        table.row(state + ", warm JVM", warm, floor, "ms");
        preparation.run();
        printCounts(state, config, directory);
    }

    private static double millis(Map<String, Long> values) {
        Long nanos = values.get("nanos");
        if (nanos == null) {
            throw new IllegalStateException("the child did not print the time of its open: " + values);
        }
        return nanos / 1e6;
    }

    private static double openMillis(WalConfig config) {
        long started = System.nanoTime();
        Wal wal = Wal.open(config);
        double millis = (System.nanoTime() - started) / 1e6;
        wal.close();
        return millis;
    }

    /** Counts at the return of the open. What the log prepares afterwards, in its own threads, belongs to no open. */
    private void printCounts(String state, WalConfig config, Path directory) throws IOException {
        CountingStorage storage = new CountingStorage(DiskStorage.open(directory));
        WalConfig counted = WalConfig.builder(storage)
                .segmentBytes(config.segmentBytes())
                .maxBatchBytes(config.maxBatchBytes())
                .build();
        Map<String, Long> before = ProcessCounters.io();
        Wal wal = Wal.open(counted);
        Map<String, Long> after = ProcessCounters.io();
        CountingStorage.Counts counts = storage.counts();
        wal.close();
        table.title(
                "  %s, one open: %,d files opened, %,d bytes read, %,d bytes written, %,d forces; kernel: wchar %,d, write_bytes %,d",
                state,
                counts.opens(),
                counts.readBytes(),
                counts.writtenBytes(),
                counts.forces(),
                difference(before, after, "wchar"),
                difference(before, after, "write_bytes"));
    }

    private static long difference(Map<String, Long> before, Map<String, Long> after, String counter) {
        return after.getOrDefault(counter, 0L) - before.getOrDefault(counter, 0L);
    }

    private static void kill(Path directory, int segmentKib, int segments) throws IOException, InterruptedException {
        try (Child child = Child.start(OpensChild.class, "append", directory, segmentKib, segments)) {
            child.awaitLine(OpensChild.READY);
            child.kill();
        }
    }

    private static double floorMillis(Path directory) throws IOException {
        ByteBuffer page = ByteBuffer.allocateDirect(PAGE_BYTES);
        Path mark = directory.resolveSibling("floor");
        long started = System.nanoTime();
        for (Path path : PageCache.files(directory)) {
            try (FileChannel file = FileChannel.open(path)) {
                file.read(page.clear());
            }
        }
        try (FileChannel file = FileChannel.open(mark, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(page.clear());
            file.force(false);
        }
        double millis = (System.nanoTime() - started) / 1e6;
        Files.delete(mark);
        return millis;
    }

    /** Measures one turn. */
    private interface Turn {
        double measure(int turn) throws Exception;
    }

    private double median(Turn measured) throws Exception {
        double[] values = new double[turns];
        for (int i = 0; i < turns; i++) {
            values[i] = measured.measure(i);
        }
        return Table.median(values);
    }
}
