package io.veloz.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.WalConfig;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.Side;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.testkit.CrashPoints;
import io.veloz.wal.testkit.History;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The engine, with power cut, the process killed or an operation failing at every moment there is. */
class EngineCrashPointsTest {
    private static final List<String> IDS = List.of("a", "b", "c");

    /** Something that others know: the venue was sent the order, or the caller was told how much of it is executed. */
    private record Told(String order, double executed) {}

    @Test
    void whatAVenueOrACallerWasToldIsKnownAfterEveryCrash() {
        CrashPoints.<Told>forAllCrashPoints(
                (storage, history) -> {
                    try (OrderEngine engine = started(storage, history)) {
                        for (String id : IDS) {
                            history.begin(new Told(id, 0));
                            engine.place(OrderNew.limit(id, "BTCUSDT", Side.BUY, 2, 50_000));
                            fill(engine, history, id, 0.5);
                            fill(engine, history, id, 1.5);
                        }
                    } catch (TradingStoppedException e) {
                        // The engine may take no order, and says so.
                        assertThat(history.acknowledged()).doesNotContain(new Told(last(history), 0));
                    }
                },
                (storage, history) -> {
                    try (OrderEngine engine = started(storage, history)) {
                        for (Told told : history.acknowledged()) {
                            OrderState order = engine.order(told.order);
                            assertThat(order.executedQuantity())
                                    .as("executed of order %s", told.order)
                                    .isGreaterThanOrEqualTo(told.executed);
                        }
                        for (String id : IDS) {
                            boolean begun = history.begun().contains(new Told(id, 0));
                            assertThat(begun || !isKnown(engine, id))
                                    .as("%s was placed", id)
                                    .isTrue();
                        }
                    }
                });
    }

    private static String last(History<Told> history) {
        return history.begun().get(history.begun().size() - 1).order;
    }

    private static boolean isKnown(OrderEngine engine, String id) {
        return engine.pending().stream().anyMatch(order -> order.clientOrderId().equals(id));
    }

    private static OrderEngine started(Storage storage, History<Told> history) {
        OrderLogConfig config = OrderLogConfig.builder(WalConfig.builder(storage)
                        .segmentBytes(16 * 1024)
                        .maxBatchBytes(4 * 1024)
                        .bufferBytes(8 * 1024)
                        .heartbeatDelay(Duration.ofHours(1))
                        .build())
                .build();
        OrderEngine engine = new OrderEngine(config, new Venue() {
            @Override
            public void send(OrderNew order) {
                history.acknowledge(new Told(order.clientOrderId(), 0));
            }

            @Override
            public void cancel(String clientOrderId) {
                throw new AssertionError("nobody cancels here");
            }
        });
        engine.start();
        return engine;
    }

    private static void fill(OrderEngine engine, History<Told> history, String id, double quantity) {
        double executed = engine.order(id).executedQuantity() + quantity;
        history.begin(new Told(id, executed));
        engine.filled(OrderFill.of(id, "BTCUSDT", quantity, 50_000, 1_000).withTradeId(id + quantity));
        history.acknowledge(new Told(id, executed));
    }
}
