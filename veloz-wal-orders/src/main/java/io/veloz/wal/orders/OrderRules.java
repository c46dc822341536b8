package io.veloz.wal.orders;

import io.veloz.wal.orders.OrderFinding.Kind;
import io.veloz.wal.orders.OrderStatus.Transition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Applies an event to the state of its order: docs/orders-format.md, "Rules for applying events". Confined to the thread
 * that applies events.
 *
 * <p>Events are applied in log order, and the times in them never cause an event to be dropped. An ended order never becomes
 * pending again. A valid fill always counts, and a trade counts once. A contradiction is reported as a finding.
 */
final class OrderRules {
    /** Receives the findings. */
    interface Findings {
        void add(String clientOrderId, Kind kind, String text);
    }

    private final OrderStatus statuses;
    private final Findings findings;

    OrderRules(OrderStatus statuses, Findings findings) {
        this.statuses = statuses;
        this.findings = findings;
    }

    /** Returns why an event, or a number in it, would be ignored; null if the event can be applied completely. */
    static @Nullable String rejectionReason(OrderEvent event) {
        if (event instanceof OrderNew placed) {
            Double limit = placed.limitPrice();
            if (placed.quantity() < 0 || !Double.isFinite(placed.quantity())) {
                return "quantity " + placed.quantity() + ": expected more than 0, or 0 if not known";
            } else if (limit != null && !Double.isFinite(limit)) {
                return "limitPrice " + limit + ": expected a finite number, or null";
            }
            return rejectEmptyId(placed.clientOrderId());
        } else if (event instanceof OrderFill fill) {
            return isUsable(fill.quantity())
                    ? rejectEmptyId(fill.clientOrderId())
                    : "quantity " + fill.quantity() + ": expected a finite number above 0";
        } else if (event instanceof OrderUpdate update) {
            return rejectEmptyId(update.clientOrderId());
        } else if (event instanceof OrderCancel cancel) {
            return rejectEmptyId(cancel.clientOrderId());
        } else if (event instanceof OrderRestored restored) {
            return rejectEmptyId(restored.state().clientOrderId());
        }
        return null;
    }

    private static @Nullable String rejectEmptyId(String clientOrderId) {
        return clientOrderId.isEmpty() ? "clientOrderId is empty: expected the id of an order" : null;
    }

    /** Returns the state after the OrderNew, or null if it changes nothing. */
    @Nullable
    OrderState applyNew(@Nullable OrderState before, long recordNanos, OrderNew event) {
        String id = event.clientOrderId();
        if (hasNoId(id, "OrderNew")) {
            return null;
        }
        OrderState.Builder after = known(before, id);
        boolean created = before == null || before.createdNanos() == 0;
        if (before != null && before.side() != null && before.terminal()) {
            String text = "OrderNew after " + before.status() + "; treated as a new order with the same id";
            findings.add(id, Kind.REUSED_ID, text);
            // Trades of the previous order must not count for this one when they are delivered again.
            after = OrderState.builder(id).tradeIds(before.tradeIds());
            created = true;
        } else if (before != null && before.side() != null) {
            findings.add(id, Kind.DUPLICATE_ORDER, "second OrderNew; its parameters replace the first ones");
        } else if (before != null) {
            reportIfOtherSymbol(before, event.symbol(), "OrderNew", "it replaces the symbol of the earlier events");
        }
        after.side(event.side())
                .type(event.type())
                .timeInForce(event.timeInForce())
                .reduceOnly(event.reduceOnly())
                .postOnly(event.postOnly())
                .updatedNanos(recordNanos);
        if (created) {
            after.createdNanos(recordNanos);
        }
        if (!event.symbol().isEmpty()) {
            after.symbol(event.symbol());
        }
        addQuantityAndLimit(after, event);
        OrderState placed = after.build();
        // Fills that arrived before their OrderNew could not be compared with its quantity.
        return placed.executedQuantity() > 0 ? withFillStatus(placed) : placed;
    }

