package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Ended orders are dropped by age, and a wrong clock does not drop any. */
class OrderAgeTest {
    private static final long DAY = Duration.ofDays(1).toNanos();

    private final HeapStorage heap = new HeapStorage();
    private final AtomicLong wall = new AtomicLong(20_000 * DAY);
    private final AtomicLong interval = new AtomicLong();

    private OrderLog open() {
        return OrderLog.open(OrderLogConfig.builder(
                        Logs.small(heap).wallClockNanos(wall::get).build())
                .keepEndedOrders(Duration.ofDays(7))
                .intervalClockNanos(interval::get)
                .build());
    }

    private void pass(long nanos) {
        wall.addAndGet(nanos);
        interval.addAndGet(nanos);
    }

    private static void trade(OrderLog log, String id) {
        log.append(OrderNew.market(id, "S", Side.BUY, 1));
        log.appendDurable(OrderFill.of(id, "S", 1, 100, 1).withTradeId("trade of " + id));
    }

    private static void assertKnownAndRepeatedFillCountsOnce(OrderLog log, String id) {
        log.appendDurable(OrderFill.of(id, "S", 1, 100, 1).withTradeId("trade of " + id));
        assertThat(log.store().get(id).orElseThrow().executedQuantity()).isEqualTo(1);
        assertThat(log.store().findingCounts()).containsOnlyKeys(OrderFinding.Kind.DUPLICATE_TRADE);
    }

    @Test
    void endedOrderIsDroppedAfterItsTimeFromTheStoreAndTheNextOpen() {
        try (OrderLog log = open()) {
            trade(log, "old");
            log.append(OrderNew.market("pending", "S", Side.BUY, 1));
            pass(6 * DAY);
            trade(log, "new");
            log.checkpoint();
            assertThat(log.store().count()).isEqualTo(3);
            pass(2 * DAY);
            log.checkpoint();
            assertThat(log.store().orders())
                    .extracting(OrderState::clientOrderId)
                    .containsExactly("pending", "new");
        }
        try (OrderLog log = open()) {
            assertThat(log.store().count()).isEqualTo(2);
        }
    }

    @Test
    void recordWithATimeInTheFutureDropsNothing() {
        try (OrderLog log = open()) {
            trade(log, "fresh");
            wall.addAndGet(3650 * DAY);
            log.appendDurable(OrderNew.market("future", "S", Side.BUY, 1));
            wall.addAndGet(-3650 * DAY);
            log.checkpoint();
        }
        try (OrderLog log = open()) {
            log.checkpoint();
            assertKnownAndRepeatedFillCountsOnce(log, "fresh");
        }
    }

    @Test
    void wallClockThatJumpsAndStaysDropsNothing() {
        try (OrderLog log = open()) {
            trade(log, "fresh");
            wall.addAndGet(3650 * DAY);
            trade(log, "later");
            log.checkpoint();
            assertKnownAndRepeatedFillCountsOnce(log, "fresh");
        }
    }

    @Test
    void openWithAWrongWallClockDropsNothing() {
        try (OrderLog log = open()) {
            trade(log, "fresh");
        }
        wall.addAndGet(3650 * DAY);
        try (OrderLog log = open()) {
            log.checkpoint();
            assertKnownAndRepeatedFillCountsOnce(log, "fresh");
        }
    }

    @Test
    void endedOrdersBeyondTheMaximumAreDroppedLeastRecentlyChangedFirst() {
        OrderLogConfig config = OrderLogConfig.builder(
                        Logs.small(heap).wallClockNanos(wall::get).build())
                .maxEndedOrders(2)
                .build();
        try (OrderLog log = OrderLog.open(config)) {
            for (String id : List.of("first", "second", "third")) {
                trade(log, id);
                pass(1);
            }
            log.append(OrderNew.market("pending", "S", Side.BUY, 1));
            log.checkpoint();
            assertThat(log.store().orders())
                    .extracting(OrderState::clientOrderId)
                    .containsExactly("second", "third", "pending");
        }
    }

    @Test
    void endedOrdersOfAnyAgeAreKeptOnRequest() {
        OrderLogConfig config = OrderLogConfig.builder(
                        Logs.small(heap).wallClockNanos(wall::get).build())
                .keepEndedOrdersOfAnyAge()
                .intervalClockNanos(interval::get)
                .build();
        try (OrderLog log = OrderLog.open(config)) {
            trade(log, "old");
            pass(3650 * DAY);
            trade(log, "new");
            log.checkpoint();
            assertThat(log.store().count()).isEqualTo(2);
        }
    }
}
