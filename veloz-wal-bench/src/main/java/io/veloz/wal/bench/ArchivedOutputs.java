package io.veloz.wal.bench;

import io.veloz.wal.OutputGate;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.ShipperStatus;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.bench.process.Directories;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Measures how long an output waits that is published only when its record is archived: 5,000 records per second, each with an
 * output, against a store that answers after a fixed time. Then the same with one put in 200 that hangs, with and without hedges.
 *
 * <p>Arguments: duration of each measurement in seconds (default 10), and milliseconds of a put (default 5).
 */
public final class ArchivedOutputs {
    private static final int RECORDS_PER_SECOND = 5_000;
    private static final int PAYLOAD_BYTES = 200;
    private static final int SEGMENT_BYTES = 4 * 1024 * 1024;
    private static final int CAPACITY = 65_536;
    private static final int HANGING_ONE_IN = 200;
    private static final double WARM_UP_SECONDS = 3;
    private static final int TARGET_MILLIS = 8;

    private final Path scratch;
    private final long putNanos;
    private int logs;

    private ArchivedOutputs(Path scratch, long putNanos) {
        this.scratch = scratch;
        this.putNanos = putNanos;
    }

    /** Records the time from due to published. Called by the thread of the gate. */
    private record Published(Histogram latencies) implements OutputGate.Sink<Long> {
        @Override
        public void publish(long sequence, Long due) {
            latencies.recordValue(System.nanoTime() - due);
        }

        @Override
        public void discard(long sequence, Long due, Throwable cause) {
            throw new IllegalStateException("the output of record " + sequence + " was discarded", cause);
        }
    }

    public static void main(String[] arguments) throws IOException {
        double seconds = arguments.length > 0 ? Double.parseDouble(arguments[0]) : 10;
        double millis = arguments.length > 1 ? Double.parseDouble(arguments[1]) : 5;
        Path scratch = Files.createTempDirectory("archived-outputs-");
        try {
            new ArchivedOutputs(scratch, (long) (millis * 1e6)).run(seconds);
        } finally {
            Directories.delete(scratch);
        }
    }

    private void run(double seconds) throws IOException {
        System.out.printf(
                Locale.ROOT,
                "%,d records per second of %d bytes, %.1f ms a put, %.1f s each; from due to published%n",
                RECORDS_PER_SECOND,
                PAYLOAD_BYTES,
                putNanos / 1e6,
                seconds);
        measure("warm-up", Math.min(seconds, WARM_UP_SECONDS), 0, true);
        measure("no put hangs", seconds, 0, true);
        measure("1 put in " + HANGING_ONE_IN + " hangs 2 s", seconds, HANGING_ONE_IN, true);
        measure("the same without hedges", seconds, HANGING_ONE_IN, false);
        System.out.printf(
                Locale.ROOT, "target: p50 less than %.1f ms if no put hangs%n", putNanos / 1e6 + TARGET_MILLIS);
    }

    private void measure(String what, double seconds, int hangingOneIn, boolean hedges) {
        Histogram latencies = new Histogram(TimeUnit.MINUTES.toNanos(10), 3);
        WalConfig log = WalConfig.builder(scratch.resolve("log-" + ++logs))
                .segmentBytes(SEGMENT_BYTES)
                .build();
        ShipperConfig archive = ShipperConfig.builder(new DelayedStore(putNanos, hangingOneIn))
                .hedgesPuts(hedges)
                .closeTimeout(Duration.ofMinutes(1))
                .build();
        ShipperStatus status;
        try (Wal wal = Wal.open(log);
                WalShipper shipper = WalShipper.start(wal, archive)) {
            try (OutputGate<Long> gate = shipper.archivedGate(CAPACITY, new Published(latencies))) {
                load(wal, gate, seconds);
            }
            status = shipper.status();
        }
        System.out.printf(
                Locale.ROOT,
                "%-26s p50 %,7.1f ms   p99 %,8.1f ms   max %,8.1f ms   %,d puts, %,d hedged%n",
                what,
                latencies.getValueAtPercentile(50) / 1e6,
                latencies.getValueAtPercentile(99) / 1e6,
                latencies.getMaxValue() / 1e6,
                status.requests().puts(),
                status.hedgedPuts());
    }

    private static void load(Wal wal, OutputGate<Long> gate, double seconds) {
        long between = TimeUnit.SECONDS.toNanos(1) / RECORDS_PER_SECOND;
        long records = (long) (seconds * RECORDS_PER_SECOND);
        long first = System.nanoTime();
        for (long i = 0; i < records; i++) {
            long due = first + i * between;
            for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
                LockSupport.parkNanos(early);
            }
            ByteBuffer payload = ByteBuffer.allocate(PAYLOAD_BYTES).putLong(0, due);
            gate.append(
                    () -> {
                        var unused = wal.appendAsync(1, payload);
                        return wal.lastSequence();
                    },
                    due);
        }
    }
}
