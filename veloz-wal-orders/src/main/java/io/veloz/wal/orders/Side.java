package io.veloz.wal.orders;

/** The side of an order. Immutable. */
public enum Side {
    BUY,
    SELL
}
