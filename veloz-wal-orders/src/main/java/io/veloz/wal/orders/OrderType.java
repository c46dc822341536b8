package io.veloz.wal.orders;

/** How an order is priced. Immutable. */
public enum OrderType {
    MARKET,
    LIMIT
}
