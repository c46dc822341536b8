package io.veloz.wal.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.WalReader;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderUpdate;
import io.veloz.wal.orders.Side;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WrittenEventsTest {
    private static final List<OrderEvent> EVENTS = List.of(
            OrderNew.limit("a", "BTCUSDT", Side.BUY, 1.0, 10.0),
            OrderNew.limit("b", "BTCUSDT", Side.BUY, 1.0, 10.0),
            new OrderUpdate("a", "V1", "ACCEPTED", "", 1),
            OrderFill.of("a", "BTCUSDT", 1.0, 10.0, 2));

    @TempDir
    Path dir;

    private WrittenEvents written(OrderEvent... events) {
        try (OrderLog log = OrderLog.open(OrderLogConfig.builder(dir).build())) {
            for (OrderEvent event : events) {
                log.appendDurable(event);
            }
            log.checkpoint();
            try (WalReader reader = log.wal().reader()) {
                return WrittenEvents.in(reader, EVENTS);
            }
        }
    }

    @Test
    void ordersMayBeInterleaved() {
        WrittenEvents written = written(EVENTS.get(1), EVENTS.get(0), EVENTS.get(2));
        assertThat(written.problems(List.of(new Acknowledged(1, 1, 0), new Acknowledged(0, 2, 0))))
                .isEmpty();
        assertThat(written.count()).isEqualTo(3);
        assertThat(written.missingByOrder()).containsExactly(List.of(3), List.of());
    }

    @Test
    void lostAcknowledgedEventIsReported() {
        assertThat(written(EVENTS.get(0)).problems(List.of(new Acknowledged(0, 1, 0), new Acknowledged(1, 7, 0))))
                .containsExactly("event 1 was acknowledged as record 7; found: nothing");
    }

    @Test
    void acknowledgedEventAtAWrongSequenceIsReported() {
        assertThat(written(EVENTS.get(0)).problems(List.of(new Acknowledged(1, 1, 0))))
                .containsExactly("event 1 was acknowledged as record 1; found: event 0");
    }

    @Test
    void eventWrittenTwiceIsReported() {
        assertThat(written(EVENTS.get(1), EVENTS.get(1)).problems(List.of()))
                .singleElement()
                .asString()
                .startsWith("record 2 is an unexpected event of order b");
    }

    @Test
    void eventOutOfOrderIsReported() {
        assertThat(written(EVENTS.get(0), EVENTS.get(3)).problems(List.of()))
                .singleElement()
                .asString()
                .startsWith("record 2 is OrderFill")
                .contains("expected OrderUpdate");
    }

    @Test
    void unknownOrderIsReported() {
        assertThat(written(OrderNew.market("c", "BTCUSDT", Side.SELL, 1.0)).problems(List.of()))
                .singleElement()
                .asString()
                .startsWith("record 1 is an unexpected event of order c");
    }
}
