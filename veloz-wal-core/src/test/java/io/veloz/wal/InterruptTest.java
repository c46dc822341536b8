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
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class InterruptTest {
    private static final int INTERRUPTS = 10_000 * Integer.getInteger("wal.rounds", 1);

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
    void cancelledFutureRemovesNoRecordAndDelaysNoOther() throws Exception {
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
        ThreadStarter starter = virtualThreads();
        int threads = 500;
        try (Wal wal = Wal.open(config().build())) {
            List<Thread> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                boolean interrupt = i % 2 == 0;
                all.add(starter.start(() -> {
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

    /** Sends each interrupt when the thread has seen the previous one, so that a swallowed interrupt stops the count. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void tenThousandInterruptsHarmNothingAndStayPending(boolean virtual) throws Exception {
        ThreadStarter starter = virtual ? virtualThreads() : InterruptTest::platformThread;
        AtomicBoolean over = new AtomicBoolean();
        List<Interrupted> workers = new ArrayList<>();
        List<CompletableFuture<Long>> appended = new ArrayList<>();
        List<CompletableFuture<Long>> read = new ArrayList<>();
        long records = 0;
        try (Wal wal = Wal.open(config().build())) {
            for (Interrupted.Work work : appends(wal)) {
                Interrupted worker = new Interrupted(starter, over, work);
                workers.add(worker);
                appended.add(worker.done);
            }
            for (int i = 0; i < 2; i++) {
                WalReader reader = wal.reader();
                long[] expected = {1};
                Interrupted worker = new Interrupted(starter, over, () -> {
                    if (!reader.next(Duration.ofMillis(1))) {
                        return false;
                    }
                    assertThat(reader.sequence()).isEqualTo(expected[0]++);
                    return true;
                });
                workers.add(worker);
                read.add(worker.done);
            }
            long sent = 0;
            while (sent < INTERRUPTS) {
                for (Interrupted worker : workers) {
                    assertThat(worker.done).isNotCompletedExceptionally();
                    sent += worker.interruptAgain() ? 1 : 0;
                }
                Thread.yield();
            }
            for (Interrupted worker : workers) {
                Logs.await("every interrupt is seen", worker::hasSeenAll);
            }
            over.set(true);
            for (CompletableFuture<Long> appends : appended) {
                records += appends.get(60, TimeUnit.SECONDS);
            }
            for (CompletableFuture<Long> reads : read) {
                assertThat(reads.get(60, TimeUnit.SECONDS)).isPositive();
            }
            assertThat(wal.appendDurable(1, payload("after"))).isEqualTo(records + 1);
        }
        SortedMap<Long, String> left = Records.of(ReadOptions.of(directory));
        assertThat(left.lastKey()).isEqualTo(records + 1);
        assertThat(left.size()).isEqualTo(records + 1);
    }

    private static List<Interrupted.Work> appends(Wal wal) {
        return List.of(
                () -> wal.appendDurable(1, payload("durable")) > 0,
                () -> wal.append(1, payload("relaxed"), Durability.LOSE_UNFORCED) > 0,
                () -> {
                    // Not get(): it is a wait of the caller, which an interrupt ends.
                    long sequence = wal.append(1, payload("awaited"));
                    wal.awaitDurable(sequence);
                    return true;
                },
                () -> {
                    long sequence = wal.append(1, payload("synced"), Durability.LOSE_LAST_INTERVAL);
                    wal.sync();
                    assertThat(wal.durableSequence()).isGreaterThanOrEqualTo(sequence);
                    return true;
                },
                () -> wal.appendAsync(1, payload("future")).join() > 0);
    }

    /** A thread that is interrupted while it works. */
    private static final class Interrupted {
        /** Work that returns whether there was something to do. */
        interface Work {
            boolean once();
        }

        /** How often there was something to do. */
        final CompletableFuture<Long> done = new CompletableFuture<>();

        private final AtomicLong seen = new AtomicLong();
        private final Thread thread;
        private long sent;

        Interrupted(ThreadStarter starter, AtomicBoolean over, Work work) throws Exception {
            thread = starter.start(() -> {
                long count = 0;
                try {
                    while (!over.get()) {
                        count += work.once() ? 1 : 0;
                        if (Thread.interrupted()) {
                            seen.incrementAndGet();
                        }
                    }
                    done.complete(count);
                } catch (Throwable t) {
                    done.completeExceptionally(t);
                }
            });
        }

        boolean hasSeenAll() {
            return seen.get() == sent || done.isCompletedExceptionally();
        }

        boolean interruptAgain() {
            if (seen.get() < sent) {
                return false;
            }
            sent++;
            thread.interrupt();
            return true;
        }
    }

    private interface ThreadStarter {
        Thread start(Runnable task) throws Exception;
    }

    private static Thread platformThread(Runnable task) {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Returns a starter of virtual threads, with JDK 21 or later. */
    private static ThreadStarter virtualThreads() {
        try {
            Method startVirtual = Thread.class.getMethod("startVirtualThread", Runnable.class);
            return task -> (Thread) startVirtual.invoke(null, task);
        } catch (NoSuchMethodException e) {
            return Assumptions.abort("this JDK has no virtual threads");
        }
    }

    @Test
    void cancelledTasksLeaveTheLogSound() throws Exception {
        AtomicLong appended = new AtomicLong();
        try (Wal wal = Wal.open(config().build())) {
            ExecutorService pool = Executors.newFixedThreadPool(4);
            try {
                for (int round = 0; round < 200; round++) {
                    long before = appended.get();
                    List<Future<?>> tasks = new ArrayList<>();
                    for (int i = 0; i < 4; i++) {
                        tasks.add(pool.submit(() -> {
                            while (!Thread.currentThread().isInterrupted()) {
                                wal.appendDurable(1, payload("x"));
                                appended.incrementAndGet();
                            }
                        }));
                    }
                    Logs.await("a thread appends", () -> appended.get() > before);
                    for (Future<?> task : tasks) {
                        assertThat(task.cancel(true)).isTrue();
                    }
                }
            } finally {
                pool.shutdownNow();
                assertThat(pool.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
            }
            assertThat(wal.appendDurable(1, payload("after"))).isEqualTo(appended.get() + 1);
        }
        assertThat(Records.of(ReadOptions.of(directory)).size()).isEqualTo((int) appended.get() + 1);
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
