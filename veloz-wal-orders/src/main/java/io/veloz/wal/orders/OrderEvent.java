package io.veloz.wal.orders;

/**
 * Something that happened to an order, stored as one record of the log. Immutable and thread-safe.
 *
 * <p>Texts may contain bytes that are not valid UTF-8, escaped as described in {@link OrderText}. Numbers are IEEE
 * doubles and keep every bit.
 */
public sealed interface OrderEvent permits OrderNew, OrderUpdate, OrderFill, OrderCancel, Checkpoint, OrderRestored {

    /** The type of the record that carries this event: 1 to 6. */
    int recordType();
}
