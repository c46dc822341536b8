package io.veloz.wal.engine;

import io.veloz.wal.orders.OrderNew;

/** A venue that receives orders and never replies: the example engine trades nowhere. */
final class PaperVenue implements Venue {
    @Override
    public void send(OrderNew order) {}

    @Override
    public void cancel(String clientOrderId) {}
}
