package io.veloz.wal.ops;

import io.veloz.wal.orders.Checkpoint;
import io.veloz.wal.orders.OrderCancel;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderRestored;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderUpdate;
import java.util.Locale;

/** Lists the fields of each event. Stateless. */
final class EventFields {
    private EventFields() {}

    static void write(OrderEvent event, Fields to) {
        if (event instanceof OrderNew placed) {
            write(placed, to);
        } else if (event instanceof OrderUpdate update) {
            to.text("client_order_id", update.clientOrderId());
            to.text("venue_order_id", update.venueOrderId());
            to.text("status", update.status());
            to.text("reason", update.reason());
            to.whole("event_ts_ns", update.eventNanos());
        } else if (event instanceof OrderFill fill) {
            write(fill, to);
        } else if (event instanceof OrderCancel cancel) {
            to.text("client_order_id", cancel.clientOrderId());
            to.text("reason", cancel.reason());
            to.whole("event_ts_ns", cancel.eventNanos());
        } else if (event instanceof Checkpoint checkpoint) {
            to.whole("covered_sequence", checkpoint.coveredSequence());
            to.whole("order_count", checkpoint.orderCount());
            to.text("digest", String.format(Locale.ROOT, "%08x", checkpoint.digest()));
        } else if (event instanceof OrderRestored restored) {
            write(restored.state(), to);
        }
    }

    private static void write(OrderNew placed, Fields to) {
        to.text("client_order_id", placed.clientOrderId());
        to.text("symbol", placed.symbol());
        to.constant("side", placed.side());
        to.constant("order_type", placed.type());
        to.constant("time_in_force", placed.timeInForce());
        to.number("order_qty", placed.quantity());
        to.number("limit_price", placed.limitPrice());
        to.flag("reduce_only", placed.reduceOnly());
        to.flag("post_only", placed.postOnly());
    }

    private static void write(OrderFill fill, Fields to) {
        to.text("client_order_id", fill.clientOrderId());
        to.text("symbol", fill.symbol());
        to.number("qty", fill.quantity());
        to.number("price", fill.price());
        to.whole("event_ts_ns", fill.eventNanos());
        to.text("trade_id", fill.tradeId());
        to.number("fee", fill.fee());
        to.text("fee_currency", fill.feeCurrency());
    }

    private static void write(OrderState state, Fields to) {
        to.text("client_order_id", state.clientOrderId());
        to.text("symbol", state.symbol());
        to.constant("side", state.side());
        to.number("order_qty", state.orderQuantity());
        to.number("limit_price", state.limitPrice());
        to.number("executed_qty", state.executedQuantity());
        to.number("avg_price", state.averagePrice());
        to.text("venue_order_id", state.venueOrderId());
        to.text("status", state.status());
        to.text("reason", state.reason());
        to.whole("last_ts_ns", state.lastEventNanos());
    }
}
