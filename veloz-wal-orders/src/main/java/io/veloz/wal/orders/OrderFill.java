package io.veloz.wal.orders;

import io.veloz.wal.internal.EpochNanos;
import java.time.Instant;
import java.util.Optional;

/**
 * An execution: a quantity that was traded at a price. Immutable.
 *
 * @param eventNanos the venue's time in nanoseconds since 1970; 0 or less if not known. For information only: it never
 *     affects the order of events
 * @param tradeId the venue's trade id, which identifies duplicate deliveries; empty if not known
 * @param fee the venue's fee in {@code feeCurrency}; 0 if not known
 * @param feeCurrency empty if not known
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

    /** Throws {@link IllegalArgumentException} if a text is null or cannot be encoded. */
    public OrderFill {
        clientOrderId = OrderText.checked("clientOrderId", clientOrderId);
        symbol = OrderText.checked("symbol", symbol);
        tradeId = OrderText.checked("tradeId", tradeId);
        feeCurrency = OrderText.checked("feeCurrency", feeCurrency);
    }

    /** Returns a fill without trade id and fee. */
    public static OrderFill of(String clientOrderId, String symbol, double quantity, double price, long eventNanos) {
        return new OrderFill(clientOrderId, symbol, quantity, price, eventNanos, "", 0.0, "");
    }

    /** Returns a fill without trade id and fee, with the venue's time as an {@link Instant}. */
    public static OrderFill of(String clientOrderId, String symbol, double quantity, double price, Instant eventTime) {
        return of(
                clientOrderId,
                symbol,
                quantity,
                price,
                EpochNanos.of("eventTime", OrderText.requirePresent("eventTime", eventTime)));
    }

    /** The venue's time; empty if not known. */
    public Optional<Instant> eventTime() {
        return EpochNanos.known(eventNanos);
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
