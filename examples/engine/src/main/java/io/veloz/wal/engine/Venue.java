package io.veloz.wal.engine;

import io.veloz.wal.orders.OrderNew;

/** The connection to an exchange. Called on the threads that place and cancel orders, so it must be thread-safe. */
public interface Venue {
    /** Sends an order, which is already durable. */
    void send(OrderNew order);

    /** Requests the cancellation of an order. */
    void cancel(String clientOrderId);
}
