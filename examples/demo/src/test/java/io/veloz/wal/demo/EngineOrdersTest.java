package io.veloz.wal.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.legacy.LegacyMode;
import io.veloz.wal.orders.OrderState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineOrdersTest {
    @TempDir
    Path dir;

    private EngineOrders engine;
    private List<OrderState> orders;

    @BeforeEach
    void readTheShippedLog() throws IOException {
        EngineLog log = EngineLog.unpackInto(dir);
        engine = EngineOrders.read(log.replayJson());
        orders = new ArrayList<>(log.open().replay(LegacyMode.DEFAULT).orders());
        assertThat(orders).hasSize(5000);
    }

    @Test
    void engineOrdersDoNotDiffer() {
        assertThat(engine.differencesTo(orders)).isEmpty();
    }

    @Test
    void oneBitOfOnePriceIsOneDifference() {
        OrderState order = orders.get(1234);
        double price = Math.nextUp(order.averagePrice());
        orders.set(1234, order.toBuilder().averagePrice(price).build());
        assertThat(engine.differencesTo(orders))
                .singleElement()
                .asString()
                .startsWith(order.clientOrderId() + ": avg_price is " + price + " (bits ")
                .contains(", the engine has " + order.averagePrice() + " (bits ");
    }

    @Test
    void everyOtherFieldIsComparedToo() {
        OrderState order = orders.get(0);
        OrderState other = order.toBuilder()
                .symbol("X")
                .side(null)
                .orderQuantity(null)
                .limitPrice(1.0)
                .executedQuantity(-0.0)
                .venueOrderId("X")
                .status("X")
                .reason("X")
                .lastEventNanos(1)
                .createdNanos(0)
                .build();
        orders.set(0, other);
        assertThat(engine.differencesTo(orders))
                .extracting(difference -> difference.split(" ", 3)[1])
                .containsExactly(
                        "symbol",
                        "side",
                        "order_qty",
                        "limit_price",
                        "executed_qty",
                        "venue_order_id",
                        "status",
                        "reason",
                        "last_ts_ns",
                        "created_ts_set");
    }

    @Test
    void missingUnknownAndDuplicateOrdersAreReported() {
        OrderState missing = orders.remove(7);
        orders.add(OrderState.builder("unknown").build());
        orders.add(orders.get(0));
        assertThat(engine.differencesTo(orders))
                .containsExactly(
                        "unknown: not an order of the engine, or a duplicate",
                        orders.get(0).clientOrderId() + ": not an order of the engine, or a duplicate",
                        missing.clientOrderId() + ": missing");
    }
}
