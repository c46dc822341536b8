package io.veloz.wal.orders;

/** How long an order stays open at the venue. Immutable. */
public enum TimeInForce {
    /** Good till canceled. */
    GTC,
    /** Immediate or cancel. */
    IOC,
    /** Fill or kill. */
    FOK,
    /** Good till crossing: post only. */
    GTX
}
