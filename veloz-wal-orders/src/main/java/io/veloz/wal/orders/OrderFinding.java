package io.veloz.wal.orders;

/**
 * One event that contradicts what was known of its order. Immutable. Its text names what was done about the event.
 *
 * @param sequence the record of the event
 */
public record OrderFinding(long sequence, String clientOrderId, Kind kind, String text) {

    /** What does not fit. */
    public enum Kind {
        /** The event names no order. It was ignored. */
        EMPTY_ID,
        /** An update, fill or cancel came without an OrderNew before it. It was kept. */
        UNKNOWN_ORDER,
        /** A second OrderNew for an order that has not ended. Its parameters replaced the first ones. */
        DUPLICATE_ORDER,
        /** An OrderNew with the id of an order that has ended. It began a new order. */
        REUSED_ID,
        /** A fill, or a late OrderNew, for another symbol. A fill was counted; the symbol of the OrderNew stays. */
        OTHER_SYMBOL,
        /** A fill with a trade id that was counted already. It was ignored. */
        DUPLICATE_TRADE,
        /** A status that cannot follow the one before. */
        ILLEGAL_TRANSITION,
        /** A fill after the order had ended. It was counted; the status stays. */
        FILL_AFTER_TERMINAL,
        /** More was executed than was ordered. It was counted. */
        OVERFILL,
        /** A quantity that is no number, not finite, or not positive. It was ignored. */
        BAD_QUANTITY,
        /** A price that is no number or not finite. */
        BAD_PRICE
    }
}
