package io.veloz.wal.orders;

import io.veloz.wal.orders.OrderFinding.Kind;
import io.veloz.wal.orders.OrderStatus.Verdict;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an event does to the state of its order: docs/orders-format.md, "Rules for applying events". Confined to the thread
 * that applies events.
 *
 * <p>Events count in the order of the log, and no time in them ever drops one. An ended order never becomes live again. A
 * real fill always counts, and a trade counts once. A contradiction is a finding.
 */
final class OrderRules {
    /** Receives doubtful events. */
    interface Findings {
        void add(String clientOrderId, Kind kind, String text);
    }

    private final OrderStatus statuses;
    private final Findings findings;

    OrderRules(OrderStatus statuses, Findings findings) {
        this.statuses = statuses;
        this.findings = findings;
    }

    /** Why an event would be ignored, or a number in it taken for not known; null if it can be applied as it is. */
    static @Nullable String unusable(OrderEvent event) {
        if (event instanceof OrderNew placed) {
            Double limit = placed.limitPrice();
            if (placed.quantity() < 0 || !Double.isFinite(placed.quantity())) {
                return "quantity " + placed.quantity() + ": expected above 0, or 0 if it is not known";
            } else if (limit != null && !Double.isFinite(limit)) {
                return "limitPrice " + limit + ": expected a finite number, or null";
            }
            return withoutId(placed.clientOrderId());
        } else if (event instanceof OrderFill fill) {
            return isUsable(fill.quantity())
                    ? withoutId(fill.clientOrderId())
                    : "quantity " + fill.quantity() + ": expected a finite number above 0";
        } else if (event instanceof OrderUpdate update) {
            return withoutId(update.clientOrderId());
        } else if (event instanceof OrderCancel cancel) {
            return withoutId(cancel.clientOrderId());
        } else if (event instanceof OrderRestored restored) {
            return withoutId(restored.state().clientOrderId());
        }
        return null;
    }

    private static @Nullable String withoutId(String clientOrderId) {
        return clientOrderId.isEmpty() ? "clientOrderId is empty: expected the id of an order" : null;
    }

