package io.veloz.wal.legacy;

import io.veloz.wal.legacy.EntryDecoder.CheckpointOrder;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.Side;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The engine's own order store, including its bugs. Separate from {@link io.veloz.wal.orders.OrderStore}, which has
 * none of them. Not thread-safe.
 */
final class EngineStore {
    private final Map<String, EngineOrder> orders = new LinkedHashMap<>();
    private final boolean isB;

    EngineStore(LegacyMode mode) {
        this.isB = mode == LegacyMode.LEGACY_B;
    }

    /** Applies one entry. Unknown types and rotations change nothing. */
    void apply(EntryHeader entry, PayloadFields in) {
        switch (entry.type()) {
            case EntryHeader.ORDER_NEW -> applyNew(in, entry.timestampNanos());
            case EntryHeader.ORDER_UPDATE -> applyUpdate(in.text(), in.text(), in.text(), in.text(), in.i64());
            case EntryHeader.ORDER_FILL -> applyFill(in.text(), in.text(), in.f64(), in.f64(), in.i64());
            case EntryHeader.ORDER_CANCEL -> applyCancel(in.text(), in.text(), in.i64());
            case EntryHeader.CHECKPOINT -> applyCheckpoint(in, entry.timestampNanos());
            default -> {}
        }
    }

    List<OrderState> orders() {
        return orders.values().stream().map(EngineOrder::state).toList();
    }

    private void applyNew(PayloadFields in, long now) {
        String id = in.text();
        String symbol = in.text();
        int side = in.u8();
        in.u8();
        in.u8();
        double quantity = in.f64();
        int hasLimit = in.u8();
        double limit = in.f64();
        if (id.isEmpty() || (isB && orders.containsKey(id))) {
            return;
        }
        order(id).noteParams(symbol, side == 1 ? "SELL" : "BUY", quantity, hasLimit != 0 ? limit : null, now);
    }

    private void applyUpdate(String id, String venueOrderId, String status, String reason, long nanos) {
        if (!id.isEmpty() && !isLate(id, nanos)) {
            order(id).update("", venueOrderId, status, reason, nanos);
        }
    }

    private void applyFill(String id, String symbol, double quantity, double price, long nanos) {
        // As in the engine: NaN is not <= 0, so it counts.
        if (!id.isEmpty() && !isLate(id, nanos) && !(quantity <= 0.0)) {
            order(id).fill(symbol, quantity, price, nanos);
        }
    }

    private void applyCancel(String id, String reason, long nanos) {
        if (isB && !id.isEmpty() && !isLate(id, nanos)) {
            order(id).update("", "", "CANCELED", reason, nanos);
        }
    }

    private void applyCheckpoint(PayloadFields in, long now) {
        orders.clear();
        long count = in.u32();
        for (long i = 0; i < count && in.remaining() > 0; i++) {
            CheckpointOrder saved = CheckpointOrder.read(in);
            if (saved.clientOrderId().isEmpty()) {
                continue;
            }
            EngineOrder order = order(saved.clientOrderId());
            order.noteParams(
                    saved.symbol(),
                    saved.side().equals("SELL") ? "SELL" : "BUY",
                    saved.hasQuantity() != 0 ? saved.quantity() : 0.0,
                    saved.hasLimit() != 0 ? saved.limit() : null,
                    now);
            order.update(saved.side(), saved.venueOrderId(), saved.status(), saved.reason(), saved.lastNanos());
            if (saved.executed() > 0.0) {
                // The engine passes a moved-from symbol here, which is empty.
                order.fill("", saved.executed(), saved.average(), saved.lastNanos());
            }
        }
    }

    private boolean isLate(String id, long nanos) {
        @Nullable EngineOrder known = orders.get(id);
        return isB && known != null && nanos > 0 && known.lastNanos() > 0 && nanos <= known.lastNanos();
    }

    private EngineOrder order(String id) {
        return orders.computeIfAbsent(id, EngineOrder::new);
    }

    /** One order in the engine's own store. Not thread-safe. */
    private static final class EngineOrder {
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

        /** @param now replaces the engine's wall clock, which the engine reads during its replay */
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
}