    private void addQuantityAndLimit(OrderState.Builder after, OrderNew event) {
        String id = event.clientOrderId();
        if (isUsable(event.quantity())) {
            after.orderQuantity(event.quantity());
        } else if (event.quantity() != 0.0) {
            findings.add(id, Kind.BAD_QUANTITY, "OrderNew with quantity " + event.quantity() + "; stored as not known");
        }
        Double limit = event.limitPrice();
        if (limit != null && !Double.isFinite(limit)) {
            findings.add(id, Kind.BAD_PRICE, "OrderNew with limit price " + limit + "; stored as not known");
        }
        // Zero and negative limits are valid: for spreads, and sometimes for power and oil.
        after.limitPrice(limit != null && Double.isFinite(limit) ? limit : null);
    }

    /** Returns the state after the update, or null if it changes nothing. */
    @Nullable
    OrderState applyUpdate(@Nullable OrderState before, long recordNanos, OrderUpdate event) {
        String id = event.clientOrderId();
        if (hasNoId(id, "OrderUpdate")) {
            return null;
        }
        reportIfUnknown(before, id, "OrderUpdate");
        OrderState.Builder after = known(before, id).updatedNanos(recordNanos);
        if (!event.venueOrderId().isEmpty()) {
            after.venueOrderId(event.venueOrderId());
        }
        String status = statuses.statusOf(event.status());
        boolean accepted = event.status().isEmpty() || accepts(before, id, status);
        if (accepted && !event.status().isEmpty()) {
            after.status(status).rawStatus(event.status());
        }
        if (accepted && !event.reason().isEmpty()) {
            after.reason(event.reason());
        }
        return at(after, event.eventNanos()).build();
    }

    /** Returns the state after the cancel, or null if it changes nothing. */
    @Nullable
    OrderState applyCancel(@Nullable OrderState before, long recordNanos, OrderCancel event) {
        String id = event.clientOrderId();
        if (hasNoId(id, "OrderCancel")) {
            return null;
        }
        reportIfUnknown(before, id, "OrderCancel");
        OrderState.Builder after = known(before, id).updatedNanos(recordNanos);
        if (accepts(before, id, OrderStatus.CANCELED)) {
            after.status(OrderStatus.CANCELED);
            if (!event.reason().isEmpty()) {
                after.reason(event.reason());
            }
        }
        return at(after, event.eventNanos()).build();
    }

    /** Returns the state after the fill, or null if it changes nothing. */
    @Nullable
    OrderState applyFill(@Nullable OrderState before, long recordNanos, OrderFill event) {
        String id = event.clientOrderId();
        if (hasNoId(id, "OrderFill")) {
            return null;
        }
        if (!isUsable(event.quantity())) {
            findings.add(id, Kind.BAD_QUANTITY, "OrderFill with quantity " + event.quantity() + "; ignored");
            return null;
        }
        TradeIds trades = TradeIds.of(before == null ? List.of() : before.tradeIds());
        if (!event.tradeId().isEmpty() && trades.seen(event.tradeId())) {
            findings.add(id, Kind.DUPLICATE_TRADE, "trade " + event.tradeId() + " was already counted; ignored");
            return null;
        }
        reportIfUnknown(before, id, "OrderFill");
        if (!Double.isFinite(event.price())) {
            findings.add(
                    id, Kind.BAD_PRICE, "OrderFill with price " + event.price() + "; the average price is not known");
        }
        OrderState.Builder after = known(before, id).updatedNanos(recordNanos);
        if (before != null && !before.symbol().isEmpty()) {
            reportIfOtherSymbol(before, event.symbol(), "OrderFill", "counted, the symbol stays");
        } else {
            after.symbol(event.symbol());
        }
        if (!event.tradeId().isEmpty()) {
            after.tradeIds(trades.plus(event.tradeId()));
        }
        addExecution(after, before, event);
        OrderState filled = at(after, event.eventNanos()).build();
        reportIfUnexpected(before, filled);
        return withFillStatus(filled);
    }

