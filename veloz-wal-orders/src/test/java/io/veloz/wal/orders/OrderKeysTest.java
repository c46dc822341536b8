package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.spi.RecordKeys;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OrderKeysTest {
    private final OrderKeys keys = new OrderKeys();

    private List<String> keysOf(OrderEvent event) {
        return keysOf(event.recordType(), new OrderCodec().encode(event));
    }

    private List<String> keysOf(int type, ByteBuffer payload) {
        List<String> found = new ArrayList<>();
        keys.find(type, payload, key -> found.add(new String(key, StandardCharsets.UTF_8)));
        return found;
    }

    @Test
    void keysAreTheIdsOfTheClientAndOfTheVenue() {
        assertThat(keysOf(OrderNew.limit("Ä-1", "BTCUSDT", Side.BUY, 2, 50000.5)))
                .containsExactly("Ä-1");
        assertThat(keysOf(new OrderUpdate("A", "V-1", "ACKED", "", 1))).containsExactly("A", "V-1");
        assertThat(keysOf(new OrderUpdate("A", "", "REJECTED", "", 1))).containsExactly("A");
        assertThat(keysOf(OrderFill.of("A", "BTCUSDT", 0.5, 50000.25, 17))).containsExactly("A");
        assertThat(keysOf(new OrderCancel("A", "user", 20))).containsExactly("A");
        OrderState state = OrderState.builder("A")
                .symbol("S")
                .side(Side.BUY)
                .venueOrderId("V-1")
                .build();
        assertThat(keysOf(new OrderRestored(state))).containsExactly("A", "V-1");
    }

    @Test
    void otherRecordsHaveNoKeys() {
        assertThat(keysOf(new Checkpoint(1, 2, 3))).isEmpty();
        ByteBuffer payload = new OrderCodec().encode(new OrderCancel("A", "user", 20));
        assertThat(keysOf(100, payload)).isEmpty();
        assertThat(keysOf(0xFF00, payload)).as("an event of a later version").isEmpty();
        assertThat(keysOf(OrderCodec.ORDER_CANCEL, ByteBuffer.wrap(new byte[] {1, 2})))
                .isEmpty();
    }

    @Test
    void nameIdentifiesTheKeys() {
        // Archives contain indexes under this name: other keys need another one.
        assertThat(keys.name()).isEqualTo("orders-1").matches(RecordKeys.NAME);
    }
}
