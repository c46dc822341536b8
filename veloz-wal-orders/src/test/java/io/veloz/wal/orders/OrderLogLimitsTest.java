package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Durability;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Hold;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The limit of pending events, a disk that hangs or fails, and invalid calls. */
@Timeout(60)
class OrderLogLimitsTest {
    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);

    private WalConfig.Builder wal() {
        return Logs.small(storage).bufferBytes(1024 * 1024).segmentBytes(256 * 1024);
    }

    private static OrderNew order(String id) {
        return OrderNew.market(id, "BTCUSDT", Side.BUY, 1);
    }

    /** Events of relaxed durability reach the limit, and no force is scheduled for them. */
    @Test
    void appendBeyondTheLimitForcesTheLogAndContinues() throws Exception {
        OrderLogConfig config = OrderLogConfig.builder(
                        wal().durability(Durability.LOSE_UNFORCED).build())
                .maxPendingEvents(100)
                .build();
        try (OrderLog log = OrderLog.open(config)) {
            List<CompletableFuture<Void>> appenders = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                String name = "t" + t + "-";
                appenders.add(Logs.start(() -> {
                    for (int i = 0; i < 500; i++) {
                        log.append(order(name + i));
                    }
                    return null;
                }));
            }
            for (CompletableFuture<Void> appender : appenders) {
                appender.get(50, TimeUnit.SECONDS);
            }
            log.wal().sync();
            log.awaitApplied(4000);
            assertThat(log.store().count()).isEqualTo(4000);
        }
    }

    /** All appenders wait for one force, with the maximum number of pending events. */
    @Test
    void forceThatHangsTemporarilyBlocksNoAppenderIndefinitely() throws Exception {
        OrderLogConfig config = OrderLogConfig.builder(wal().bufferBytes(32 * 1024 * 1024)
                        .segmentBytes(64 * 1024 * 1024)
                        .maxBatchBytes(1024 * 1024)
                        .durability(Durability.LOSE_UNFORCED)
                        .build())
                .build();
        int limit = 64 * 1024;
        try (OrderLog log = OrderLog.open(config)) {
            // The segments of a session grow, and during the force all records must fit into the active one.
            log.append(order("small"));
            log.wal().roll();
            log.append(order("larger"));
            log.wal().roll();
            Hold hold = storage.hold(Operation.FORCE, name -> true);
            // The first events are slow to apply, so that all appenders wait while they are applied.
            int slow = 12;
            for (int i = 0; i < slow; i++) {
                List<String> trades =
                        IntStream.range(0, 80_000).mapToObj(Integer::toString).toList();
                log.append(new OrderRestored(
                        OrderState.builder("slow" + i).tradeIds(trades).build()));
                log.append(OrderFill.of("slow" + i, "S", 1, 1, 1).withTradeId("new"));
            }
            List<Thread> appenders = new ArrayList<>();
            for (int t = 0; t < 200; t++) {
                String name = "t" + t + "-";
                Thread appender = new Thread(() -> {
                    for (int i = 0; i < 400; i++) {
                        log.append(order(name + i));
                    }
                });
                appender.setDaemon(true);
                appender.start();
                appenders.add(appender);
            }
            Logs.await(
                    "all appenders wait",
                    () -> log.wal().lastSequence() >= limit
                            && appenders.stream()
                                    .noneMatch(each -> each.getState() == Thread.State.RUNNABLE
                                            || each.getState() == Thread.State.BLOCKED));
            hold.release();
            for (Thread appender : appenders) {
                TimeUnit.SECONDS.timedJoin(appender, 20);
                assertThat(appender.isAlive()).isFalse();
            }
            log.wal().sync();
            log.awaitApplied(2 + 80_000 + 2 * slow);
            assertThat(log.store().count()).isEqualTo(2 + 80_000 + slow);
        }
    }

    @Test
    void appendsAreRejectedWhileTheDiskHangsAndSucceedAfterwards() throws Exception {
        OrderLogConfig config = OrderLogConfig.builder(wal().durability(Durability.LOSE_UNFORCED)
                        .bufferFullTimeout(Duration.ofMillis(50))
                        .build())
                .maxPendingEvents(4)
                .build();
        try (OrderLog log = OrderLog.open(config)) {
            Hold hold = storage.hold(Operation.FORCE, name -> true);
            for (int i = 0; i < 4; i++) {
                log.append(order("a" + i));
            }
            assertThatThrownBy(() -> log.append(order("rejected")))
                    .isInstanceOf(WalBusyException.class)
                    .hasMessageContaining("the limit is 4");
            hold.release();
            log.appendDurable(order("b"));
            assertThat(log.store().count()).isEqualTo(5);
            assertThat(log.store().get("rejected")).isEmpty();
        }
    }

    /** One caller waits for space in the buffer and blocks all others, which must not exceed their timeout. */
    @Test
    void callerThatWaitsForAnotherAppendIsRejectedInTime() throws Exception {
        OrderLogConfig config = OrderLogConfig.builder(Logs.small(storage)
                        .bufferFullTimeout(Duration.ofMillis(300))
                        .build())
                .build();
        try (OrderLog log = OrderLog.open(config)) {
            Hold hold = storage.hold(Operation.FORCE, name -> true);
            List<CompletableFuture<Long>> callers = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                String id = Logs.kilobyte(i).substring(100);
                callers.add(Logs.start(() -> log.append(order(id))));
            }
            for (CompletableFuture<Long> caller : callers) {
                caller.handle((sequence, failure) -> failure).get(30, TimeUnit.SECONDS);
            }
            assertThat(callers)
                    .anySatisfy(caller -> assertThatThrownBy(caller::get).hasCauseInstanceOf(WalBusyException.class));
            hold.release();
            log.appendDurable(order("next"));
            long accepted = callers.stream()
                    .filter(caller -> !caller.isCompletedExceptionally())
                    .count();
            assertThat(log.store().count()).isEqualTo((int) accepted + 1);
        }
    }

    @Test
    void everyFutureCompletesWhenTheDiskFails() {
        storage.fail(Operation.FORCE, () -> new IOException("the disk failed"))
                .on(name -> !name.contains("checkpoint"))
                .after(20);
        OrderLog log = OrderLog.open(OrderLogConfig.builder(wal().build()).build());
        List<CompletableFuture<Long>> futures = new ArrayList<>();
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 1_000_000; i++) {
                        futures.add(log.appendAsync(order("a" + i)));
                    }
                })
                .isInstanceOf(WalFailedException.class);
        assertThatThrownBy(log::close).isInstanceOf(WalFailedException.class);
        assertThat(futures).allSatisfy(future -> assertThat(future).isDone());
        long durable = log.wal().durableSequence();
        for (int i = 0; i < futures.size(); i++) {
            assertThat(futures.get(i).isCompletedExceptionally()).isEqualTo(i + 1 > durable);
        }
        assertThat(log.store().appliedSequence()).isEqualTo(durable);
    }

    @Test
    void callbackBeyondTheLimitIsRejectedImmediately() throws Exception {
        OrderLogConfig config = OrderLogConfig.builder(
                        wal().bufferFullTimeout(Duration.ofMinutes(10)).build())
                .maxPendingEvents(2)
                .build();
        try (OrderLog log = OrderLog.open(config)) {
            Hold hold = storage.hold(Operation.FORCE, name -> true);
            CompletableFuture<Long> nested = log.appendAsync(order("a")).thenApply(sequence -> log.append(order("b")));
            CompletableFuture<Long> other = log.appendAsync(order("c"));
            hold.release();
            other.get(30, TimeUnit.SECONDS);
            // While the callback of "a" runs, the futures of "a" and "c" are not complete, and both events are pending.
            assertThatThrownBy(() -> nested.get(30, TimeUnit.SECONDS)).hasCauseInstanceOf(WalBusyException.class);
            log.appendDurable(order("d"));
            assertThat(log.store().count()).isEqualTo(3);
        }
    }

    @Test
    void interruptedCallerAppendsAndKeepsItsInterrupt() {
        try (OrderLog log = OrderLog.open(OrderLogConfig.builder(wal().build()).build())) {
            Thread.currentThread().interrupt();
            assertThat(log.appendDurable(order("a"))).isEqualTo(1);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    // ---- records of the application

    @Test
    void recordsOfTheApplicationAreSkipped() {
        OrderLogConfig config = OrderLogConfig.builder(wal().build()).build();
        try (OrderLog log = OrderLog.open(config)) {
            log.wal().appendDurable(7, ByteBuffer.wrap(new byte[] {1, 2, 3}));
            log.appendDurable(order("a"));
            long own = log.wal().appendDurable(8, ByteBuffer.wrap(new byte[] {4}));
            log.awaitApplied(own);
            log.checkpoint();
            log.appendDurable(order("b"));
            assertThat(log.store().count()).isEqualTo(2);
        }
        try (OrderLog log = OrderLog.open(config)) {
            assertThat(log.store().count()).isEqualTo(2);
        }
        assertThat(OrderReplay.read(ReadOptions.of(config.wal())).store().count())
                .isEqualTo(2);
    }

    /** The next open would not know it, or would apply it to the store only then. */
    @Test
    void recordOfAnOrderTypeIsRefusedByEachMethodOfTheLog() {
        OrderLogConfig config = OrderLogConfig.builder(wal().build()).build();
        try (OrderLog log = OrderLog.open(config)) {
            ByteBuffer payload = ByteBuffer.wrap(new byte[] {9, 0, 0});
            RecordGroup group = new RecordGroup().add(7, payload).add(OrderCodec.ORDER_FILL, payload);
            Wal raw = log.wal();
            List<ThrowingCallable> appends = List.of(
                    () -> raw.append(OrderCodec.ORDER_NEW, payload),
                    () -> raw.append(0xFF00, payload, Durability.LOSE_UNFORCED),
                    () -> raw.appendDurable(OrderCodec.ORDER_NEW, payload),
                    () -> raw.appendAsync(OrderCodec.ORDER_NEW, payload),
                    () -> raw.append(group),
                    () -> raw.append(group, Durability.LOSE_UNFORCED),
                    () -> raw.appendDurable(group),
                    () -> raw.appendAsync(group));
            for (ThrowingCallable append : appends) {
                assertThatThrownBy(append)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("is reserved");
            }
            assertThatThrownBy(() -> raw.reserveTypes(type -> true)).isInstanceOf(IllegalStateException.class);
            assertThat(raw.lastSequence()).isZero();
            log.appendDurable(order("a"));
        }
        try (OrderLog log = OrderLog.open(config)) {
            assertThat(log.store().count()).isEqualTo(1);
        }
    }

    @Test
    void recordOfALaterVersionIsRejectedWithItsSequence() {
        for (int type : new int[] {0xFF00, OrderCodec.ORDER_FILL}) {
            HeapStorage other = new HeapStorage();
            OrderLogConfig config =
                    OrderLogConfig.builder(Logs.small(other).build()).build();
            try (OrderLog log = OrderLog.open(config)) {
                log.appendDurable(order("a"));
            }
            try (Wal wal = Wal.open(config.wal())) {
                wal.appendDurable(type, ByteBuffer.wrap(new byte[] {9, 0, 0}));
            }
            assertThatThrownBy(() -> OrderLog.open(config))
                    .isInstanceOf(WalVersionException.class)
                    .hasMessageContaining("record 2: ");
            assertThatThrownBy(() -> OrderReplay.read(ReadOptions.of(config.wal())))
                    .isInstanceOf(WalVersionException.class)
                    .hasMessageContaining("record 2: ");
        }
    }

    @Test
    void logThatEndsBeforeItsCheckpointIsRejected() throws IOException {
        OrderLogConfig config = OrderLogConfig.builder(Logs.small(heap).build()).build();
        HeapStorage older;
        try (OrderLog log = OrderLog.open(config)) {
            log.appendDurable(order("a"));
            older = heap.copy();
            log.appendDurable(order("b"));
            log.checkpoint();
        }
        older.put(".orders_checkpoint_a", heap.bytes(".orders_checkpoint_a"));
        assertThatThrownBy(
                        () -> OrderReplay.read(ReadOptions.of(Logs.small(older).build())))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining("checkpoint");
    }

    // ---- invalid events

    @Test
    void invalidEventIsRejectedBeforeItIsAppended() {
        try (OrderLog log = OrderLog.open(OrderLogConfig.builder(wal().build()).build())) {
            List<OrderEvent> invalid = List.of(
                    order(""),
                    OrderNew.market("a", "S", Side.BUY, -1),
                    OrderNew.market("a", "S", Side.BUY, Double.NaN),
                    OrderNew.limit("a", "S", Side.BUY, 1, Double.POSITIVE_INFINITY),
                    OrderFill.of("a", "S", 0, 1, 1),
                    OrderFill.of("a", "S", Double.NaN, 1, 1),
                    new OrderUpdate("", "", "NEW", "", 1),
                    new OrderCancel("", "", 1),
                    new OrderRestored(OrderState.builder("").build()));
            for (OrderEvent event : invalid) {
                assertThatThrownBy(() -> log.appendDurable(event))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("expected");
                assertThatThrownBy(() -> log.appendAsync(event)).isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(() -> log.appendDurable(List.of(order("b"), event)))
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertThat(log.wal().lastSequence()).isZero();
            // A quantity of 0 means "not known".
            log.appendDurable(OrderNew.market("a", "S", Side.BUY, 0));
            assertThat(log.store().get("a")).isPresent();
        }
    }

    // ---- findings

    @Test
    void listenerReceivesAllFindingsAndItsFailuresAreHarmless() {
        List<OrderFinding> received = new ArrayList<>();
        AtomicBoolean nested = new AtomicBoolean();
        OrderLog[] open = new OrderLog[1];
        OrderLogConfig config = OrderLogConfig.builder(wal().build())
                .onFinding(finding -> {
                    received.add(finding);
                    if (open[0] != null) {
                        assertThatThrownBy(() -> open[0].appendDurable(order("nested")))
                                .isInstanceOf(IllegalStateException.class)
                                .hasMessageContaining("listener of findings");
                        nested.set(true);
                    }
                    throw new IllegalStateException("of the listener");
                })
                .build();
        try (OrderLog log = OrderLog.open(config)) {
            open[0] = log;
            for (int i = 0; i < 1500; i++) {
                log.append(new OrderCancel("unknown-" + i, "", 1));
            }
            log.appendDurable(order("a"));
            assertThat(received).hasSize(1500);
            assertThat(nested).isTrue();
            assertThat(log.store().findings().get(999).clientOrderId()).isEqualTo("unknown-1499");
            assertThat(log.store().count()).isEqualTo(1501);
        }
        open[0] = null;
        received.clear();
        OrderLog.open(config).close();
        assertThat(received).hasSize(1500);
    }

    // ---- checkpoints

    @Test
    void olderCheckpointIsRejected() {
        try (Wal log = Wal.open(Logs.small(heap).build())) {
            for (int i = 0; i < 9; i++) {
                log.appendDurable(7, ByteBuffer.allocate(1));
            }
            log.writeCheckpoint(5, out -> out.write(5));
            log.writeCheckpoint(7, out -> out.write(7));
            assertThatThrownBy(() -> log.writeCheckpoint(6, out -> out.write(6)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected 7 or more");
            assertThat(log.newestCheckpoint().orElseThrow().sequence()).isEqualTo(7);
            log.writeCheckpoint(8, out -> out.write(8));
        }
    }

    @Test
    void concurrentCheckpointsAreWrittenInOrder() throws Exception {
        try (OrderLog log = OrderLog.open(OrderLogConfig.builder(wal().build()).build())) {
            List<CompletableFuture<Void>> writers = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                String name = "t" + t;
                writers.add(Logs.start(() -> {
                    long newest = 0;
                    for (int i = 0; i < 25; i++) {
                        log.appendDurable(order(name + i));
                        long sequence = log.checkpoint().sequence();
                        assertThat(sequence).isGreaterThan(newest);
                        newest = sequence;
                    }
                    return null;
                }));
            }
            for (CompletableFuture<Void> writer : writers) {
                writer.get(50, TimeUnit.SECONDS);
            }
        }
    }
}
