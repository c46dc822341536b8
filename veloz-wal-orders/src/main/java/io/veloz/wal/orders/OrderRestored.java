package io.veloz.wal.orders;

/**
 * The complete state of one order, which replaces its previous state. Immutable. An import uses it for orders whose events
 * are missing in the old log, but whose state is in one of its checkpoints.
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
