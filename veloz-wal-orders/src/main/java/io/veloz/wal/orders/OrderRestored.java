package io.veloz.wal.orders;

/**
 * The complete state of one order, which replaces whatever was known of it. Immutable. Used where the events that led to
 * the state are gone, but a checkpoint of an old log still has it.
 */
public record OrderRestored(OrderState state) implements OrderEvent {

    /** Throws {@link IllegalArgumentException} if the state is null. */
    public OrderRestored {
        OrderText.requirePresent("state", state);
    }

    @Override
    public int recordType() {
        return OrderCodec.ORDER_RESTORED;
    }
}
