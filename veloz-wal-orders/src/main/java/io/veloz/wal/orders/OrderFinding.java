package io.veloz.wal.orders;

/**
 * An event that contradicts the state of its order. Immutable.
 *
 * @param sequence sequence of the record that contains the event
 * @param text describes the contradiction and how the event was handled
 */
public record OrderFinding(long sequence, String clientOrderId, Kind kind, String text) {

    /** The kinds of contradictions. */
    public enum Kind {
        /** The event has no client order id. It was ignored. */
        EMPTY_ID,
        /** An update, fill or cancel without a preceding OrderNew. It was applied. */
        UNKNOWN_ORDER,
        /** A second OrderNew for an order that has not ended. Its parameters replaced the first ones. */
        DUPLICATE_ORDER,
        /** An OrderNew with the id of an order that has ended. It created a new order. */
        REUSED_ID,
        /** A fill, or a late OrderNew, for a different symbol. A fill was counted; the symbol of the OrderNew stays. */
        OTHER_SYMBOL,
        /** A fill with a trade id that had already been counted. It was ignored. */
        DUPLICATE_TRADE,
        /** A status that cannot follow the previous one. */
        ILLEGAL_TRANSITION,
        /** A fill after the order had ended. It was counted; the status stays. */
        FILL_AFTER_TERMINAL,
        /** More was executed than ordered. It was counted. */
        OVERFILL,
        /** A quantity that is NaN, infinite, or not positive. It was ignored. */
        BAD_QUANTITY,
        /** A price that is NaN or infinite. */
        BAD_PRICE
    }
}
