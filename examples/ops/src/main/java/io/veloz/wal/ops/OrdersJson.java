package io.veloz.wal.ops;

import io.veloz.wal.orders.OrderState;
import java.util.List;

/** Prints orders as JSON in the format of the engine's tools. Stateless. */
final class OrdersJson {
    private OrdersJson() {}

    static void writeCounts(Json json, List<OrderState> orders) {
        long terminal = orders.stream().filter(OrderState::terminal).count();
        json.field("count", orders.size());
        json.field("count_pending", orders.size() - terminal);
        json.field("count_terminal", terminal);
    }

    /** Writes one order per line. */
    static void writeOrders(Json json, Output out, List<OrderState> orders) {
        json.name("orders").array();
        for (OrderState order : orders) {
            json.newLine();
            write(json, order);
        }
        out.character('\n');
        json.endArray();
    }

    private static void write(Json json, OrderState order) {
        json.object().name("client_order_id").value(order.clientOrderId());
        json.name("symbol").value(order.symbol());
        json.field("side", order.side() == null ? "" : order.side().name());
        json.name("order_qty").value(order.orderQuantity());
        json.name("limit_price").value(order.limitPrice());
        json.name("executed_qty").value(Double.valueOf(order.executedQuantity()));
        json.name("avg_price").value(Double.valueOf(order.averagePrice()));
        json.name("venue_order_id").value(order.venueOrderId());
        json.name("status").value(order.status());
        json.name("reason").value(order.reason());
        json.field("last_ts_ns", order.lastEventNanos());
        json.field("created_ts_set", order.createdNanos() != 0);
        json.endObject();
    }
}
