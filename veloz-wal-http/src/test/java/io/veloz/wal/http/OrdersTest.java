package io.veloz.wal.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderStore;
import io.veloz.wal.orders.OrderUpdate;
import io.veloz.wal.orders.Side;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class OrdersTest {
    private static OrderStore store() {
        OrderStore store = new OrderStore();
        store.apply(1, 10, OrderNew.limit("a", "BTCUSDT", Side.BUY, 0.1, 50_000.25));
        store.apply(2, 20, OrderFill.of("a", "BTCUSDT", 0.1, 50_000.125, 7));
        store.apply(3, 30, OrderNew.limit("b", "ETHUSDT", Side.SELL, 3, 1e-9));
        return store;
    }

    @Test
    void ordersAreListedAtOneSequence() throws Exception {
        try (WalHttpServer server =
                Client.server().log(() -> LogState.readOnly(3)).orders(store()).start()) {
            Client.Reply reply = Client.get(server, "/api/orders_state");
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.headers().firstValue("Content-Type")).contains("application/json");
            JsonNode json = reply.json();
            assertThat(json.get("read_only").asBoolean()).isTrue();
            assertThat(json.get("applied_sequence").asLong()).isEqualTo(3);
            assertThat(json.get("count").asInt()).isEqualTo(2);
            assertThat(json.get("count_pending").asInt()).isEqualTo(1);
            assertThat(json.get("count_terminal").asInt()).isEqualTo(1);
            assertThat(json.get("items").findValuesAsText("client_order_id")).containsExactly("a", "b");
            JsonNode a = json.get("items").get(0);
            assertThat(a.get("symbol").asText()).isEqualTo("BTCUSDT");
            assertThat(a.get("side").asText()).isEqualTo("BUY");
            assertThat(a.get("order_qty").asDouble()).isEqualTo(0.1);
            assertThat(a.get("limit_price").asDouble()).isEqualTo(50_000.25);
            assertThat(a.get("executed_qty").asDouble()).isEqualTo(0.1);
            assertThat(a.get("avg_price").asDouble())
                    .isEqualTo(store().get("a").orElseThrow().averagePrice());
            assertThat(a.get("status").asText()).isEqualTo("FILLED");
            assertThat(a.get("last_ts_ns").asLong()).isEqualTo(7);
            assertThat(json.get("items").get(1).get("limit_price").asDouble()).isEqualTo(1e-9);
        }
    }

    @Test
    void ordersOfAnOpenLogAreNotReadOnly() throws Exception {
        try (WalHttpServer server = Client.server().orders(store()).start()) {
            assertThat(Client.get(server, "/api/orders_state")
                            .json()
                            .get("read_only")
                            .asBoolean())
                    .isFalse();
        }
    }

    @Test
    void ordersAreUnavailableWhileTheLogIsReplayed() throws Exception {
        try (WalHttpServer server = Client.server().start()) {
            Client.Reply reply = Client.get(server, "/api/orders_state");
            assertThat(reply.status()).isEqualTo(503);
            assertThat(reply.body()).isEqualTo("no orders: the log is being replayed\n");
        }
    }

    @Test
    void hostileTextsAreEscaped() throws Exception {
        String hostile = "</script><img src=x onerror=alert(1)>\"\\\u0000\n\u2028ü\uD83D\uDE00";
        OrderStore store = store();
        store.apply(4, 40, new OrderUpdate("b", "v-1", "REJECTED", hostile, 1));
        try (WalHttpServer server = Client.server().orders(store).start()) {
            Client.Reply reply = Client.get(server, "/api/orders_state");
            assertThat(reply.body()).doesNotContain("<", ">", "\u2028");
            assertThat(reply.json().get("items").get(1).get("reason").asText()).isEqualTo(hostile);
        }
    }

    @Test
    void numbersThatJsonDoesNotHaveAreStrings() throws Exception {
        StringBuilder text = new StringBuilder();
        new Json(text)
                .object()
                .field("a", Double.valueOf(Double.NaN))
                .field("b", Double.valueOf(Double.NEGATIVE_INFINITY))
                .field("c", (Double) null)
                .field("d", (String) null)
                .endObject();
        assertThat(text).hasToString("{\"a\":\"NaN\",\"b\":\"-Infinity\",\"c\":null,\"d\":null}");
    }

    @Test
    void manyOrdersAreComplete() throws Exception {
        OrderStore store = new OrderStore();
        for (int i = 1; i <= 20_000; i++) {
            store.apply(i, i, OrderNew.limit("order-" + i, "BTCUSDT", Side.BUY, i, i / 7.0));
        }
        try (WalHttpServer server = Client.server().orders(store).start()) {
            JsonNode items = Client.get(server, "/api/orders_state").json().get("items");
            assertThat(items).hasSize(20_000);
            int i = 0;
            for (OrderState order : store.orders()) {
                assertThat(items.get(i).get("client_order_id").asText()).isEqualTo(order.clientOrderId());
                assertThat(items.get(i).get("limit_price").asDouble()).isEqualTo(order.limitPrice());
                i++;
            }
        }
    }
}
