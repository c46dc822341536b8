package io.veloz.wal.orders;

import io.veloz.wal.internal.EpochNanos;
import java.time.Instant;
import java.util.Optional;

/**
 * The cancellation of an order. Immutable.
 *
 * @param eventNanos the venue's time in nanoseconds since 1970; 0 or less if not known. For information only: it never
 *     affects the order of events
 */
public record OrderCancel(String clientOrderId, String reason, long eventNanos) implements OrderEvent {

    /** Throws {@link IllegalArgumentException} if a text is null or cannot be encoded. */
    public OrderCancel {
        clientOrderId = OrderText.checked("clientOrderId", clientOrderId);
        reason = OrderText.checked("reason", reason);
    }

    /** Creates the event with the venue's time as an {@link Instant}. */
    public OrderCancel(String clientOrderId, String reason, Instant eventTime) {
        this(clientOrderId, reason, EpochNanos.of("eventTime", OrderText.requirePresent("eventTime", eventTime)));
    }

    /** The venue's time; empty if not known. */
    public Optional<Instant> eventTime() {
        return EpochNanos.known(eventNanos);
    }

    @Override
    public int recordType() {
        return OrderCodec.ORDER_CANCEL;
    }
}
