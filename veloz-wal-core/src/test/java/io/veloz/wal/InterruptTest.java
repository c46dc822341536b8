package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Logs.start;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Hold;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.Records;
import io.veloz.wal.storage.DiskStorage;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class InterruptTest {
    @TempDir
    Path directory;

    @AfterEach
    void clearInterrupt() {
        var unused = Thread.interrupted();
    }

    private WalConfig.Builder config() {
        return small(DiskStorage.createOrOpen(directory));
    }

    @Test
    void interruptedCallerCanCallEverythingAndStaysInterrupted() throws Exception {
        Thread.currentThread().interrupt();
        Path fresh = directory.resolve("a").resolve("b");
        try (Wal wal = Wal.open(small(DiskStorage.createOrOpen(fresh)).build())) {
            wal.append(1, payload("a"));
            wal.appendDurable(1, payload("b"));
            CompletableFuture<Long> future = wal.appendAsync(1, payload("c"));
            wal.awaitDurable(3);
            assertThat(future.join()).isEqualTo(3);
            wal.sync();
            wal.roll();
            wal.writeCheckpoint(3, out -> out.write(1));
            wal.writeCheckpoint(3, out -> out.write(1));
            assertThat(wal.newestCheckpoint()).isPresent();
            wal.append(1, payload("d"));
            wal.roll();
            assertThat(wal.trim(0).firstSequence()).isEqualTo(4);
            try (WalReader reader = wal.reader()) {
                assertThat(reader.next()).isTrue();
                assertThat(reader.next()).isFalse();
                assertThat(reader.next(Duration.ofHours(1))).isFalse();
            }
            try (WalReader reader = WalReader.open(ReadOptions.of(fresh))) {
                assertThat(reader.next()).isTrue();
            }
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        }
        assertThat(Thread.interrupted()).isTrue();
        Wal.open(fresh).close();
    }

    @Test
    void interruptWhileWaitingNeitherEndsTheWaitNorHarmsTheLog() throws Exception {
        FaultStorage storage = new FaultStorage(DiskStorage.createOrOpen(directory));
        try (Wal wal = Wal.open(small(storage).build())) {
            wal.appendDurable(1, payload("a"));
            Logs.await(
                    "prepared",
                    () -> directory.resolve(".orders_prepared.wal").toFile().exists());
            Hold force = storage.hold(Operation.FORCE, name -> true);
            AtomicBoolean kept = new AtomicBoolean();
            Thread waiter = new Thread(() -> {
                wal.appendDurable(1, payload("b"));
                kept.set(Thread.currentThread().isInterrupted());
            });
            waiter.start();
            force.awaitEntered();
            for (int i = 0; i < 100; i++) {
                waiter.interrupt();
            }
            assertThat(wal.durableSequence()).isEqualTo(1);
            assertThat(waiter.isAlive()).isTrue();
            force.release();
            waiter.join();

            assertThat(kept).isTrue();
            assertThat(wal.appendDurable(1, payload("c"))).isEqualTo(3);
        }
        assertThat(Records.of(ReadOptions.of(directory)).values()).containsExactly("a", "b", "c");
    }

    @Test
    void shutdownNowOfManyAppendersLeavesTheLogSound() throws Exception {
        List<Future<Integer>> counts = new ArrayList<>();
        int all = 0;
        try (Wal wal = Wal.open(config().build())) {
            ExecutorService pool = Executors.newFixedThreadPool(8);
            for (int i = 0; i < 8; i++) {
                counts.add(pool.submit(() -> {
                    int count = 0;
                    while (!Thread.currentThread().isInterrupted()) {
                        wal.appendDurable(1, payload("x"));
                        count++;
                    }
                    return count;
                }));
            }
            wal.awaitDurable(wal.appendDurable(1, payload("first")));
            Logs.await("all append", () -> wal.durableSequence() > 200);
            pool.shutdownNow();
            assertThat(pool.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
            for (Future<Integer> count : counts) {
                all += count.get();
            }
            assertThat(wal.appendDurable(1, payload("after"))).isEqualTo(all + 2);
        }
        assertThat(Records.of(ReadOptions.of(directory))).hasSize(all + 2);
    }

    @Test
    void cancelledFutureTakesNoRecordBackAndHoldsUpNoOther() throws Exception {
        FaultStorage storage = new FaultStorage(DiskStorage.createOrOpen(directory));
        try (Wal wal = Wal.open(small(storage).build())) {
            wal.appendDurable(1, payload("a"));
            Logs.await(
                    "prepared",
                    () -> directory.resolve(".orders_prepared.wal").toFile().exists());
            Hold force = storage.hold(Operation.FORCE, name -> true);
            CompletableFuture<Long> cancelled = wal.appendAsync(1, payload("b"));
            CompletableFuture<Long> other = wal.appendAsync(1, payload("c"));
            assertThat(cancelled.cancel(true)).isTrue();
            force.release();

            assertThat(other.get(30, TimeUnit.SECONDS)).isEqualTo(3);
        }
        assertThat(Records.of(ReadOptions.of(directory)).values()).containsExactly("a", "b", "c");
    }

    @Test
    void virtualThreadsAppendAndSurviveInterrupts() throws Exception {
        Method startVirtual;
        try {
            startVirtual = Thread.class.getMethod("startVirtualThread", Runnable.class);
        } catch (NoSuchMethodException e) {
            Assumptions.abort("this JDK has no virtual threads");
            return;
        }
        int threads = 500;
        try (Wal wal = Wal.open(config().build())) {
            List<Thread> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                boolean interrupt = i % 2 == 0;
                all.add((Thread) startVirtual.invoke(null, (Runnable) () -> {
                    if (interrupt) {
                        Thread.currentThread().interrupt();
                    }
                    wal.appendDurable(1, payload("x"));
                    wal.sync();
                    assertThat(Thread.currentThread().isInterrupted()).isEqualTo(interrupt);
                    wal.append(1, payload("y"));
                }));
            }
            for (Thread thread : all) {
                thread.join();
            }
            assertThat(wal.lastSequence()).isEqualTo(2L * threads);
        }
        assertThat(Records.of(ReadOptions.of(directory))).hasSize(2 * threads);
    }

    @Test
    void readerIsInterruptedWhileItWaits() throws Exception {
        try (Wal wal = Wal.open(config().build());
                WalReader reader = wal.reader()) {
            Thread[] thread = new Thread[1];
            CompletableFuture<Boolean> waiting = start(() -> {
                thread[0] = Thread.currentThread();
                boolean found = reader.next(Duration.ofHours(1));
                return found || !Thread.currentThread().isInterrupted();
            });
            Logs.await("waits", () -> thread[0] != null);
            thread[0].interrupt();
            assertThat(waiting.get(30, TimeUnit.SECONDS)).isFalse();

            wal.appendDurable(1, payload("a"));
            assertThat(reader.next()).isTrue();
        }
    }
}
