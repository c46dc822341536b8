package io.veloz.wal.orders;

import io.veloz.wal.internal.EpochNanos;
import java.time.Instant;
import java.util.Optional;

/**
 * A status report of the venue, or of the engine itself, for an order. Immutable. An empty text means "not reported" and
 * changes nothing.
 *
 * @param eventNanos the venue's time in nanoseconds since 1970; 0 or less if not known. For information only: it never
 *     affects the order of events
 */
public record OrderUpdate(String clientOrderId, String venueOrderId, String status, String reason, long eventNanos)
        implements OrderEvent {

    /** Throws {@link IllegalArgumentException} if a text is null or cannot be encoded. */
    public OrderUpdate {
        clientOrderId = OrderText.checked("clientOrderId", clientOrderId);
        venueOrderId = OrderText.checked("venueOrderId", venueOrderId);
        status = OrderText.checked("status", status);
        reason = OrderText.checked("reason", reason);
    }

    /** Creates the event with the venue's time as an {@link Instant}. */
    public OrderUpdate(String clientOrderId, String venueOrderId, String status, String reason, Instant eventTime) {
        this(
                clientOrderId,
                venueOrderId,
                status,
                reason,
                EpochNanos.of("eventTime", OrderText.requirePresent("eventTime", eventTime)));
    }

    /** The venue's time; empty if not known. */
    public Optional<Instant> eventTime() {
        return EpochNanos.known(eventNanos);
    }

    @Override
    public int recordType() {
        return OrderCodec.ORDER_UPDATE;
    }
}