    /** Returns the restored state, or null if it changes nothing. */
    @Nullable
    OrderState applyRestored(OrderRestored event) {
        return hasNoId(event.state().clientOrderId(), "OrderRestored") ? null : event.state();
    }

    /** The same arithmetic as the engine, in the same order: sums must be equal to the last bit. */
    private static void addExecution(OrderState.Builder after, @Nullable OrderState before, OrderFill event) {
        double executed = before == null ? 0.0 : before.executedQuantity();
        double average = before == null ? 0.0 : before.averagePrice();
        double sum = executed + event.quantity();
        after.executedQuantity(sum).averagePrice((average * executed + event.price() * event.quantity()) / sum);
    }

    private void reportIfUnexpected(@Nullable OrderState before, OrderState filled) {
        boolean over = filled.isOverfilled();
        if (over) {
            String text = "executed " + filled.executedQuantity() + " of " + filled.orderQuantity();
            findings.add(filled.clientOrderId(), Kind.OVERFILL, text);
        }
        // A venue may report FILLED before it delivers the last fill. Only an excess is a contradiction.
        if (before != null && before.terminal() && (over || !isFilled(before.status()))) {
            String text = "fill after " + before.status() + "; counted, the status stays";
            findings.add(filled.clientOrderId(), Kind.FILL_AFTER_TERMINAL, text);
        }
    }

    private static boolean isFilled(String status) {
        return OrderStatus.normal(status).equals(OrderStatus.FILLED);
    }

    private static OrderState withFillStatus(OrderState state) {
        if (state.orderQuantity() == null || state.terminal()) {
            return state;
        }
        return state.toBuilder()
                .status(state.isComplete() ? OrderStatus.FILLED : OrderStatus.PARTIALLY_FILLED)
                .build();
    }

    /** Whether the new status replaces the current one. Adds a finding if the two contradict each other. */
    private boolean accepts(@Nullable OrderState before, String id, String status) {
        Transition transition = OrderStatus.transition(before, status);
        boolean accepted = transition == Transition.ACCEPTED || transition == Transition.ACCEPTED_WITH_FINDING;
        if (before != null && (transition == Transition.IGNORED || transition == Transition.ACCEPTED_WITH_FINDING)) {
            String text = before.status() + " to " + status + (accepted ? "; accepted" : "; ignored");
            findings.add(id, Kind.ILLEGAL_TRANSITION, text);
        }
        return accepted;
    }

    private boolean hasNoId(String id, String event) {
        if (!id.isEmpty()) {
            return false;
        }
        findings.add(id, Kind.EMPTY_ID, event + " without a client order id; ignored");
        return true;
    }

    private void reportIfUnknown(@Nullable OrderState before, String id, String event) {
        if (before == null) {
            findings.add(id, Kind.UNKNOWN_ORDER, event + " without a preceding OrderNew; applied");
        }
    }

    private void reportIfOtherSymbol(OrderState before, String symbol, String event, String consequence) {
        if (!symbol.isEmpty() && !before.symbol().isEmpty() && !symbol.equals(before.symbol())) {
            String text = event + " for " + symbol + ", expected " + before.symbol() + "; " + consequence;
            findings.add(before.clientOrderId(), Kind.OTHER_SYMBOL, text);
        }
    }

    private static OrderState.Builder known(@Nullable OrderState before, String id) {
        return before == null ? OrderState.builder(id) : before.toBuilder();
    }

    private static OrderState.Builder at(OrderState.Builder after, long eventNanos) {
        return eventNanos > 0 ? after.lastEventNanos(eventNanos) : after;
    }

    private static boolean isUsable(double value) {
        return value > 0 && Double.isFinite(value);
    }
}