    /** The state after the OrderNew, or null if it changes nothing. */
    @Nullable
    OrderState applyNew(@Nullable OrderState before, long recordNanos, OrderNew event) {
        String id = event.clientOrderId();
        if (isNameless(id, "OrderNew")) {
            return null;
        }
        OrderState.Builder after = known(before, id);
        boolean created = before == null || before.createdNanos() == 0;
        if (before != null && before.side() != null && before.terminal()) {
            String text = "an OrderNew after " + before.status() + "; it is a new order of the same id";
            findings.add(id, Kind.REUSED_ID, text);
            // Trades of the order before must not count for this one when they are delivered again.
            after = OrderState.builder(id).tradeIds(before.tradeIds());
            created = true;
        } else if (before != null && before.side() != null) {
            findings.add(id, Kind.DUPLICATE_ORDER, "a second OrderNew; its parameters replace the first ones");
        } else if (before != null) {
            findIfOtherSymbol(before, event.symbol(), "OrderNew", "it replaces the one of the earlier events");
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
        OrderState noted = after.build();
        // Fills that came before their OrderNew could not be compared with its quantity.
        return noted.executedQuantity() > 0 ? withFillStatus(noted) : noted;
    }

    private void addQuantityAndLimit(OrderState.Builder after, OrderNew event) {
        String id = event.clientOrderId();
        if (isUsable(event.quantity())) {
            after.orderQuantity(event.quantity());
        } else if (event.quantity() != 0.0) {
            findings.add(id, Kind.BAD_QUANTITY, "OrderNew of " + event.quantity() + "; the quantity is not known");
        }
        Double limit = event.limitPrice();
        if (limit != null && !Double.isFinite(limit)) {
            findings.add(id, Kind.BAD_PRICE, "OrderNew with limit " + limit + "; the limit is not known");
        }
        // Zero and negative limits exist: spreads, and power or oil on some days.
        after.limitPrice(limit != null && Double.isFinite(limit) ? limit : null);
    }

    /** The state after the update, or null if it changes nothing. */
    @Nullable
    OrderState applyUpdate(@Nullable OrderState before, long recordNanos, OrderUpdate event) {
        String id = event.clientOrderId();
        if (isNameless(id, "OrderUpdate")) {
            return null;
        }
        findIfUnknown(before, id, "OrderUpdate");
        OrderState.Builder after = known(before, id).updatedNanos(recordNanos);
        if (!event.venueOrderId().isEmpty()) {
            after.venueOrderId(event.venueOrderId());
        }
        String status = statuses.statusOf(event.status());
        boolean believed = event.status().isEmpty() || isTaken(before, id, status);
        if (believed && !event.status().isEmpty()) {
            after.status(status).rawStatus(event.status());
        }
        if (believed && !event.reason().isEmpty()) {
            after.reason(event.reason());
        }
        return at(after, event.eventNanos()).build();
    }

    /** The state after the cancel, or null if it changes nothing. */
    @Nullable
    OrderState applyCancel(@Nullable OrderState before, long recordNanos, OrderCancel event) {
        String id = event.clientOrderId();
        if (isNameless(id, "OrderCancel")) {
            return null;
        }
        findIfUnknown(before, id, "OrderCancel");
        OrderState.Builder after = known(before, id).updatedNanos(recordNanos);
        if (isTaken(before, id, OrderStatus.CANCELED)) {
            after.status(OrderStatus.CANCELED);
            if (!event.reason().isEmpty()) {
                after.reason(event.reason());
            }
        }
        return at(after, event.eventNanos()).build();
    }

    /** The state after the fill, or null if it changes nothing. */
    @Nullable
    OrderState applyFill(@Nullable OrderState before, long recordNanos, OrderFill event) {
        String id = event.clientOrderId();
        if (isNameless(id, "OrderFill")) {
            return null;
        }
        if (!isUsable(event.quantity())) {
            findings.add(id, Kind.BAD_QUANTITY, "OrderFill of " + event.quantity() + " is ignored");
            return null;
        }
        TradeIds trades = TradeIds.of(before == null ? List.of() : before.tradeIds());
        if (!event.tradeId().isEmpty() && trades.seen(event.tradeId())) {
            findings.add(id, Kind.DUPLICATE_TRADE, "trade " + event.tradeId() + " was counted already");
            return null;
        }
        findIfUnknown(before, id, "OrderFill");
        if (!Double.isFinite(event.price())) {
            findings.add(id, Kind.BAD_PRICE, "OrderFill at " + event.price() + "; the average price is not known");
        }
        OrderState.Builder after = known(before, id).updatedNanos(recordNanos);
        if (before != null && !before.symbol().isEmpty()) {
            findIfOtherSymbol(before, event.symbol(), "OrderFill", "it counts, the symbol stays");
        } else {
            after.symbol(event.symbol());
        }
        if (!event.tradeId().isEmpty()) {
            after.tradeIds(trades.plus(event.tradeId()));
        }
        addExecution(after, before, event);
        OrderState filled = at(after, event.eventNanos()).build();
        findIfTooMuch(before, filled);
        return withFillStatus(filled);
    }

    /** The restored state, or null if it changes nothing. */
    @Nullable
    OrderState applyRestored(OrderRestored event) {
        return isNameless(event.state().clientOrderId(), "OrderRestored") ? null : event.state();
    }

    /** The engine's arithmetic in the engine's order: sums must agree to the last bit. */
    private static void addExecution(OrderState.Builder after, @Nullable OrderState before, OrderFill event) {
        double executed = before == null ? 0.0 : before.executedQuantity();
        double average = before == null ? 0.0 : before.averagePrice();
        double sum = executed + event.quantity();
        after.executedQuantity(sum).averagePrice((average * executed + event.price() * event.quantity()) / sum);
    }

    private void findIfTooMuch(@Nullable OrderState before, OrderState filled) {
        boolean over = filled.isOverfilled();
        if (over) {
            String text = "executed " + filled.executedQuantity() + " of " + filled.orderQuantity();
            findings.add(filled.clientOrderId(), Kind.OVERFILL, text);
        }
        // A venue may report FILLED before it delivers the last fill. Only what goes beyond that is doubtful.
        if (before != null && before.terminal() && (over || !isFilled(before.status()))) {
            String text = "fill after " + before.status() + "; it counts, the status stays";
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

    /** Whether the order takes this status; adds a finding if it contradicts what is known. */
    private boolean isTaken(@Nullable OrderState before, String id, String status) {
        Verdict verdict = OrderStatus.verdict(before, status);
        boolean taken = verdict == Verdict.TAKEN || verdict == Verdict.TAKEN_WITH_FINDING;
        if (before != null && (verdict == Verdict.REFUSED || verdict == Verdict.TAKEN_WITH_FINDING)) {
            String text = before.status() + " to " + status + (taken ? " is taken over" : " is refused");
            findings.add(id, Kind.ILLEGAL_TRANSITION, text);
        }
        return taken;
    }

    private boolean isNameless(String id, String event) {
        if (!id.isEmpty()) {
            return false;
        }
        findings.add(id, Kind.EMPTY_ID, event + " without a client order id is ignored");
        return true;
    }

    private void findIfUnknown(@Nullable OrderState before, String id, String event) {
        if (before == null) {
            findings.add(id, Kind.UNKNOWN_ORDER, event + " without an OrderNew before it; it is kept");
        }
    }

    private void findIfOtherSymbol(OrderState before, String symbol, String event, String consequence) {
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
