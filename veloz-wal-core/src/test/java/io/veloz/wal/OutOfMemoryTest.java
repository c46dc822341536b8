package io.veloz.wal;

import static io.veloz.wal.fault.Logs.kilobyte;
import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Logs.start;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Fault;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Records;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Memory that runs out on a thread of the log, at each call to the storage, a clock or a listener. Whatever the log
 * does then, every caller and every future gets a result, a close returns, and every acknowledged record is in the log.
 */
@Timeout(300)
class OutOfMemoryTest {
    private static final int MOST_CALLS = 400;

    /** How the memory runs out. */
    enum Shortage {
        ONCE(1, false),
        TWICE(2, false),
        /** Memory also runs out while the error is described. */
        UNPRINTABLE(1, true),
        UNPRINTABLE_FOR_EVER(Integer.MAX_VALUE, true);

        final int times;
        final boolean unprintable;

        Shortage(int times, boolean unprintable) {
            this.times = times;
            this.unprintable = unprintable;
        }

        Error error() {
            return unprintable ? new Unprintable() : new OutOfMemoryError("of a test");
        }
    }

    /** An error as with a full heap: building its text runs out of memory again. */
    private static final class Unprintable extends OutOfMemoryError {
        private static final long serialVersionUID = 1;

        @Override
        public String toString() {
            throw new OutOfMemoryError("of a test, second");
        }
    }

    static Stream<Arguments> storageCalls() {
        return Stream.of(Operation.values())
                .flatMap(operation -> Stream.of(Shortage.values()).map(how -> Arguments.of(operation, how)));
    }

