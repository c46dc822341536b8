package io.veloz.wal.orders;

import io.veloz.wal.orders.OrderFinding.Kind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an event does to the state of its order. Confined to the thread that applies events.
 *
 * <p>These are the rules of the engine's live store, with its known mistakes mended: events count in the order of the log,
 * and no time in them ever drops one; an ended order never becomes live again; a real fill always counts; a trade counts
 * once; whatever does not fit is told.
 */
final class OrderRules {
    /** The engine's own tolerance when it compares executed with ordered. */
    private static final double FILLED_TOLERANCE = 1e-12;
    /** Sums of many fills drift; only what exceeds the order by more than this is an overfill. */
    private static final double OVERFILL_TOLERANCE = 1e-9;

    /** Where doubtful events are told. */
    interface Findings {
        void add(String clientOrderId, Kind kind, String text);
    }

    private final boolean normaliseStatus;
    private final Findings findings;

    OrderRules(boolean normaliseStatus, Findings findings) {
        this.normaliseStatus = normaliseStatus;
        this.findings = findings;
    }

    /** The state after the OrderNew, or null if it changes nothing. */
    @Nullable
    OrderState applyNew(@Nullable OrderState before, long recordNanos, OrderNew event) {
        String id = event.clientOrderId();
        if (isNameless(id, "OrderNew")) {
            return null;
        }
        if (before != null && before.side() != null) {
            findings.add(id, Kind.DUPLICATE_ORDER, "a second OrderNew; its parameters replace the first ones");
        }
        OrderState.Builder after = known(before, id)
                .side(event.side())
                .type(event.type())
                .timeInForce(event.timeInForce())
                .reduceOnly(event.reduceOnly())
                .postOnly(event.postOnly())
                .updatedNanos(recordNanos);
        if (!event.symbol().isEmpty()) {
            after.symbol(event.symbol());
        }
        if (isUsable(event.quantity())) {
            after.orderQuantity(event.quantity());
        } else if (event.quantity() != 0.0) {
            findings.add(id, Kind.BAD_QUANTITY, "OrderNew of " + event.quantity() + "; the quantity is not known");
        }
        Double limit = event.limitPrice();
        if (limit != null && isUsable(limit)) {
            after.limitPrice(limit);
        } else if (limit != null && !Double.isFinite(limit)) {
            findings.add(id, Kind.BAD_PRICE, "OrderNew with limit " + limit + "; the limit is not known");
        }
        if (before == null || before.createdNanos() == 0) {
            after.createdNanos(recordNanos);
        }
        OrderState noted = after.build();
        // Fills that came before their OrderNew could not be compared with its quantity; now they can.
        return noted.executedQuantity() > 0 ? withFillStatus(noted) : noted;
    }

    /** The state after the update, or null if it changes nothing. */
    @Nullable
    OrderState applyUpdate(@Nullable OrderState before, long recordNanos, OrderUpdate event) {
        String id = event.clientOrderId();
        if (isNameless(id, "OrderUpdate")) {
            return null;
        }
        tellIfUnknown(before, id, "OrderUpdate");
        OrderState.Builder after = known(before, id).updatedNanos(recordNanos);
        if (!event.venueOrderId().isEmpty()) {
            after.venueOrderId(event.venueOrderId());
        }
        boolean believed = event.status().isEmpty() || maySet(before, id, event.status());
        if (believed && !event.status().isEmpty()) {
            after.status(normaliseStatus ? OrderStatus.normal(event.status()) : event.status())
                    .rawStatus(event.status());
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
        tellIfUnknown(before, id, "OrderCancel");
        OrderState.Builder after = known(before, id).updatedNanos(recordNanos);
        if (maySet(before, id, OrderStatus.CANCELED)) {
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
        tellIfUnknown(before, id, "OrderFill");
        if (!Double.isFinite(event.price())) {
            findings.add(id, Kind.BAD_PRICE, "OrderFill at " + event.price() + "; the average price is not known");
        }
        OrderState.Builder after = known(before, id).updatedNanos(recordNanos);
        if (!event.symbol().isEmpty()) {
            after.symbol(event.symbol());
        }
        if (!event.tradeId().isEmpty()) {
            after.tradeIds(trades.plus(event.tradeId()));
        }
        addExecution(after, before, event);
        OrderState filled = at(after, event.eventNanos()).build();
        tellIfTooMuch(before, filled);
        return withFillStatus(filled);
    }

    /** The engine's arithmetic in the engine's order: sums must agree to the last bit. */
    private static void addExecution(OrderState.Builder after, @Nullable OrderState before, OrderFill event) {
        double executed = before == null ? 0.0 : before.executedQuantity();
        double average = before == null ? 0.0 : before.averagePrice();
        double sum = executed + event.quantity();
        after.executedQuantity(sum).averagePrice((average * executed + event.price() * event.quantity()) / sum);
    }

    private void tellIfTooMuch(@Nullable OrderState before, OrderState filled) {
        Double ordered = filled.orderQuantity();
        boolean over = ordered != null
                && filled.executedQuantity() > ordered + Math.max(FILLED_TOLERANCE, ordered * OVERFILL_TOLERANCE);
        if (over) {
            String text = "executed " + filled.executedQuantity() + " of " + ordered;
            findings.add(filled.clientOrderId(), Kind.OVERFILL, text);
        }
        // A venue may say FILLED before it delivers the last fill; only what goes beyond that is doubtful.
        if (before != null && before.terminal() && (over || !before.status().equals(OrderStatus.FILLED))) {
            String text = "fill after " + before.status() + "; it counts, the status stays";
            findings.add(filled.clientOrderId(), Kind.FILL_AFTER_TERMINAL, text);
        }
    }

    private static OrderState withFillStatus(OrderState state) {
        Double ordered = state.orderQuantity();
        if (ordered == null || state.terminal()) {
            return state;
        }
        boolean complete = state.executedQuantity() + FILLED_TOLERANCE >= ordered;
        return state.toBuilder()
                .status(complete ? OrderStatus.FILLED : OrderStatus.PARTIALLY_FILLED)
                .build();
    }

    /** Whether the order may take this status; tells if it may not, or if it takes it against all custom. */
    private boolean maySet(@Nullable OrderState before, String id, String status) {
        String asked = OrderStatus.normal(status);
        if (before == null
                || !before.terminal()
                || OrderStatus.normal(before.status()).equals(asked)) {
            return true;
        }
        boolean refused = !OrderStatus.isTerminal(asked) || isComplete(before);
        String text = before.status() + " to " + status + (refused ? " is refused" : " is taken over");
        findings.add(id, Kind.ILLEGAL_TRANSITION, text);
        return !refused;
    }

    private static boolean isComplete(OrderState state) {
        Double ordered = state.orderQuantity();
        return state.status().equals(OrderStatus.FILLED)
                && ordered != null
                && state.executedQuantity() + FILLED_TOLERANCE >= ordered;
    }

    private boolean isNameless(String id, String event) {
        if (!id.isEmpty()) {
            return false;
        }
        findings.add(id, Kind.EMPTY_ID, event + " without a client order id is ignored");
        return true;
    }

    private void tellIfUnknown(@Nullable OrderState before, String id, String event) {
        if (before == null) {
            findings.add(id, Kind.UNKNOWN_ORDER, event + " without an OrderNew before it; it is kept");
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
