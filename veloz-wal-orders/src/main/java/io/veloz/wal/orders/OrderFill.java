package io.veloz.wal.orders;

/**
 * An execution: so much at this price. Immutable.
 *
 * @param tradeId the venue's id of the trade, by which a second delivery is recognised; empty if not known
 * @param fee what the venue charged, in {@code feeCurrency}; 0 if not known
 * @param feeCurrency empty if not known
 * @param eventNanos the venue's time in nanoseconds since 1970, 0 or less if not known; information only, never order
 */
public record OrderFill(
        String clientOrderId,
        String symbol,
        double quantity,
        double price,
        long eventNanos,
        String tradeId,
        double fee,
        String feeCurrency)
        implements OrderEvent {

    /** Throws {@link IllegalArgumentException} if a text is null or cannot be written. */
    public OrderFill {
        clientOrderId = OrderText.checked("clientOrderId", clientOrderId);
        symbol = OrderText.checked("symbol", symbol);
        tradeId = OrderText.checked("tradeId", tradeId);
        feeCurrency = OrderText.checked("feeCurrency", feeCurrency);
    }

    /** A fill without trade id and fee. */
    public static OrderFill of(String clientOrderId, String symbol, double quantity, double price, long eventNanos) {
        return new OrderFill(clientOrderId, symbol, quantity, price, eventNanos, "", 0.0, "");
    }

    public OrderFill withTradeId(String changed) {
        return new OrderFill(clientOrderId, symbol, quantity, price, eventNanos, changed, fee, feeCurrency);
    }

    public OrderFill withFee(double changed, String currency) {
        return new OrderFill(clientOrderId, symbol, quantity, price, eventNanos, tradeId, changed, currency);
    }

    @Override
    public int recordType() {
        return OrderCodec.ORDER_FILL;
    }
}
