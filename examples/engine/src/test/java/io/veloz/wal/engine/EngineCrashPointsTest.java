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

/** The engine with a power failure, a killed process or a failed operation at every possible point. */
class EngineCrashPointsTest {
    private static final List<String> IDS = List.of("a", "b", "c");

    /** Externally visible state: an order was sent to the venue, or its executed quantity was returned to the caller. */
    private record Visible(String order, double executed) {}

    @Test
    void externallyVisibleStateIsRestoredAfterEveryCrash() {
        CrashPoints.<Visible>forAllCrashPoints(
                (storage, history) -> {
                    try (OrderEngine engine = started(storage, history)) {
                        for (String id : IDS) {
                            history.begin(new Visible(id, 0));
                            engine.place(OrderNew.limit(id, "BTCUSDT", Side.BUY, 2, 50_000));
                            fill(engine, history, id, 0.5);
                            fill(engine, history, id, 1.5);
                        }
                    } catch (TradingStoppedException e) {
                        // Allowed, if the order was not sent.
                        assertThat(history.acknowledged()).doesNotContain(new Visible(last(history), 0));
                    }
                },
                (storage, history) -> {
                    try (OrderEngine engine = started(storage, history)) {
                        for (Visible visible : history.acknowledged()) {
                            OrderState order = engine.order(visible.order);
                            assertThat(order.executedQuantity())
                                    .as("executed of order %s", visible.order)
                                    .isGreaterThanOrEqualTo(visible.executed);
                        }
                        for (String id : IDS) {
                            boolean begun = history.begun().contains(new Visible(id, 0));
                            assertThat(begun || !isKnown(engine, id))
                                    .as("%s was placed", id)
                                    .isTrue();
                        }
                    }
                });
    }

    private static String last(History<Visible> history) {
        return history.begun().get(history.begun().size() - 1).order;
    }

    private static boolean isKnown(OrderEngine engine, String id) {
        return engine.pending().stream().anyMatch(order -> order.clientOrderId().equals(id));
    }

    private static OrderEngine started(Storage storage, History<Visible> history) {
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
                history.acknowledge(new Visible(order.clientOrderId(), 0));
            }

            @Override
            public void cancel(String clientOrderId) {
                throw new AssertionError("unexpected cancel");
            }
        });
        engine.start();
        return engine;
    }

    private static void fill(OrderEngine engine, History<Visible> history, String id, double quantity) {
        double executed = engine.order(id).executedQuantity() + quantity;
        history.begin(new Visible(id, executed));
        engine.filled(OrderFill.of(id, "BTCUSDT", quantity, 50_000, 1_000).withTradeId(id + quantity));
        history.acknowledge(new Visible(id, executed));
    }
}
