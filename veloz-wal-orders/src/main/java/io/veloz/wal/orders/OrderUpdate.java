package io.veloz.wal.orders;

/**
 * What the venue, or the engine itself, said about an order. Immutable. An empty text means "not said" and changes
 * nothing.
 *
 * @param eventNanos the venue's time in nanoseconds since 1970, 0 or less if not known; information only, never order
 */
public record OrderUpdate(String clientOrderId, String venueOrderId, String status, String reason, long eventNanos)
        implements OrderEvent {

    /** Throws {@link IllegalArgumentException} if a text is null or cannot be written. */
    public OrderUpdate {
        clientOrderId = OrderText.checked("clientOrderId", clientOrderId);
        venueOrderId = OrderText.checked("venueOrderId", venueOrderId);
        status = OrderText.checked("status", status);
        reason = OrderText.checked("reason", reason);
    }

    @Override
    public int recordType() {
        return OrderCodec.ORDER_UPDATE;
    }
}
