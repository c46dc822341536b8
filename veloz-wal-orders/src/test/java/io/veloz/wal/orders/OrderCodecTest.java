package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.WalVersionException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class OrderCodecTest {
    private static final Map<String, OrderEvent> GOLDEN = new LinkedHashMap<>();

    static {
        GOLDEN.put(
                "OrderNew",
                OrderNew.limit("ORD-1", "BTCUSDT", Side.BUY, 0.5, 50000.25)
                        .withTimeInForce(TimeInForce.GTX)
                        .withPostOnly(true));
        double nan = Double.longBitsToDouble(0x7FF8000000001234L);
        GOLDEN.put("OrderNew-bare", new OrderNew("", "", Side.SELL, null, null, nan, null, false, false));
        GOLDEN.put("OrderUpdate", new OrderUpdate("ORD-1", "V-9", "CANCELLED", "café \uDCFF", 1771113600000000001L));
        GOLDEN.put(
                "OrderFill",
                OrderFill.of("ORD-1", "BTCUSDT", 0.25, -0.0, -1)
                        .withTradeId("T-77")
                        .withFee(0.001, "BNB"));
        GOLDEN.put("OrderCancel", new OrderCancel("ORD-1", "user", 2));
        GOLDEN.put("Checkpoint", new Checkpoint(123456789, 5000, 0xDEADBEEF));
        GOLDEN.put("OrderRestored", new OrderRestored(restored()));
    }

    private final OrderCodec codec = new OrderCodec();

    static OrderState restored() {
        return OrderState.builder("ORD-1")
                .symbol("BTCUSDT")
                .side(Side.SELL)
                .type(OrderType.MARKET)
                .timeInForce(TimeInForce.GTC)
                .reduceOnly(true)
                .orderQuantity(10.5)
                .limitPrice(99.5)
                .executedQuantity(0.5)
                .averagePrice(98)
                .venueOrderId("V-9")
                .status("CANCELED")
                .rawStatus("CANCELLED")
                .reason("user")
                .lastEventNanos(3)
                .createdNanos(1)
                .updatedNanos(4)
                .tradeIds(List.of("T-1", "T-2"))
                .build();
    }

    static String resource(String name) throws IOException {
        try (var stream = OrderCodecTest.class.getClassLoader().getResourceAsStream(name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String hex(OrderEvent event) {
        ByteBuffer payload = codec.encode(event);
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void payloadsOfVersionOneNeverChange() throws IOException {
        int checked = 0;
        for (String line : resource("golden/order-payloads-v1.txt").split("\n")) {
            if (line.startsWith("#")) {
                continue;
            }
            String[] parts = line.split(" ");
            OrderEvent event = GOLDEN.get(parts[0]);
            assertThat(event.recordType()).as(parts[0]).isEqualTo(Integer.parseInt(parts[1]));
            assertThat(hex(event)).as(parts[0]).isEqualTo(parts[2]);
            ByteBuffer payload = ByteBuffer.wrap(HexFormat.of().parseHex(parts[2]));
            assertThat(codec.decode(event.recordType(), payload)).as(parts[0]).isEqualTo(event);
            checked++;
        }
        assertThat(checked).isEqualTo(GOLDEN.size());
    }

    @Test
    void codecWritesTheExampleOfTheFormatPage() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "orders-format.md"));
        String example = page.substring(page.indexOf("```text") + 7, page.lastIndexOf("```"));
        String hex = example.lines()
                .filter(line -> line.length() > 4)
                .map(line -> line.substring(4, Math.min(52, line.length())).replace(" ", ""))
                .collect(Collectors.joining());
        assertThat(hex).isEqualTo(hex(GOLDEN.get("OrderNew")));
    }

    @Test
    void bytesAfterTheLastKnownFieldAreIgnored() {
        for (OrderEvent event : GOLDEN.values()) {
            byte[] bytes = HexFormat.of().parseHex(hex(event) + "0102030405");
            assertThat(codec.decode(event.recordType(), ByteBuffer.wrap(bytes))).isEqualTo(event);
        }
    }

    @Test
    void everyShorterPayloadIsRejected() {
        for (OrderEvent event : GOLDEN.values()) {
            byte[] bytes = HexFormat.of().parseHex(hex(event));
            for (int length = 0; length < bytes.length; length++) {
                ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(bytes, length));
                assertThatThrownBy(() -> codec.decode(event.recordType(), cut)).isInstanceOf(WalVersionException.class);
            }
        }
    }

    private void assertRejected(int type, String hex, String message) {
        assertThatThrownBy(
                        () -> codec.decode(type, ByteBuffer.wrap(HexFormat.of().parseHex(hex))))
                .isInstanceOf(WalVersionException.class)
                .hasMessage(message);
    }

    @Test
    void messagesContainEventFieldAndBothValues() {
        assertRejected(7, "01", "record type: got 7, expected 1 to 6");
        assertRejected(4, "02", "OrderCancel payload, version: got 2, expected 1");
        assertRejected(
                4,
                "01ffffffff",
                "OrderCancel payload, clientOrderId: got a text of 4294967295 bytes, expected at most 0");
        assertRejected(4, "010100", "OrderCancel payload, clientOrderId: got 2 bytes left, expected 4 or more");
        assertRejected(1, "01000000000000000000", "OrderNew payload, side: got 0, expected 1 or 2");
        assertRejected(1, "01000000000000000003", "OrderNew payload, side: got 3, expected 0 to 2");
        assertRejected(
                1, "01000000000000000001000008", "OrderNew payload, flags: got 0x08, expected only bits of 0x07");
        assertRejected(
                5,
                "01ffffffffffffffff0000000000000000",
                "Checkpoint payload, coveredSequence, orderCount: got -1, 0, expected 0 or more");
    }

    @Test
    void countOfTradesIsBoundedByThePayload() {
        String bytes = hex(new OrderRestored(OrderState.builder("A").build()));
        String claimed = bytes.substring(0, bytes.length() - 8) + "ffffff7f";
        assertRejected(6, claimed, "OrderRestored payload, tradeIds: got 2147483647 texts, expected at most 0");
    }

    @Test
    void bufferOfTheCallerIsNotChanged() {
        byte[] bytes = HexFormat.of().parseHex("ffff" + hex(GOLDEN.get("OrderCancel")) + "ff");
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes);
        direct.position(2).limit(bytes.length - 1);
        assertThat(codec.decode(OrderCodec.ORDER_CANCEL, direct.asReadOnlyBuffer()))
                .isEqualTo(GOLDEN.get("OrderCancel"));
        assertThat(codec.decode(OrderCodec.ORDER_CANCEL, direct)).isEqualTo(GOLDEN.get("OrderCancel"));
        assertThat(direct.position()).isEqualTo(2);
        assertThat(direct.limit()).isEqualTo(bytes.length - 1);
    }

    @Test
    void bufferIsReusedForEveryEvent() {
        codec.encode(new OrderCancel("x".repeat(100_000), "", 0));
        assertThat(codec.encode(GOLDEN.get("OrderCancel"))).isSameAs(codec.encode(GOLDEN.get("OrderFill")));
        assertThat(hex(GOLDEN.get("OrderCancel"))).hasSize(2 * (1 + 4 + 5 + 4 + 4 + 8));
    }

    @Test
    void codecMayBeHandedToAnotherThread() throws Exception {
        String here = hex(GOLDEN.get("OrderNew"));
        String[] there = new String[1];
        Thread thread = new Thread(() -> there[0] = hex(GOLDEN.get("OrderNew")));
        thread.start();
        thread.join();
        assertThat(there[0]).isEqualTo(here);
    }
}
