package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Durability;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.TrimGuard;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class OrderLogLivenessTest {
    private static final int APPENDS = 20_000;

    private static OrderNew order(String id) {
        return OrderNew.market(id, "BTCUSDT", Side.BUY, 1);
    }

    private static WalConfig.Builder wal() {
        return Logs.small(new HeapStorage()).bufferBytes(1024 * 1024).segmentBytes(16 * 1024 * 1024);
    }

    private static OrderLogConfig.Builder withoutTimer(WalConfig.Builder wal) {
        return OrderLogConfig.builder(wal.build()).checkpointInterval(Duration.ZERO);
    }

    /** Busy processors preempt the appender between the append to the log and the append to the queue. */
    @Test
    void futureCompletesThoughItsEventIsQueuedAfterTheForce() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
            Thread busy = new Thread(() -> {
                while (!stop.get()) {
                    Thread.onSpinWait();
                }
            });
            busy.setDaemon(true);
            busy.start();
        }
        try (OrderLog log =
                OrderLog.open(withoutTimer(wal()).checkpointEveryRecords(0).build())) {
            for (int i = 0; i < APPENDS; i++) {
                assertThat(log.appendAsync(order("o" + i % 100)).get(20, TimeUnit.SECONDS))
                        .isEqualTo(i + 1);
            }
        } finally {
            stop.set(true);
        }
    }

    @Test
    void closeInACallbackIsRejectedAndStopsNothing() throws Exception {
        FaultStorage storage = new FaultStorage(new HeapStorage());
        CountDownLatch checkpoint = new CountDownLatch(1);
        OrderLog log = OrderLog.open(
                withoutTimer(Logs.small(storage)).checkpointEveryRecords(10).build());
        log.wal().addTrimGuard(guard(checkpoint::countDown));
        FaultStorage.Hold hold = storage.hold(FaultStorage.Operation.FORCE, name -> true);
        CompletableFuture<Void> close = log.appendAsync(order("a")).thenRun(log::close);
        hold.release();
        assertThatThrownBy(() -> close.get(30, TimeUnit.SECONDS)).hasCauseInstanceOf(IllegalStateException.class);
        for (int i = 0; i < 50; i++) {
            log.appendDurable(order("b" + i));
        }
        assertThat(checkpoint.await(60, TimeUnit.SECONDS)).isTrue();
        log.close();
    }

    @Test
    void errorOfATrimGuardDoesNotEndTheCheckpoints() throws Exception {
        CountDownLatch calls = new CountDownLatch(2);
        try (OrderLog log =
                OrderLog.open(withoutTimer(wal()).checkpointEveryRecords(10).build())) {
            log.wal().addTrimGuard(guard(() -> {
                calls.countDown();
                if (calls.getCount() == 1) {
                    throw new NoClassDefFoundError("of the guard");
                }
            }));
            for (int i = 0; calls.getCount() > 0; i++) {
                log.appendDurable(order("b" + i % 100));
            }
        }
    }

    private static TrimGuard guard(Runnable called) {
        return new TrimGuard() {
            @Override
            public String name() {
                return "test";
            }

            @Override
            public long releasedThrough() {
                called.run();
                return 0;
            }
        };
    }

    @Test
    void closeInAListenerOfFindingsIsRejected() {
        AtomicReference<OrderLog> log = new AtomicReference<>();
        AtomicReference<Throwable> got = new AtomicReference<>();
        log.set(OrderLog.open(OrderLogConfig.builder(wal().build())
                .onFinding(finding -> {
                    try {
                        log.get().close();
                    } catch (IllegalStateException e) {
                        got.set(e);
                    }
                })
                .build()));
        log.get().appendDurable(OrderFill.of("x", "S", 1, 1, 1));
        log.get().appendDurable(OrderFill.of("x", "S", 1, 1, 1));
        assertThat(got.get()).isInstanceOf(IllegalStateException.class);
        log.get().close();
    }

    @Test
    void waitForAFutureInACallbackIsRejected() {
        FaultStorage storage = new FaultStorage(new HeapStorage());
        try (OrderLog log = OrderLog.open(withoutTimer(Logs.small(storage)).build())) {
            // The callback is registered before the future completes, so that it runs on the notifier thread.
            FaultStorage.Hold hold = storage.hold(FaultStorage.Operation.FORCE, name -> true);
            CompletableFuture<Long> waits = log.appendAsync(order("a"))
                    .thenApply(sequence -> log.appendAsync(order("b")).join());
            CompletableFuture<Long> composes = waits.exceptionallyCompose(rejected -> log.appendAsync(order("c")));
            hold.release();
            assertThat(composes.orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo(3);
            assertThatThrownBy(waits::join).hasCauseInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void stackOverflowDoesNotHangAnyAppender() throws Exception {
        for (int run = 0; run < 8; run++) {
            OrderLog log = OrderLog.open(withoutTimer(wal().closeTimeout(Duration.ofSeconds(10)))
                    .checkpointEveryRecords(0)
                    .build());
            List<CompletableFuture<Long>> futures = new ArrayList<>(20_000);
            // A class whose initialization fails with a StackOverflowError is unusable for the rest of this JVM.
            assertThat(log.appendAsync(order("d")).join()).isEqualTo(1);
            assertThat(log.appendDurable(order("d"))).isEqualTo(2);
            int[] calls = new int[1];
            Thread deep = new Thread(null, () -> appendNearStackOverflow(log, futures, calls), "deep", 256 * 1024);
            deep.start();
            deep.join();
            boolean failed = isFailed(log);
            try {
                log.close();
            } catch (WalFailedException e) {
                // An append that lost its claim through a StackOverflowError has failed the log.
            }
            assertThat(calls[0]).isGreaterThan(100);
            assertThat(futures).allMatch(CompletableFuture::isDone);
            // Unless the log has failed, no event of the log is missing in the store.
            assertThat(failed || log.store().appliedSequence() == log.wal().durableSequence())
                    .isTrue();
        }
    }

    private static boolean isFailed(OrderLog log) {
        try {
            log.appendDurable(order("d"));
            return false;
        } catch (WalFailedException e) {
            return true;
        }
    }

    private static void appendNearStackOverflow(OrderLog log, List<CompletableFuture<Long>> futures, int[] calls) {
        try {
            appendNearStackOverflow(log, futures, calls);
        } catch (StackOverflowError e) {
            // Each returning frame appends with a little more stack.
        }
        if (calls[0] == 3_000) {
            return;
        }
        try {
            calls[0]++;
            if (calls[0] % 2 == 0) {
                futures.add(log.appendAsync(order("d")));
            } else {
                log.appendDurable(order("d"));
            }
        } catch (StackOverflowError | LinkageError | WalException e) {
            // Not appended, or unknown. A class that is linked first at the end of the stack is a LinkageError.
        }
    }

    @Test
    void eventThatCannotBeAppliedFailsItsFutureAndEachLaterAppend() {
        OrderApplier applier = new OrderApplier(100, Duration.ofSeconds(10));
        try (Wal wal = Wal.open(wal().build())) {
            OrderStore store = new OrderStore();
            applier.start(wal, store);
            OrderCodec codec = new OrderCodec();
            OrderApplier.Pending bad = new OrderApplier.Pending(1, null, new CompletableFuture<>());
            long sequence = applier.append(record(codec), Durability.LOSE_NOTHING, bad);
            wal.awaitDurable(sequence);
            assertThatThrownBy(() -> applier.applyUpTo(sequence)).isInstanceOf(WalFailedException.class);
            OrderApplier.Pending next = new OrderApplier.Pending(2, order("a"), null);
            assertThatThrownBy(() -> applier.append(record(codec), Durability.LOSE_NOTHING, next))
                    .isInstanceOf(WalFailedException.class)
                    .hasMessageContaining("could not be applied");
            assertThat(wal.lastSequence()).isEqualTo(sequence);
            assertThat(store.appliedSequence()).isZero();
        }
    }

    private static RecordGroup record(OrderCodec codec) {
        RecordGroup group = new RecordGroup();
        group.add(order("a").recordType(), 1, codec.encode(order("a")));
        return group;
    }
}
