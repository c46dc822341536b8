package io.veloz.wal.legacy;

import io.veloz.wal.orders.OrderState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The engine's replay into its store, entry by entry and mistakes included. For one thread. Kept apart from the real
 * store, which would only get worse by it.
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
        // Written as the engine writes it: NaN is not <= 0, so it counts.
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
                // The symbol was moved away before, so the engine passes an empty one here.
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
}
