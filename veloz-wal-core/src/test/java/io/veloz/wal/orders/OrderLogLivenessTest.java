package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.*;
import io.veloz.wal.fault.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OrderLogLivenessTest {
    private static OrderNew order(String id) {
        return OrderNew.market(id, "BTCUSDT", Side.BUY, 1);
    }

    private static WalConfig.Builder wal() {
        return Logs.small(new HeapStorage()).bufferBytes(1024 * 1024).segmentBytes(16 * 1024 * 1024);
    }

    @Test
    void asyncFutureCompletesThoughItsEntryIsQueuedAfterTheForce() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        for (int t = 0; t < 2; t++) {
            Thread s = new Thread(() -> { while (!stop.get()) { Thread.onSpinWait(); } });
            s.setDaemon(true);
            s.start();
        }
        OrderLog log = OrderLog.open(OrderLogConfig.builder(wal().build()).checkpointInterval(Duration.ZERO).checkpointEveryRecords(0).build());
        long end = System.nanoTime() + 3_000_000_000L;
        long n = 0;
        try {
            while (System.nanoTime() - end < 0) {
                CompletableFuture<Long> f = log.appendAsync(order("o" + n++ % 100));
                try {
                    f.get(5, TimeUnit.SECONDS);
                } catch (TimeoutException e) {
                    throw new AssertionError("HANG at " + n + ": durable " + log.wal().durableSequence() + ", applied " + log.store().appliedSequence());
                }
            }
            System.err.println("no hang in " + n);
        } finally {
            stop.set(true);
            log.close();
        }
    }

    @Test
    void refusedCloseInACallbackLeavesTheCheckpointThread() throws Exception {
        FaultStorage storage = new FaultStorage(new HeapStorage());
        OrderLog log = OrderLog.open(OrderLogConfig.builder(Logs.small(storage).build()).checkpointInterval(Duration.ZERO).checkpointEveryRecords(10).build());
        FaultStorage.Hold hold = storage.hold(FaultStorage.Operation.FORCE, name -> true);
        CompletableFuture<Void> c = log.appendAsync(order("a")).thenRun(log::close);
        hold.release();
        assertThatThrownBy(() -> c.get(30, TimeUnit.SECONDS)).hasCauseInstanceOf(IllegalStateException.class);
        for (int i = 0; i < 50; i++) log.appendDurable(order("b" + i));
        long end = System.nanoTime() + 3_000_000_000L;
        while (log.wal().newestCheckpoint().isEmpty() && System.nanoTime() - end < 0) Thread.sleep(20);
        assertThat(log.wal().newestCheckpoint()).isPresent();
        log.close();
    }

    @Test
    void errorOfATrimGuardLeavesTheCheckpointThread() throws Exception {
        OrderLog log = OrderLog.open(OrderLogConfig.builder(wal().build()).checkpointInterval(Duration.ZERO).checkpointEveryRecords(10).build());
        AtomicInteger calls = new AtomicInteger();
        log.wal().addTrimGuard(new TrimGuard() {
            public String name() { return "g"; }
            public long neededNoLongerUpTo() { if (calls.incrementAndGet() == 1) throw new NoClassDefFoundError("once"); return 0; }
        });
        for (int i = 0; i < 200; i++) { log.appendDurable(order("b" + i)); Thread.sleep(2); }
        long end = System.nanoTime() + 3_000_000_000L;
        while (calls.get() < 2 && System.nanoTime() - end < 0) { log.appendDurable(order("c" + end)); Thread.sleep(20); }
        assertThat(calls.get()).isGreaterThan(1);
        log.close();
    }

    @Test
    @Timeout(20)
    void closeInAListenerOfFindingsIsRefused() throws Exception {
        AtomicReference<OrderLog> ref = new AtomicReference<>();
        AtomicReference<Throwable> got = new AtomicReference<>();
        OrderLog log = OrderLog.open(OrderLogConfig.builder(wal().closeTimeout(Duration.ofSeconds(3)).build()).onFinding(f -> {
            try { ref.get().close(); } catch (Throwable t) { got.set(t); }
        }).build());
        ref.set(log);
        log.appendDurable(OrderFill.of("x", "S", 1, 1, 1));
        log.appendDurable(OrderFill.of("x", "S", 1, 1, 1));
        System.err.println("got " + got.get());
        assertThat(got.get()).isInstanceOf(IllegalStateException.class);
        log.close();
    }
}