    @ParameterizedTest
    @MethodSource("storageCalls")
    void memoryThatRunsOutInAStorageCallLeavesNoCallerWaiting(Operation operation, Shortage how) throws Exception {
        for (int n = 0; n < MOST_CALLS; n += 1 + n / 2) {
            int skipped = n;
            FaultStorage storage = new FaultStorage(new HeapStorage());
            Fault[] fault = new Fault[1];
            Life life = new Life(storage, small(storage).build());
            life.run(
                    operation + " " + n + " " + how,
                    () -> fault[0] =
                            storage.error(operation, how::error).after(skipped).times(how.times));
            if (fault[0].hits() == 0) {
                return;
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Shortage.class)
    void memoryThatRunsOutInTheWallClockLeavesNoCallerWaiting(Shortage how) throws Exception {
        everyCallOfAClock(how, (config, clock) -> config.wallClockNanos(clock));
    }

    @ParameterizedTest
    @EnumSource(Shortage.class)
    void memoryThatRunsOutInTheIntervalClockLeavesNoCallerWaiting(Shortage how) throws Exception {
        everyCallOfAClock(how, (config, clock) -> config.intervalClockNanos(clock));
    }

    private interface ClockSetting {
        WalConfig.Builder set(WalConfig.Builder config, LongSupplier clock);
    }

    private static void everyCallOfAClock(Shortage how, ClockSetting setting) throws Exception {
        for (int n = 0; n < MOST_CALLS; n += 1 + n / 2) {
            FaultStorage storage = new FaultStorage(new HeapStorage());
            AtomicInteger calls = new AtomicInteger(Integer.MIN_VALUE);
            int first = n;
            LongSupplier clock = () -> {
                if (Thread.currentThread().getName().startsWith("veloz-wal-")) {
                    int number = calls.getAndIncrement();
                    if (number >= first && number - first < how.times) {
                        throw how.error();
                    }
                }
                return System.nanoTime();
            };
            Life life = new Life(storage, setting.set(small(storage), clock).build());
            life.run("clock " + n + " " + how, () -> calls.set(0));
            if (calls.get() <= n) {
                return;
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Shortage.class)
    void memoryThatRunsOutInAListenerHarmsNoCaller(Shortage how) throws Exception {
        WalListener listener = new WalListener() {
            @Override
            public void onDurable(long sequence) {
                throw how.error();
            }

            @Override
            public void onRolled(SegmentReport segment) {
                throw how.error();
            }

            @Override
            public void onClosed() {
                throw how.error();
            }
        };
        FaultStorage storage = new FaultStorage(new HeapStorage());
        Life life = new Life(storage, small(storage).listener(listener).build());
        life.run("listener", () -> {});
        assertThat(life.failed).isFalse();
    }

    /** The caller of the append gets the error, and the log keeps working. */
    @Test
    void memoryThatRunsOutInAnAppendersClockHarmsThatAppendAlone() {
        HeapStorage heap = new HeapStorage();
        Thread appender = Thread.currentThread();
        AtomicInteger left = new AtomicInteger(Integer.MAX_VALUE);
        LongSupplier clock = () -> {
            // The threads of the log use it too.
            if (Thread.currentThread() == appender && left.decrementAndGet() == 0) {
                throw new OutOfMemoryError("of a test");
            }
            return 1;
        };
        int refused = 0;
        try (Wal wal = Wal.open(small(heap).wallClockNanos(clock).build())) {
            left.set(3);
            for (int i = 0; i < 5; i++) {
                try {
                    wal.append(1, payload("x"));
                } catch (OutOfMemoryError e) {
                    refused++;
                }
            }
        }
        assertThat(refused).isOne();
        assertThat(Records.of(heap)).hasSize(4);
    }

    /** One life of a log, with every operation. */
    private static final class Life {
        private static final int RECORDS = 30;

        private final FaultStorage storage;
        private final WalConfig config;
        private final SortedMap<Long, String> acked = new TreeMap<>();
        private final List<CompletableFuture<Long>> futures = new ArrayList<>();
        private boolean failed;

        Life(FaultStorage storage, WalConfig config) {
            this.storage = storage;
            this.config = config;
        }

        void run(String what, Runnable beginFaults) throws Exception {
            Wal wal = Wal.open(config);
            beginFaults.run();
            try {
                var ended = start(() -> {
                    work(wal);
                    close(wal);
                    return true;
                });
                ended.get(30, TimeUnit.SECONDS);
            } catch (TimeoutException | ExecutionException e) {
                throw new AssertionError(what + ": " + wal.stats(), e);
            }
            assertThat(futures).as(what).allMatch(CompletableFuture::isDone);
            storage.noMoreFaults();
            for (CompletableFuture<Long> future : futures) {
                if (!future.isCompletedExceptionally()) {
                    acked.put(future.join(), "async");
                }
            }
            try (Wal again = Wal.open(small(storage).build())) {
                SortedMap<Long, String> records = Records.of(storage);
                assertThat(records)
                        .as(what)
                        .containsAllEntriesOf(acked.tailMap(records.isEmpty() ? 1 : records.firstKey()));
                again.appendDurable(1, payload("after"));
            }
            assertThat(storage.openFiles()).as(what).isZero();
        }

        private void work(Wal wal) {
            try {
                for (int i = 0; i < RECORDS; i++) {
                    futures.add(wal.appendAsync(1, payload("async")));
                    String text = "durable " + kilobyte(i);
                    acked.put(wal.appendDurable(1, payload(text)), text);
                    if (i == 10 || i == 15) {
                        wal.writeCheckpoint(5, out -> out.write(new byte[10]));
                    }
                    if (i == 20) {
                        wal.roll();
                        wal.trim(1);
                    }
                }
            } catch (WalException | UncheckedIOException | IllegalStateException | OutOfMemoryError e) {
                failed = true;
            }
        }

        private void close(Wal wal) {
            for (int attempt = 0; attempt < 3; attempt++) {
                try {
                    wal.close();
                    return;
                } catch (WalFailedException e) {
                    failed = true;
                    return;
                } catch (OutOfMemoryError e) {
                    failed = true;
                }
            }
        }
    }
}
