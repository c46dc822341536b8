package io.veloz.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.WalConfig;
import io.veloz.wal.WalDiskFullException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.Side;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.Fault;
import io.veloz.wal.testkit.FaultPlan;
import io.veloz.wal.testkit.FaultyStorage;
import io.veloz.wal.testkit.Operation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class OrderEngineTest {
    @TempDir
    Path dir;

    private final RecordingVenue venue = new RecordingVenue();

    private static OrderNew order(String id) {
        return OrderNew.limit(id, "BTCUSDT", Side.BUY, 2.0, 50_000.0);
    }

    private OrderEngine started() {
        OrderEngine engine = new OrderEngine(OrderEngine.settings(dir), venue);
        engine.start();
        return engine;
    }

    private static OrderLogConfig small(FaultyStorage storage) {
        return OrderLogConfig.builder(WalConfig.builder(storage)
                        .segmentBytes(16 * 1024)
                        .maxBatchBytes(4 * 1024)
                        .build())
                .build();
    }

    @Test
    void hundredsOfThreadsTradeAndEveryOrderIsRestored() throws Exception {
        int threads = 300;
        List<OrderState> before;
        try (OrderEngine engine = started()) {
            List<CompletableFuture<Void>> traders = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                String id = "order-" + t;
                CompletableFuture<Void> done = new CompletableFuture<>();
                traders.add(done);
                Thread trader = new Thread(() -> {
                    try {
                        engine.place(order(id));
                        engine.accepted(id, "V-" + id, 1_000);
                        OrderFill half = OrderFill.of(id, "BTCUSDT", 1.0, 50_000.0, 2_000);
                        engine.filled(half.withTradeId("T1"));
                        assertThat(engine.filled(half.withTradeId("T2")).status())
                                .isEqualTo("FILLED");
                        done.complete(null);
                    } catch (Throwable t1) {
                        done.completeExceptionally(t1);
                    }
                });
                trader.setDaemon(true);
                trader.start();
            }
            for (CompletableFuture<Void> trader : traders) {
                trader.get(60, TimeUnit.SECONDS);
            }
            assertThat(engine.pending()).isEmpty();
            before = states(engine, threads);
        }
        try (OrderEngine engine = started()) {
            assertThat(states(engine, threads)).isEqualTo(before);
        }
    }

    private static List<OrderState> states(OrderEngine engine, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> engine.order("order-" + i))
                .toList();
    }

    @Test
    void orderIsPlacedAcceptedAndFilled() {
        try (OrderEngine engine = started()) {
            engine.place(order("a"));
            engine.accepted("a", "V1", 1_000);
            engine.filled(OrderFill.of("a", "BTCUSDT", 0.5, 50_000.0, 2_000).withTradeId("T1"));
            OrderState last = engine.filled(
                    OrderFill.of("a", "BTCUSDT", 1.5, 50_010.0, 3_000).withTradeId("T2"));
            assertThat(last.status()).isEqualTo("FILLED");
            assertThat(last.venueOrderId()).isEqualTo("V1");
            assertThat(last.averagePrice()).isEqualTo((50_000.0 * 0.5 + 50_010.0 * 1.5) / 2.0);
            assertThat(venue.sent).containsExactly("a");
            assertThat(engine.pending()).isEmpty();
        }
    }

    @Test
    void orderIsCanceledWhenTheVenueConfirms() {
        try (OrderEngine engine = started()) {
            engine.place(order("a"));
            engine.cancel("a");
            assertThat(venue.cancels).containsExactly("a");
            assertThat(engine.order("a").terminal()).isFalse();
            assertThat(engine.canceled("a", "user_cancel", 1_000).status()).isEqualTo("CANCELED");
            engine.cancel("a");
            assertThat(venue.cancels).containsExactly("a");
        }
    }

    @Test
    void tradeDeliveredTwiceCountsOnce() {
        try (OrderEngine engine = started()) {
            engine.place(order("a"));
            OrderFill fill = OrderFill.of("a", "BTCUSDT", 0.5, 50_000.0, 2_000).withTradeId("T1");
            engine.filled(fill);
            assertThat(engine.filled(fill).executedQuantity()).isEqualTo(0.5);
        }
    }

    @Test
    void idCanBeUsedOnlyOnce() {
        try (OrderEngine engine = started()) {
            engine.place(order("a"));
            assertThatThrownBy(() -> engine.place(order("a")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("order a has been placed before");
            assertThat(venue.sent).containsExactly("a");
        }
    }

    @Test
    void failureOfTheVenueReachesTheCallerAndLaterOrdersAreSent() {
        Venue failing = new Venue() {
            @Override
            public void send(OrderNew order) {
                if (order.clientOrderId().equals("a")) {
                    throw new IllegalStateException("the venue is closed");
                }
                venue.send(order);
            }

            @Override
            public void cancel(String clientOrderId) {}
        };
        try (OrderEngine engine = new OrderEngine(OrderEngine.settings(dir), failing)) {
            engine.start();
            assertThatThrownBy(() -> engine.place(order("a"))).hasMessage("the venue is closed");
            assertThat(engine.order("a").terminal()).isFalse();
            engine.place(order("b"));
            assertThat(venue.sent).containsExactly("b");
        }
    }

    @Test
    void venueThatWaitsForAnOrderOfItsOwnEngineIsRefused() {
        AtomicReference<OrderEngine> engine = new AtomicReference<>();
        Venue calling = new Venue() {
            @Override
            public void send(OrderNew order) {
                engine.get().place(order("nested"));
            }

            @Override
            public void cancel(String clientOrderId) {}
        };
        try (OrderEngine started = new OrderEngine(OrderEngine.settings(dir), calling)) {
            engine.set(started);
            started.start();
            assertThatThrownBy(() -> started.place(order("a")))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the venue calls the engine on the thread that sends");
            assertThatThrownBy(() -> started.order("nested")).hasMessage("unknown order nested");
        }
    }

    @Test
    void orderIsNeitherInTheStoreNorSentBeforeItIsDurable() throws Exception {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        try (OrderEngine engine = new OrderEngine(small(storage), venue)) {
            engine.start();
            storage.holdForces();
            CompletableFuture<OrderState> placed = CompletableFuture.supplyAsync(() -> engine.place(order("a")));
            storage.awaitHeldForce();
            awaitAppended(engine);
            assertThatThrownBy(() -> engine.order("a")).hasMessage("unknown order a");
            assertThat(venue.sent).isEmpty();
            storage.releaseForces();
            assertThat(placed.get(30, TimeUnit.SECONDS).clientOrderId()).isEqualTo("a");
            assertThat(venue.sent).containsExactly("a");
        }
    }

    /** Waits for the append, because the blocked force may belong to a heartbeat that began before it. */
    private static void awaitAppended(OrderEngine engine) {
        await(() -> engine.stats().durableLag() == 1);
    }

    @Test
    void failedDiskStopsTradingUntilARestartRestoresTheOrders() throws Exception {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        OrderEngine engine = new OrderEngine(small(storage), venue);
        engine.start();
        engine.place(order("a"));
        storage.plan(FaultPlan.always(Operation.Kind.FORCE, Fault.IO_ERROR));
        assertThatThrownBy(() -> engine.place(order("b"))).isInstanceOf(WalFailedException.class);
        assertThat(venue.sent).containsExactly("a");
        awaitHealth(engine, new Health(false, false, true, engine.health().reason()));
        assertThatThrownBy(() -> engine.place(order("c")))
                .isInstanceOf(TradingStoppedException.class)
                .hasMessageContaining("the log has failed")
                .hasMessageContaining("Input/output error");
        assertThatThrownBy(engine::close).isInstanceOf(WalFailedException.class);
        storage.plan(FaultPlan.NONE);
        try (OrderEngine again = new OrderEngine(small(storage.killProcess()), venue)) {
            again.start();
            assertThat(again.order("a").status()).isEmpty();
            assertThat(again.health().ready()).isTrue();
        }
    }

    @Test
    void fullDiskStopsNewOrdersAndReportsOfTheVenueAreStillLogged() throws Exception {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        try (OrderEngine engine = new OrderEngine(small(storage), venue)) {
            engine.start();
            engine.place(order("a"));
            await(() -> isPrepared(storage));
            storage.plan(FaultPlan.always(Operation.Kind.CREATE, Fault.NO_ROOM));
            // Trades until the prepared segment is in use. No further one can be created; another thread reports that.
            int fills = 0;
            long room;
            do {
                room = engine.stats().activeSegmentRoomBytes();
                fills++;
                engine.filled(
                        OrderFill.of("a", "BTCUSDT", 0.0001, 50_000.0, fills).withTradeId("T" + fills));
            } while (engine.stats().activeSegmentRoomBytes() < room);
            awaitHealth(engine, new Health(true, false, true, ""));
            assertThat(engine.health().live()).isTrue();
            assertThat(engine.health().reason()).contains("the disk is full", "No space left on device");
            assertThatThrownBy(() -> engine.place(order("b"))).isInstanceOf(TradingStoppedException.class);
            assertThat(engine.canceled("a", "risk", 1).status()).isEqualTo("CANCELED");

            storage.plan(FaultPlan.NONE);
            awaitHealth(engine, new Health(true, true, true, ""));
            engine.place(order("b"));
            assertThat(venue.sent).containsExactly("a", "b");
        }
    }

    @Test
    void eventIsRejectedWhenTheDiskIsFullAndAcceptedLater() throws Exception {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        try (OrderEngine engine = new OrderEngine(small(storage), venue)) {
            engine.start();
            engine.place(order("a"));
            await(() -> isPrepared(storage));
            storage.plan(FaultPlan.always(Operation.Kind.CREATE, Fault.NO_ROOM));
            long[] time = {0};
            assertThatThrownBy(() -> {
                        while (true) {
                            engine.accepted("a", "V", ++time[0]);
                        }
                    })
                    .isInstanceOf(WalDiskFullException.class);
            assertThat(engine.order("a").lastEventNanos()).isEqualTo(time[0] - 1);
            // Otherwise the wait for readiness below could end before it was lost.
            awaitHealth(engine, new Health(true, false, true, ""));
            storage.plan(FaultPlan.NONE);
            awaitHealth(engine, new Health(true, true, true, ""));
            assertThat(engine.accepted("a", "V", time[0]).lastEventNanos()).isEqualTo(time[0]);
        }
    }

    private static boolean isPrepared(FaultyStorage storage) {
        try {
            return storage.list().contains(".orders_prepared.wal");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits, because the listener is called on a thread of the log. */
    private static void awaitHealth(OrderEngine engine, Health expected) {
        await(() ->
                engine.health().ready() == expected.ready() && engine.health().live() == expected.live());
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("the condition did not become true");
            }
            Thread.onSpinWait();
        }
    }

    @Test
    void probesCanBeAnsweredBeforeTheStart() {
        try (OrderEngine engine = new OrderEngine(OrderEngine.settings(dir), venue)) {
            assertThat(engine.health().toJson())
                    .isEqualTo("{\"live\":true,\"ready\":false,\"wal_replay_complete\":false,"
                            + "\"reason\":\"the log is being replayed\"}");
            assertThatThrownBy(() -> engine.place(order("a"))).isInstanceOf(IllegalStateException.class);
            engine.start();
            assertThat(engine.health()).isEqualTo(new Health(true, true, true, ""));
            assertThatThrownBy(engine::start).hasMessage("the engine has been started");
        }
    }

    @Test
    void reasonsAreValidJson() {
        assertThat(new Health(false, false, true, "a \"b\"\n\\").toJson()).endsWith("\"reason\":\"a \\\"b\\\" \\\\\"}");
    }

    @Test
    void checkpointsAreWrittenAutomaticallyAndShortenTheNextStart() {
        OrderLogConfig settings =
                OrderEngine.settings(dir).toBuilder().checkpointEveryRecords(10).build();
        List<OrderState> before;
        try (OrderEngine engine = new OrderEngine(settings, venue)) {
            engine.start();
            for (int i = 0; i < 100; i++) {
                engine.place(order("o" + i));
            }
            before = engine.pending();
        }
        try (OrderEngine engine = new OrderEngine(settings, venue)) {
            assertThat(engine.start().checkpointSequence()).isPositive();
            assertThat(engine.pending()).isEqualTo(before);
        }
    }
}
