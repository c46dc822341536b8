package io.veloz.wal.orders;

import org.jspecify.annotations.Nullable;

/**
 * A new order, as it was sent to the venue. Immutable.
 *
 * @param type null if an old log does not contain it
 * @param timeInForce null if an old log does not contain it
 * @param limitPrice null for an order without a limit
 */
public record OrderNew(
        String clientOrderId,
        String symbol,
        Side side,
        @Nullable OrderType type,
        @Nullable TimeInForce timeInForce,
        double quantity,
        @Nullable Double limitPrice,
        boolean reduceOnly,
        boolean postOnly)
        implements OrderEvent {

    /** Throws {@link IllegalArgumentException} if a text or the side is null, or a text cannot be encoded. */
    public OrderNew {
        clientOrderId = OrderText.checked("clientOrderId", clientOrderId);
        symbol = OrderText.checked("symbol", symbol);
        OrderText.requirePresent("side", side);
    }

    /** Returns a limit order, good till canceled. */
    public static OrderNew limit(String clientOrderId, String symbol, Side side, double quantity, double limitPrice) {
        return new OrderNew(
                clientOrderId, symbol, side, OrderType.LIMIT, TimeInForce.GTC, quantity, limitPrice, false, false);
    }

    /** Returns a market order, good till canceled. */
    public static OrderNew market(String clientOrderId, String symbol, Side side, double quantity) {
        return new OrderNew(
                clientOrderId, symbol, side, OrderType.MARKET, TimeInForce.GTC, quantity, null, false, false);
    }

    public OrderNew withTimeInForce(TimeInForce changed) {
        return new OrderNew(clientOrderId, symbol, side, type, changed, quantity, limitPrice, reduceOnly, postOnly);
    }

    public OrderNew withReduceOnly(boolean changed) {
        return new OrderNew(clientOrderId, symbol, side, type, timeInForce, quantity, limitPrice, changed, postOnly);
    }

    public OrderNew withPostOnly(boolean changed) {
        return new OrderNew(clientOrderId, symbol, side, type, timeInForce, quantity, limitPrice, reduceOnly, changed);
    }

    @Override
    public int recordType() {
        return OrderCodec.ORDER_NEW;
    }
}
