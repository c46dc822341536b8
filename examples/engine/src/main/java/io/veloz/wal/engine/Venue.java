package io.veloz.wal.engine;

import io.veloz.wal.orders.OrderNew;

/** The way to the exchange. Called by whichever thread places or cancels; must be safe for all of them. */
public interface Venue {
    /** Sends an order, which is on disk already. */
    void send(OrderNew order);

    /** Asks for an order to be canceled. */
    void cancel(String clientOrderId);
}
