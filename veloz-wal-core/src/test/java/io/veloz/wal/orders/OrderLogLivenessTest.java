package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.TrimGuard;
import io.veloz.wal.WalConfig;
import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import java.time.Duration;
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

    /** Busy processors stop the appender between the append and its entry in the queue. */
    @Test
    void futureCompletesThoughItsEntryIsQueuedAfterTheForce() throws Exception {
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
    void closeInACallbackIsRefusedAndStopsNothing() throws Exception {
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
            public long neededNoLongerUpTo() {
                called.run();
                return 0;
            }
        };
    }

    @Test
    void closeInAListenerOfFindingsIsRefused() {
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
}
