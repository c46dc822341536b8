package io.veloz.wal.bench.detail;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Measures the ways in which one thread can make a small write durable: fdatasync, O_DSYNC, and O_DIRECT with O_DSYNC; into a
 * file that was filled with zeros, into a file of that size without blocks, and at the end of a file that grows. The ways take
 * turns, so that other load on the disk affects all of them.
 */
public final class WriteModes {
    private static final int WRITE_BYTES = 4096;
    private static final int LARGE_BYTES = 64 * 1024;

    /** What the file contains before the writes. */
    private enum Content {
        ZEROS,
        HOLES,
        NOTHING
    }

    private enum Mode {
        FDATASYNC_ZEROS(true, Content.ZEROS),
        DSYNC_ZEROS(false, Content.ZEROS, StandardOpenOption.DSYNC),
        DIRECT_FDATASYNC_ZEROS(true, Content.ZEROS, ExtendedOpenOption.DIRECT),
        DIRECT_DSYNC_ZEROS(false, Content.ZEROS, ExtendedOpenOption.DIRECT, StandardOpenOption.DSYNC),
        FDATASYNC_HOLES(true, Content.HOLES),
        FDATASYNC_APPEND(true, Content.NOTHING);

        final boolean forces;
        final Content content;

        @SuppressWarnings("ImmutableEnumChecker") // never changed
        final OpenOption[] options;

        Mode(boolean forces, Content content, OpenOption... options) {
            this.forces = forces;
            this.content = content;
            this.options = options;
        }
    }

    private final Path directory;
    private final int writes;

    private WriteModes(Path directory, int writes) {
        this.directory = directory;
        this.writes = writes;
    }

    public static void main(String[] given) throws IOException {
        Arguments arguments = new Arguments(WriteModes.class, "Measures the ways to make a small write durable.")
                .number("turns", "10", "1", "turns of each way")
                .number("writes", "500", "20", "writes of each turn")
                .parse(given);
        if (arguments.printsHelp(System.out)) {
            return;
        }
        try (Scratch scratch = Scratch.in(arguments.directory(), "write-modes")) {
            WriteModes modes = new WriteModes(scratch.create("files"), arguments.number("writes"));
            for (int bytes : new int[] {WRITE_BYTES, LARGE_BYTES}) {
                modes.run(arguments.number("turns"), bytes);
            }
        }
    }

    private void run(int turns, int bytes) throws IOException {
        Map<Mode, Histogram> results = new EnumMap<>(Mode.class);
        for (int turn = 0; turn < turns; turn++) {
            for (Mode mode : Mode.values()) {
                Histogram histogram =
                        results.computeIfAbsent(mode, unused -> new Histogram(TimeUnit.MINUTES.toNanos(1), 3));
                measure(mode, bytes, histogram);
            }
        }
        System.out.printf(Locale.ROOT, "%nWrites of %,d bytes, one thread, %,d each%n", bytes, turns * writes);
        double floor = Objects.requireNonNull(results.get(Mode.FDATASYNC_ZEROS)).getValueAtPercentile(50);
        for (Mode mode : Mode.values()) {
            Histogram histogram = Objects.requireNonNull(results.get(mode));
            System.out.printf(
                    Locale.ROOT,
                    "%-24s p50 %,8.1f us (%.2f)   p99 %,8.1f us   p99.9 %,8.1f us%n",
                    mode.name().toLowerCase(Locale.ROOT).replace('_', '-'),
                    histogram.getValueAtPercentile(50) / 1e3,
                    histogram.getValueAtPercentile(50) / floor,
                    histogram.getValueAtPercentile(99) / 1e3,
                    histogram.getValueAtPercentile(99.9) / 1e3);
        }
    }

    private void measure(Mode mode, int bytes, Histogram histogram) throws IOException {
        Path path = directory.resolve(mode.name());
        prepare(path, mode.content, (long) writes * bytes);
        List<OpenOption> options = new ArrayList<>(List.of(mode.options));
        options.add(StandardOpenOption.WRITE);
        try (FileChannel file = FileChannel.open(path, options.toArray(new OpenOption[0]))) {
            // Aligned to a block, as O_DIRECT demands.
            ByteBuffer buffer =
                    ByteBuffer.allocateDirect(bytes + 2 * WRITE_BYTES).alignedSlice(WRITE_BYTES);
            buffer.put(0, (byte) 1);
            for (int i = 0; i < writes; i++) {
                buffer.clear().limit(bytes);
                long started = System.nanoTime();
                int unused = file.write(buffer, (long) i * bytes);
                if (mode.forces) {
                    file.force(false);
                }
                histogram.recordValue(System.nanoTime() - started);
            }
        } finally {
            Files.delete(path);
        }
    }

    private static void prepare(Path path, Content content, long bytes) throws IOException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            if (content == Content.ZEROS) {
                ByteBuffer zeros = ByteBuffer.allocateDirect(1024 * 1024);
                for (long position = 0; position < bytes; ) {
                    zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - position));
                    position += file.write(zeros, position);
                }
            } else if (content == Content.HOLES) {
                int unused = file.write(ByteBuffer.allocate(1), bytes - 1);
            }
            file.force(true);
        }
    }
}
