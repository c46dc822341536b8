package io.veloz.wal.engine;

import io.veloz.wal.orders.OrderNew;

/**
 * The connection to an exchange. One thread calls it, in the order of the log. It must not wait for an order or a cancellation
 * of the same engine, which would leave on that thread.
 */
public interface Venue {
    /** Sends an order, which is durable, or archived if {@link PublishWhen#ARCHIVED} demands it. */
    void send(OrderNew order);

    /** Requests the cancellation of an order. */
    void cancel(String clientOrderId);
}
