package io.veloz.wal.http;

import io.veloz.wal.http.LogState.Mode;
import io.veloz.wal.orders.OrderSnapshot;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderStore;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Answers {@code /api/orders_state}: all orders at one sequence, oldest first, with the field names of the tool's
 * {@code orders} command. The response is written order by order, so its memory does not depend on their number. Thread-safe.
 */
final class OrdersEndpoint implements Router.Endpoint {
    private final Supplier<Optional<OrderStore>> orders;
    private final Supplier<LogState> log;

    OrdersEndpoint(Supplier<Optional<OrderStore>> orders, Supplier<LogState> log) {
        this.orders = orders;
        this.log = log;
    }

    @Override
    public Response respond() {
        LogState state = log.get();
        Optional<OrderStore> store = orders.get();
        if (store.isEmpty()) {
            return Response.text(503, "no orders: " + state.reason());
        }
        OrderSnapshot snapshot = store.get().snapshot();
        boolean readOnly = state.mode() == Mode.READ_ONLY;
        return Response.json(200, out -> write(snapshot, readOnly, out));
    }

    private static void write(OrderSnapshot snapshot, boolean readOnly, OutputStream out) throws IOException {
        List<OrderState> orders = snapshot.orders();
        long terminal = orders.stream().filter(OrderState::terminal).count();
        Writer writer = new OutputStreamWriter(out, StandardCharsets.US_ASCII);
        Json json = new Json(writer).object();
        json.field("read_only", readOnly);
        json.field("applied_sequence", snapshot.coveredSequence());
        json.field("count", orders.size());
        json.field("count_pending", orders.size() - terminal);
        json.field("count_terminal", terminal);
        json.array("items");
        orders.forEach(order -> write(json, order));
        json.endArray().endObject();
        writer.write('\n');
        writer.flush();
    }

    private static void write(Json json, OrderState order) {
        json.object()
                .field("client_order_id", order.clientOrderId())
                .field("symbol", order.symbol())
                .field("side", order.side() == null ? "" : order.side().name())
                .field("order_qty", order.orderQuantity())
                .field("limit_price", order.limitPrice())
                .field("executed_qty", Double.valueOf(order.executedQuantity()))
                .field("avg_price", Double.valueOf(order.averagePrice()))
                .field("venue_order_id", order.venueOrderId())
                .field("status", order.status())
                .field("reason", order.reason())
                .field("last_ts_ns", order.lastEventNanos())
                .field("created_ts_set", order.createdNanos() != 0)
                .endObject();
    }
}
