package io.veloz.wal.fault;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.spi.SegmentReader;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/** Settings of small logs, and threads for tests. */
public final class Logs {
    public static final int SEGMENT_BYTES = 16 * 1024;
    public static final int BATCH_BYTES = 4 * 1024;

    /** The largest payload in a small log. */
    public static final int RECORD_BYTES = 1024;

    private Logs() {}

    /** Returns settings with segments of a dozen records of 1 KiB, and without periodic work. */
    public static WalConfig.Builder small(Storage storage) {
        return WalConfig.builder(storage)
                .segmentBytes(SEGMENT_BYTES)
                .maxBatchBytes(BATCH_BYTES)
                .bufferBytes(8 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .forceInterval(Duration.ofHours(1));
    }

    /** Returns a text of 1 KiB that starts with its number. */
    public static String kilobyte(int number) {
        return String.format(Locale.ROOT, "%01000d", number);
    }

    /** Runs a task on a separate thread. */
    public static <T> CompletableFuture<T> start(Callable<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        result.complete(task.call());
                    } catch (Throwable t) {
                        result.completeExceptionally(t);
                    }
                },
                "test");
        thread.setDaemon(true);
        thread.start();
        return result;
    }

    /**
     * Waits until the next segment of every open log is ready, so that a roll need not wait. A housekeeper also rests while it fills
     * a large segment, so it is idle only where it waits for work.
     */
    public static void awaitIdleHousekeepers() {
        await(
                "idle housekeepers",
                () -> Thread.getAllStackTraces().entrySet().stream()
                        .filter(entry -> entry.getKey().getName().startsWith("veloz-wal-housekeeper"))
                        .allMatch(entry -> entry.getKey().getState() == Thread.State.TIMED_WAITING
                                && Arrays.stream(entry.getValue())
                                        .anyMatch(frame -> frame.getMethodName().equals("awaitWork"))));
    }

    /** Waits until the segment before the one with the last durable record is sealed, and so all before it. */
    public static void awaitSealed(Wal wal) {
        long last = 1;
        try (SegmentReader reader = wal.segmentReader(0, 0, 0)) {
            while (reader.next()) {
                last = reader.segment();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        long before = last - 1;
        await("sealed segment " + before, () -> {
            try {
                return before == 0 || wal.files().sealed(before).isPresent();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** Polls until a condition is true; fails after a timeout. */
    public static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("never came true: " + what);
            }
            Thread.onSpinWait();
            Thread.yield();
        }
    }
}
