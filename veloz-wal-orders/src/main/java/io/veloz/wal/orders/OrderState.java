package io.veloz.wal.orders;

import io.veloz.wal.internal.EpochNanos;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The complete state of one order at one sequence. Immutable.
 *
 * <p>Use {@link #builder} to create one: the constructor changes whenever a field is added to the format.
 *
 * @param side null if no OrderNew of the order was seen
 * @param type null if not known
 * @param timeInForce null if not known
 * @param orderQuantity null if not known
 * @param limitPrice null if not known, or if the order has no limit
 * @param executedQuantity sum of the counted fills
 * @param averagePrice average price of the executed quantity; 0 if nothing was executed
 * @param status the normalised status; empty if none was reported yet
 * @param rawStatus the last accepted status in the received spelling; empty if none was received
 * @param lastEventNanos the venue's time of the last event that had one, in nanoseconds since 1970; 0 if none had
 * @param createdNanos time of the record that created the order; 0 if no OrderNew of the order was seen
 * @param updatedNanos time of the last record that changed the order
 * @param tradeIds the venue's ids of the counted trades, oldest first
 */
public record OrderState(
        String clientOrderId,
        String symbol,
        @Nullable Side side,
        @Nullable OrderType type,
        @Nullable TimeInForce timeInForce,
        boolean reduceOnly,
        boolean postOnly,
        @Nullable Double orderQuantity,
        @Nullable Double limitPrice,
        double executedQuantity,
        double averagePrice,
        String venueOrderId,
        String status,
        String rawStatus,
        String reason,
        long lastEventNanos,
        long createdNanos,
        long updatedNanos,
        List<String> tradeIds) {

    /** Relative. Enough for 9,000 fills of any size, and less than one unit of 10^12. */
    private static final double SUM_TOLERANCE = 1e-12;

    /** Throws {@link IllegalArgumentException} if a text is null or cannot be encoded. */
    public OrderState {
        clientOrderId = OrderText.checked("clientOrderId", clientOrderId);
        symbol = OrderText.checked("symbol", symbol);
        venueOrderId = OrderText.checked("venueOrderId", venueOrderId);
        status = OrderText.checked("status", status);
        rawStatus = OrderText.checked("rawStatus", rawStatus);
        reason = OrderText.checked("reason", reason);
        OrderText.requirePresent("tradeIds", tradeIds);
        tradeIds = tradeIds instanceof TradeIds ? tradeIds : checkedTradeIds(tradeIds);
    }

    private static List<String> checkedTradeIds(List<String> ids) {
        if (ids.isEmpty()) {
            // Most states have none, and every event creates a state.
            return List.of();
        }
        return ids.stream().map(id -> OrderText.checked("tradeIds", id)).toList();
    }

    /** Returns a builder of an order of which only the id is known. */
    public static Builder builder(String clientOrderId) {
        return new Builder(clientOrderId);
    }

    /** Returns a builder with the values of this state. */
    public Builder toBuilder() {
        Builder copy = new Builder(clientOrderId);
        copy.symbol = symbol;
        copy.side = side;
        copy.type = type;
        copy.timeInForce = timeInForce;
        copy.reduceOnly = reduceOnly;
        copy.postOnly = postOnly;
        copy.orderQuantity = orderQuantity;
        copy.limitPrice = limitPrice;
        copy.executedQuantity = executedQuantity;
        copy.averagePrice = averagePrice;
        copy.venueOrderId = venueOrderId;
        copy.status = status;
        copy.rawStatus = rawStatus;
        copy.reason = reason;
        copy.lastEventNanos = lastEventNanos;
        copy.createdNanos = createdNanos;
        copy.updatedNanos = updatedNanos;
        copy.tradeIds = tradeIds;
        return copy;
    }

    /**
     * Returns whether the order has ended: filled, canceled, rejected or expired, in any spelling that
     * docs/orders-format.md lists. An order with any other status, or with none, is pending.
     */
    public boolean terminal() {
        return OrderStatus.isTerminal(status);
    }

    /** {@link #lastEventNanos} as an instant; empty if no event had a time. */
    public Optional<Instant> lastEventTime() {
        return EpochNanos.known(lastEventNanos);
    }

    /** {@link #createdNanos} as an instant; empty if no OrderNew of the order was seen. */
    public Optional<Instant> createdTime() {
        return EpochNanos.known(createdNanos);
    }

    /** {@link #updatedNanos} as an instant; empty if not known. */
    public Optional<Instant> updatedTime() {
        return EpochNanos.known(updatedNanos);
    }

    /** Whether the complete quantity was executed; false if the quantity is not known. */
    boolean isComplete() {
        return orderQuantity != null && executedQuantity >= orderQuantity - tolerance(orderQuantity);
    }

    boolean isOverfilled() {
        return orderQuantity != null && executedQuantity > orderQuantity + tolerance(orderQuantity);
    }

    /**
     * Returns the maximum difference at which the sum of the fills still counts as equal to the quantity. The error of a sum
     * of n doubles is at most n / 2 ulp, and n is known only if the fills have trade ids.
     */
    private double tolerance(double quantity) {
        return quantity * Math.max(SUM_TOLERANCE, tradeIds.size() * Math.ulp(1.0));
    }

    /** Builder of {@link OrderState}. Not thread-safe. */
    public static final class Builder {
        private final String clientOrderId;
        private String symbol = "";
        private @Nullable Side side;
        private @Nullable OrderType type;
        private @Nullable TimeInForce timeInForce;
        private boolean reduceOnly;
        private boolean postOnly;
        private @Nullable Double orderQuantity;
        private @Nullable Double limitPrice;
        private double executedQuantity;
        private double averagePrice;
        private String venueOrderId = "";
        private String status = "";
        private String rawStatus = "";
        private String reason = "";
        private long lastEventNanos;
        private long createdNanos;
        private long updatedNanos;
        private List<String> tradeIds = List.of();

        private Builder(String clientOrderId) {
            this.clientOrderId = clientOrderId;
        }

        public Builder symbol(String value) {
            symbol = value;
            return this;
        }

        public Builder side(@Nullable Side value) {
            side = value;
            return this;
        }

        public Builder type(@Nullable OrderType value) {
            type = value;
            return this;
        }

        public Builder timeInForce(@Nullable TimeInForce value) {
            timeInForce = value;
            return this;
        }

        public Builder reduceOnly(boolean value) {
            reduceOnly = value;
            return this;
        }

        public Builder postOnly(boolean value) {
            postOnly = value;
            return this;
        }

        public Builder orderQuantity(@Nullable Double value) {
            orderQuantity = value;
            return this;
        }

        public Builder limitPrice(@Nullable Double value) {
            limitPrice = value;
            return this;
        }

        public Builder executedQuantity(double value) {
            executedQuantity = value;
            return this;
        }

        public Builder averagePrice(double value) {
            averagePrice = value;
            return this;
        }

        public Builder venueOrderId(String value) {
            venueOrderId = value;
            return this;
        }

        public Builder status(String value) {
            status = value;
            return this;
        }

        public Builder rawStatus(String value) {
            rawStatus = value;
            return this;
        }

        public Builder reason(String value) {
            reason = value;
            return this;
        }

        public Builder lastEventNanos(long value) {
            lastEventNanos = value;
            return this;
        }

        public Builder createdNanos(long value) {
            createdNanos = value;
            return this;
        }

        public Builder updatedNanos(long value) {
            updatedNanos = value;
            return this;
        }

        public Builder tradeIds(List<String> value) {
            tradeIds = value;
            return this;
        }

        /** Throws {@link IllegalArgumentException} if a text is null or cannot be encoded. */
        public OrderState build() {
            return new OrderState(
                    clientOrderId,
                    symbol,
                    side,
                    type,
                    timeInForce,
                    reduceOnly,
                    postOnly,
                    orderQuantity,
                    limitPrice,
                    executedQuantity,
                    averagePrice,
                    venueOrderId,
                    status,
                    rawStatus,
                    reason,
                    lastEventNanos,
                    createdNanos,
                    updatedNanos,
                    tradeIds);
        }
    }
}
