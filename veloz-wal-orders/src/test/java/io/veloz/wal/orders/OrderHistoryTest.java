package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Durability;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.TrimGuard;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalReader;
import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many threads append to one order log in all ways, concurrently with checkpoints, trims, slow forces, slow callbacks,
 * interrupts, and a force that fails. At the end, the log, the store and the futures must agree on one order of events.
 *
 * <p>{@code -Dwal.orderlog.seconds=600 -Dwal.orderlog.threads=200 -Dwal.seed=1} for a long run.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class OrderHistoryTest {
    private static final long SECONDS = Long.getLong("wal.orderlog.seconds", 1);
    private static final int[] THREADS = Integer.getInteger("wal.orderlog.threads") == null
            ? new int[] {1, 16, 200, 1000}
            : new int[] {Integer.getInteger("wal.orderlog.threads")};
    private static final long STUCK_AFTER_NANOS = Duration.ofSeconds(60).toNanos();

    private final AtomicLong events = new AtomicLong();
    private final AtomicLong futures = new AtomicLong();
    private final AtomicLong checkpoints = new AtomicLong();
    private final AtomicLong forces = new AtomicLong();

    @Test
    void logStoreAndFuturesAgreeOnOneOrder() throws Exception {
        long seed = Long.getLong("wal.seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
        int rounds = 0;
        do {
            for (int threads : THREADS) {
                for (Durability durability : Durability.values()) {
                    boolean failing = random.nextInt(3) == 0;
                    new Round(threads, durability, failing, random.nextLong()).run();
                    rounds++;
                }
            }
        } while (System.nanoTime() < end);
        System.out.println(rounds + " rounds, " + events + " events, " + futures + " futures, " + checkpoints
                + " checkpoints, " + forces + " forces");
    }

    /** One run of a log, from open to close. */
    private final class Round {
        private final int threads;
        private final Durability durability;
        private final long seed;
        private final int eventsPerThread;
        private final boolean slowForces;
        private final boolean slowCallbacks;
        private final HeapStorage heap = new HeapStorage();
        private final FaultStorage storage = new FaultStorage(heap);
        private final FaultStorage.@Nullable Fault disk;
        private final OrderLogConfig config;

        /** The sequence of each event that an append or a future returned. */
        private final Map<String, Long> given = new HashMap<>();

        private final ConcurrentLinkedQueue<Throwable> wrong = new ConcurrentLinkedQueue<>();
        private final AtomicLong lastCompleted = new AtomicLong();
        private final AtomicLong read = new AtomicLong();
        private volatile boolean appended;
        private volatile long endOfLog = Long.MAX_VALUE;

        Round(int threads, Durability durability, boolean failing, long seed) {
            Random random = new Random(seed);
            this.threads = threads;
            this.durability = durability;
            this.seed = seed;
            this.slowForces = random.nextBoolean();
            this.slowCallbacks = random.nextBoolean();
            boolean relaxed = durability == Durability.LOSE_UNFORCED;
            this.eventsPerThread = threads == 1 ? (relaxed ? 150_000 : 500) : Math.max(8, 5_000 / threads);
            int[] limits = {threads == 1 ? 500 : 16, 1_000, 64 * 1024};
            config = OrderLogConfig.builder(WalConfig.builder(storage)
                            .segmentBytes(256 * 1024)
                            .maxBatchBytes(16 * 1024)
                            .bufferBytes(64 * 1024)
                            .durability(durability)
                            .forceInterval(Duration.ofMillis(20))
                            .build())
                    .keepSegments(0)
                    .checkpointInterval(Duration.ZERO)
                    .maxPendingEvents(limits[random.nextInt(limits.length)])
                    .build();
            storage.before(Operation.FORCE, () -> {
                forces.incrementAndGet();
                if (slowForces) {
                    LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(200) == 0 ? 30_000_000 : 200_000);
                }
            });
            if (failing) {
                disk = storage.fail(Operation.FORCE, () -> new IOException("the disk failed"))
                        .on(name -> !name.contains("checkpoint"))
                        .after(5 + random.nextInt(60));
            } else {
                disk = null;
            }
        }

        void run() throws Exception {
            OrderLog log = OrderLog.open(config);
            log.wal().addTrimGuard(new TrimGuard() {
                @Override
                public String name() {
                    return "the reader of the test";
                }

                @Override
                public long releasedThrough() {
                    return read.get();
                }
            });
            List<Appender> appenders = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                appenders.add(new Appender(log, i));
            }
            List<String> inLog = new ArrayList<>();
            Map<String, Long> sequences = new HashMap<>();
            Thread reader = start("reader", () -> readAll(log, inLog, sequences));
            Thread keeper = start("checkpoints", () -> checkpointAndTrim(log));
            List<Thread> running = new ArrayList<>();
            for (Appender appender : appenders) {
                running.add(start("appender " + appender.number, appender::run));
            }
            join(running);
            appended = true;
            join(List.of(keeper));
            boolean failed = close(log);
            endOfLog = log.wal().durableSequence();
            join(List.of(reader));
            if (disk != null) {
                // It may not have failed yet, and the next open is of a good disk.
                disk.end();
            }
            check(log, appenders, inLog, sequences, failed);
        }

        private Thread start(String name, Task task) {
            Thread thread = new Thread(
                    () -> {
                        try {
                            task.run();
                        } catch (WalFailedException e) {
                            // Expected in rounds in which a force fails.
                        } catch (Throwable t) {
                            wrong.add(t);
                        }
                    },
                    name);
            thread.setDaemon(true);
            thread.start();
            return thread;
        }

        private void checkpointAndTrim(OrderLog log) {
            while (!appended) {
                // Two concurrent checkpoints: they must not be written in the wrong order.
                Thread other = start("other checkpoint", log::checkpoint);
                log.checkpoint();
                log.trim();
                checkpoints.incrementAndGet();
                try {
                    other.join();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                LockSupport.parkNanos(20_000_000);
            }
        }

        private void readAll(OrderLog log, List<String> inLog, Map<String, Long> sequences) {
            OrderCodec codec = new OrderCodec();
            try (WalReader reader = log.wal().reader(ReadOptions.of(log.wal().config()))) {
                while (read.get() < endOfLog) {
                    if (reader.next(Duration.ofMillis(5))) {
                        if (reader.type() == OrderCodec.ORDER_NEW
                                && codec.decode(reader.type(), reader.payload()) instanceof OrderNew placed) {
                            inLog.add(placed.clientOrderId());
                            sequences.put(placed.clientOrderId(), reader.sequence());
                        }
                        read.set(reader.sequence());
                    }
                }
            }
        }

        private boolean close(OrderLog log) throws Exception {
            CompletableFuture<Boolean> failed = new CompletableFuture<>();
            Thread closing = start("close", () -> {
                try {
                    log.close();
                    failed.complete(false);
                } catch (WalFailedException e) {
                    failed.complete(true);
                }
            });
            join(List.of(closing));
            return failed.get(0, TimeUnit.SECONDS);
        }

        private void check(
                OrderLog log, List<Appender> appenders, List<String> inLog, Map<String, Long> sequences, boolean failed)
                throws Exception {
            assertThat(wrong).as("seed %s", seed).isEmpty();
            List<String> inStore =
                    log.store().orders().stream().map(OrderState::clientOrderId).toList();
            assertThat(inStore.equals(inLog))
                    .as("%s threads, %s, seed %s: the store applied events in log order", threads, durability, seed)
                    .isTrue();
            for (Appender appender : appenders) {
                appender.check(sequences, failed);
                given.putAll(appender.given);
            }
            given.forEach((id, sequence) -> {
                if (!failed || sequences.containsKey(id)) {
                    assertThat(sequences.get(id)).as(id).isEqualTo(sequence);
                }
            });
            if (!failed) {
                assertThat(inLog).as("every event").hasSize(given.size());
                try (OrderLog again = OrderLog.open(config)) {
                    assertThat(again.store().orders().equals(log.store().orders()))
                            .as("the next open restores the same orders")
                            .isTrue();
                }
            }
            events.addAndGet(inLog.size());
        }

        private void join(List<Thread> threads) throws InterruptedException {
            long deadline = System.nanoTime() + STUCK_AFTER_NANOS;
            for (Thread thread : threads) {
                TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1_000_000, deadline - System.nanoTime()));
                if (thread.isAlive()) {
                    Thread.getAllStackTraces().forEach((stuck, stack) -> {
                        System.out.println(stuck);
                        for (StackTraceElement element : stack) {
                            System.out.println("    " + element);
                        }
                    });
                    throw new AssertionError(thread + " hangs; " + this.threads + " threads, " + durability + ", seed "
                            + seed + ", failures " + wrong);
                }
            }
        }

        /** Appends in all ways, and remembers the returned sequences and futures. */
        private final class Appender {
            private final OrderLog log;
            private final int number;
            private final Random random;
            private final Map<String, Long> given = new HashMap<>();
            private final Map<String, CompletableFuture<Long>> pending = new HashMap<>();
            private int made;

            Appender(OrderLog log, int number) {
                this.log = log;
                this.number = number;
                this.random = new Random(seed + number);
            }

            void run() {
                // A single thread would spend all its time waiting for forces.
                int waiting = threads == 1 && durability == Durability.LOSE_UNFORCED ? 1000 : 8;
                while (made < eventsPerThread) {
                    boolean interrupted = random.nextInt(50) == 0;
                    if (interrupted) {
                        Thread.currentThread().interrupt();
                    }
                    appendSome(random.nextInt(waiting));
                    assertThat(Thread.interrupted())
                            .as("the interrupt of the caller")
                            .isEqualTo(interrupted);
                }
            }

            private void appendSome(int way) {
                switch (way) {
                    case 0 -> {
                        OrderNew event = next();
                        long sequence = log.appendDurable(event);
                        assertThat(log.store().get(event.clientOrderId())).isPresent();
                        given.put(event.clientOrderId(), sequence);
                    }
                    case 1 -> {
                        List<OrderNew> group = new ArrayList<>();
                        for (int i = random.nextInt(12); i >= 0; i--) {
                            group.add(next());
                        }
                        long sequence = log.appendDurable(group) - group.size();
                        for (OrderNew event : group) {
                            given.put(event.clientOrderId(), ++sequence);
                        }
                    }
                    case 2, 3, 4 -> {
                        OrderNew event = next();
                        CompletableFuture<Long> future = log.appendAsync(event);
                        var unused = future.thenAccept(this::completed);
                        pending.put(event.clientOrderId(), future);
                        futures.incrementAndGet();
                    }
                    default -> {
                        OrderNew event = next();
                        given.put(event.clientOrderId(), log.append(event));
                    }
                }
            }

            private OrderNew next() {
                return OrderNew.market(number + "-" + made++, "BTCUSDT", Side.BUY, 1);
            }

            private void completed(long sequence) {
                if (Thread.currentThread().getName().startsWith("appender")) {
                    // The future was complete before this stage was attached to it.
                    return;
                }
                long before = lastCompleted.getAndSet(sequence);
                if (before >= sequence) {
                    wrong.add(new AssertionError("future of " + sequence + " after that of " + before));
                }
                if (slowCallbacks && sequence % 1000 == 0) {
                    LockSupport.parkNanos(2_000_000);
                }
            }

            void check(Map<String, Long> sequences, boolean failed) throws Exception {
                for (Map.Entry<String, CompletableFuture<Long>> entry : pending.entrySet()) {
                    CompletableFuture<Long> future = entry.getValue();
                    assertThat(future.isDone())
                            .as("%s threads, %s, seed %s: future of %s", threads, durability, seed, entry.getKey())
                            .isTrue();
                    try {
                        given.put(entry.getKey(), future.join());
                        assertThat(sequences).containsKey(entry.getKey());
                    } catch (CompletionException e) {
                        assertThat(failed).as("%s", e).isTrue();
                        assertThat(e).hasCauseInstanceOf(WalFailedException.class);
                        assertThat(sequences).doesNotContainKey(entry.getKey());
                    }
                }
            }
        }
    }

    private interface Task {
        void run();
    }
}
