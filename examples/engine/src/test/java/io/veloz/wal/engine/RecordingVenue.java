package io.veloz.wal.engine;

import io.veloz.wal.orders.OrderNew;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A venue that never replies and records all requests. */
final class RecordingVenue implements Venue {
    final List<String> sent = new CopyOnWriteArrayList<>();
    final List<String> cancels = new CopyOnWriteArrayList<>();

    @Override
    public void send(OrderNew order) {
        sent.add(order.clientOrderId());
    }

    @Override
    public void cancel(String clientOrderId) {
        cancels.add(clientOrderId);
    }
}
