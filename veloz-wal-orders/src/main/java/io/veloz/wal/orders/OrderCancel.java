package io.veloz.wal.orders;

/**
 * The end of an order by cancellation. Immutable.
 *
 * @param eventNanos the venue's time in nanoseconds since 1970, 0 or less if not known; information only, never order
 */
public record OrderCancel(String clientOrderId, String reason, long eventNanos) implements OrderEvent {

    /** Throws {@link IllegalArgumentException} if a text is null or cannot be written. */
    public OrderCancel {
        clientOrderId = OrderText.checked("clientOrderId", clientOrderId);
        reason = OrderText.checked("reason", reason);
    }

    @Override
    public int recordType() {
        return OrderCodec.ORDER_CANCEL;
    }
}
