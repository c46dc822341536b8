package io.veloz.wal;

import static io.veloz.wal.fault.Logs.kilobyte;
import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Fault;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Records;
import io.veloz.wal.storage.StorageFullException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Repeats the life of a log, and in each run fails another call of one kind: the first, the second, and so on. */
@Timeout(600)
@Tag("enumeration")
class EveryCallFailsTest {
    private static final int MOST_CALLS = 2_000;

    @ParameterizedTest
    @EnumSource(Operation.class)
    void anyFailureLosesNothingAcknowledgedAndInventsNothing(Operation operation) throws Exception {
        everyCall(operation, () -> new IOException("Input/output error"), 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Operation.class,
            names = {"CREATE", "WRITE", "FORCE", "RENAME", "FORCE_DIRECTORY"})
    void anyFullDiskLosesNothingAcknowledgedAndInventsNothing(Operation operation) throws Exception {
        everyCall(operation, () -> new StorageFullException("No space left on device", null), 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Operation.class,
            names = {"RENAME", "FORCE_DIRECTORY", "DELETE", "OPEN_FOR_READING"})
    void anyPermanentFailureLosesNothingAcknowledgedAndInventsNothing(Operation operation) throws Exception {
        everyCall(operation, () -> new IOException("Input/output error"), Integer.MAX_VALUE);
    }

    private static void everyCall(Operation operation, Supplier<IOException> cause, int times) throws Exception {
        int reported = 0;
        int tried = 0;
        for (int n = 0; n < MOST_CALLS; n += step(n)) {
            HeapStorage heap = firstLife();
            FaultStorage storage = new FaultStorage(heap);
            Fault fault = storage.fail(operation, cause).after(n).times(times);
            SortedMap<Long, String> acked = new TreeMap<>();
            // A permanent failure ends with a timeout. A single failure may take as long as a slow machine needs.
            boolean failed = workload(storage, acked, Duration.ofSeconds(times == 1 ? 60 : 2));
            if (fault.hits() == 0) {
                assertThat(failed).isFalse();
                System.out.printf(
                        Locale.ROOT,
                        "tried %,7d times: %s in one %s%s; reported %,d times%n",
                        tried,
                        cause.get().getMessage(),
                        operation,
                        times > 1 ? " and all after it" : "",
                        reported);
                return;
            }
            tried++;
            reported += failed ? 1 : 0;
            assertThat(storage.openFiles()).as("open files, call %s", n).isZero();
            checkSecondLife(heap, acked, operation + " " + n);
        }
    }

    /**
     * Returns the step: all of the first calls, then fewer, as later ones are similar. All with -Dwal.rounds of 2 or
     * more.
     */
    private static int step(int n) {
        return n < 60 || Integer.getInteger("wal.rounds", 1) > 1 ? 1 : 7;
    }

    private static HeapStorage firstLife() {
        HeapStorage heap = new HeapStorage();
        try (Wal wal = Wal.open(small(heap).build())) {
            for (int i = 1; i <= 15; i++) {
                wal.appendDurable(1, payload("first " + kilobyte(i)));
            }
        }
        return heap;
    }

    /** Runs the workload, and returns whether an error was reported. */
    private static boolean workload(FaultStorage storage, SortedMap<Long, String> acked, Duration patience) {
        WalConfig config = small(storage)
                .bufferFullTimeout(patience)
                .closeTimeout(Duration.ofSeconds(60))
                .build();
        boolean reported = false;
        AtomicReference<Wal> opened = new AtomicReference<>();
        try {
            Wal wal = Wal.open(config);
            opened.set(wal);
            for (int i = 1; i <= 24; i++) {
                String text = "second " + kilobyte(i);
                acked.put(appendWhenThereIsRoom(wal, text), text);
                if (i == 8 || i == 16) {
                    wal.writeCheckpoint(15, out -> out.write(new byte[100]));
                }
                if (i == 20) {
                    wal.roll();
                    wal.trim(1);
                }
            }
            try (WalReader reader = wal.reader()) {
                while (reader.next()) {
                    assertThat(reader.sequence()).isLessThanOrEqualTo(wal.durableSequence());
                }
            }
        } catch (WalException | UncheckedIOException e) {
            reported = true;
        }
        try {
            if (opened.get() != null) {
                opened.get().close();
            }
        } catch (WalException e) {
            reported = true;
        }
        return reported;
    }

    private static long appendWhenThereIsRoom(Wal wal, String text) {
        while (true) {
            try {
                return wal.appendDurable(1, payload(text));
            } catch (WalDiskFullException e) {
                Thread.yield();
            }
        }
    }

    private static void checkSecondLife(HeapStorage heap, SortedMap<Long, String> acked, String what) {
        try (Wal wal = Wal.open(small(heap).build())) {
            long last = wal.lastSequence();
            SortedMap<Long, String> records = Records.of(ReadOptions.of(heap));
            wal.appendDurable(1, payload("after"));
            assertThat(records.keySet())
                    .as(what)
                    .containsExactlyElementsOf(LongStream.rangeClosed(records.firstKey(), last)
                            .boxed()
                            .toList());
            assertThat(records.firstKey()).as(what).isLessThanOrEqualTo(16);
            assertThat(last).as(what).isGreaterThanOrEqualTo(acked.isEmpty() ? 15 : acked.lastKey());
            records.forEach((sequence, text) -> {
                String kind = sequence <= 15 ? "first " : "second ";
                long number = sequence <= 15 ? sequence : sequence - 15;
                assertThat(text).as(what).isEqualTo(kind + kilobyte((int) number));
            });
        }
    }
}
