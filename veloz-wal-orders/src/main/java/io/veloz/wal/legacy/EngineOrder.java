package io.veloz.wal.legacy;

import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.Side;
import org.jspecify.annotations.Nullable;

/** One order as the engine's own store keeps it. For one thread. */
final class EngineOrder {
    private final String clientOrderId;
    private String symbol = "";
    private String side = "";
    private @Nullable Double quantity;
    private @Nullable Double limit;
    private double executed;
    private double average;
    private String venueOrderId = "";
    private String status = "";
    private String reason = "";
    private long lastNanos;
    private long createdNanos;

    EngineOrder(String clientOrderId) {
        this.clientOrderId = clientOrderId;
    }

    long lastNanos() {
        return lastNanos;
    }

    /** @param now stands for the engine's wall clock, which it asks while it replays */
    void noteParams(String newSymbol, String newSide, double newQuantity, @Nullable Double newLimit, long now) {
        if (!newSymbol.isEmpty()) {
            // The engine copies the symbol as a C string.
            int end = newSymbol.indexOf('\0');
            symbol = end < 0 ? newSymbol : newSymbol.substring(0, end);
        }
        side = newSide;
        if (newQuantity > 0.0) {
            quantity = newQuantity;
        }
        if (newLimit != null && newLimit > 0.0) {
            limit = newLimit;
        }
        if (createdNanos == 0) {
            createdNanos = Math.max(1, now);
        }
    }

    void update(String newSide, String newVenueOrderId, String newStatus, String newReason, long nanos) {
        side = newSide.isEmpty() ? side : newSide;
        venueOrderId = newVenueOrderId.isEmpty() ? venueOrderId : newVenueOrderId;
        status = newStatus.isEmpty() ? status : newStatus;
        reason = newReason.isEmpty() ? reason : newReason;
        lastNanos = nanos > 0 ? nanos : lastNanos;
    }

    void fill(String newSymbol, double filled, double price, long nanos) {
        symbol = newSymbol.isEmpty() ? symbol : newSymbol;
        double sum = executed + filled;
        double notional = average * executed + price * filled;
        executed = sum;
        average = sum > 0.0 ? notional / sum : 0.0;
        lastNanos = nanos > 0 ? nanos : lastNanos;
        boolean ended = status.equals("CANCELED") || status.equals("REJECTED") || status.equals("EXPIRED");
        if (quantity == null || !(quantity > 0.0) || ended) {
            return;
        }
        if (executed + 1e-12 >= quantity) {
            status = "FILLED";
        } else if (executed > 0.0) {
            status = "PARTIALLY_FILLED";
        }
    }

    OrderState state() {
        return OrderState.builder(clientOrderId)
                .symbol(symbol)
                .side(side.equals("BUY") ? Side.BUY : side.equals("SELL") ? Side.SELL : null)
                .orderQuantity(quantity)
                .limitPrice(limit)
                .executedQuantity(executed)
                .averagePrice(average)
                .venueOrderId(venueOrderId)
                .status(status)
                .rawStatus(status)
                .reason(reason)
                .lastEventNanos(lastNanos)
                .createdNanos(createdNanos)
                .build();
    }
}
