package io.veloz.wal.orders;

import io.veloz.wal.WalVersionException;
import java.nio.ByteBuffer;

/**
 * Encodes order events as payloads and decodes them, as specified in docs/orders-format.md. Not thread-safe, because it
 * writes every payload into the same buffer: use one codec per thread.
 */
public final class OrderCodec {
    /** Record type of {@link OrderNew}. */
    public static final int ORDER_NEW = 1;
    /** Record type of {@link OrderUpdate}. */
    public static final int ORDER_UPDATE = 2;
    /** Record type of {@link OrderFill}. */
    public static final int ORDER_FILL = 3;
    /** Record type of {@link OrderCancel}. */
    public static final int ORDER_CANCEL = 4;
    /** Record type of {@link Checkpoint}. */
    public static final int CHECKPOINT = 5;
    /** Record type of {@link OrderRestored}. */
    public static final int ORDER_RESTORED = 6;

    /** Types from this one on are reserved for order events of later versions. */
    private static final int RESERVED_FROM = 0xFF00;

    private static final int VERSION = 1;
    private static final int REDUCE_ONLY = 0x01;
    private static final int POST_ONLY = 0x02;
    private static final int HAS_LIMIT = 0x04;
    private static final int HAS_QUANTITY = 0x08;

    private static final Side[] SIDES = Side.values();
    private static final OrderType[] TYPES = OrderType.values();
    private static final TimeInForce[] TIMES_IN_FORCE = TimeInForce.values();

    private final PayloadWriter out = new PayloadWriter();

    /** Creates a codec for one thread. */
    public OrderCodec() {}

    /**
     * Returns whether a record type is reserved for order events: 1 to 6, and 65,280 to 65,535, which later versions of the
     * library may use. All other types are available to the application.
     */
    public static boolean isOrderType(int recordType) {
        return (recordType >= ORDER_NEW && recordType <= ORDER_RESTORED) || recordType >= RESERVED_FROM;
    }

    /**
     * Encodes the payload of an event, whose record type is {@link OrderEvent#recordType()}. The returned buffer belongs to
     * the codec and is valid until the next call.
     */
    public ByteBuffer encode(OrderEvent event) {
        OrderText.requirePresent("event", event);
        out.clear();
        out.u8(VERSION);
        if (event instanceof OrderNew placed) {
            write(placed);
        } else if (event instanceof OrderUpdate update) {
            write(update);
        } else if (event instanceof OrderFill fill) {
            write(fill);
        } else if (event instanceof OrderCancel cancel) {
            write(cancel);
        } else if (event instanceof Checkpoint checkpoint) {
            write(checkpoint);
        } else if (event instanceof OrderRestored restored) {
            write(restored.state());
        }
        return out.written();
    }

    /**
     * Decodes the event in a payload. Does not change the position and limit of the buffer. Ignores bytes after the last
     * known field, because a later version of the library may add fields.
     *
     * @throws WalVersionException if the type or the version of the payload is unknown, or if the payload does not match its
     *     version; use the version of the library that wrote it
     */
    public OrderEvent decode(int recordType, ByteBuffer payload) {
        PayloadReader in = new PayloadReader(nameOf(recordType), OrderText.requirePresent("payload", payload));
        int version = in.u8("version");
        if (version != VERSION) {
            throw in.invalid("version", String.valueOf(version), String.valueOf(VERSION));
        }
        return switch (recordType) {
            case ORDER_NEW -> readNew(in);
            case ORDER_UPDATE ->
                new OrderUpdate(
                        in.text("clientOrderId"),
                        in.text("venueOrderId"),
                        in.text("status"),
                        in.text("reason"),
                        in.i64("eventNanos"));
            case ORDER_FILL -> readFill(in);
            case ORDER_CANCEL -> new OrderCancel(in.text("clientOrderId"), in.text("reason"), in.i64("eventNanos"));
            case CHECKPOINT -> readCheckpoint(in);
            default -> new OrderRestored(readState(in));
        };
    }

    private static String nameOf(int recordType) {
        return switch (recordType) {
            case ORDER_NEW -> "OrderNew";
            case ORDER_UPDATE -> "OrderUpdate";
            case ORDER_FILL -> "OrderFill";
            case ORDER_CANCEL -> "OrderCancel";
            case CHECKPOINT -> "Checkpoint";
            case ORDER_RESTORED -> "OrderRestored";
            default -> throw new WalVersionException("record type: got " + recordType + ", expected 1 to 6");
        };
    }

    private void write(OrderNew event) {
        out.text(event.clientOrderId());
        out.text(event.symbol());
        out.constant(event.side(), SIDES);
        out.constant(event.type(), TYPES);
        out.constant(event.timeInForce(), TIMES_IN_FORCE);
        out.u8((event.reduceOnly() ? REDUCE_ONLY : 0)
                | (event.postOnly() ? POST_ONLY : 0)
                | (event.limitPrice() != null ? HAS_LIMIT : 0));
        out.f64(event.quantity());
        out.f64(event.limitPrice());
    }

    private static OrderNew readNew(PayloadReader in) {
        String clientOrderId = in.text("clientOrderId");
        String symbol = in.text("symbol");
        Side side = in.constant("side", SIDES);
        if (side == null) {
            throw in.invalid("side", "0", "1 or 2");
        }
        OrderType type = in.constant("type", TYPES);
        TimeInForce timeInForce = in.constant("timeInForce", TIMES_IN_FORCE);
        int flags = in.flags("flags", REDUCE_ONLY | POST_ONLY | HAS_LIMIT);
        double quantity = in.f64("quantity");
        double limit = in.f64("limitPrice");
        return new OrderNew(
                clientOrderId,
                symbol,
                side,
                type,
                timeInForce,
                quantity,
                (flags & HAS_LIMIT) != 0 ? Double.valueOf(limit) : null,
                (flags & REDUCE_ONLY) != 0,
                (flags & POST_ONLY) != 0);
    }

    private void write(OrderUpdate event) {
        out.text(event.clientOrderId());
        out.text(event.venueOrderId());
        out.text(event.status());
        out.text(event.reason());
        out.i64(event.eventNanos());
    }

    private void write(OrderFill event) {
        out.text(event.clientOrderId());
        out.text(event.symbol());
        out.f64(event.quantity());
        out.f64(event.price());
        out.i64(event.eventNanos());
        out.text(event.tradeId());
        out.f64(event.fee());
        out.text(event.feeCurrency());
    }

    private static OrderFill readFill(PayloadReader in) {
        return new OrderFill(
                in.text("clientOrderId"),
                in.text("symbol"),
                in.f64("quantity"),
                in.f64("price"),
                in.i64("eventNanos"),
                in.text("tradeId"),
                in.f64("fee"),
                in.text("feeCurrency"));
    }

    private void write(OrderCancel event) {
        out.text(event.clientOrderId());
        out.text(event.reason());
        out.i64(event.eventNanos());
    }

    private void write(Checkpoint event) {
        out.i64(event.coveredSequence());
        out.i64(event.orderCount());
        out.i32(event.digest());
    }

    private static Checkpoint readCheckpoint(PayloadReader in) {
        long covered = in.i64("coveredSequence");
        long count = in.i64("orderCount");
        if (covered < 0 || count < 0) {
            throw in.invalid("coveredSequence, orderCount", covered + ", " + count, "0 or more");
        }
        return new Checkpoint(covered, count, in.i32("digest"));
    }

    private void write(OrderState state) {
        out.text(state.clientOrderId());
        out.text(state.symbol());
        out.constant(state.side(), SIDES);
        out.constant(state.type(), TYPES);
        out.constant(state.timeInForce(), TIMES_IN_FORCE);
        out.u8((state.reduceOnly() ? REDUCE_ONLY : 0)
                | (state.postOnly() ? POST_ONLY : 0)
                | (state.limitPrice() != null ? HAS_LIMIT : 0)
                | (state.orderQuantity() != null ? HAS_QUANTITY : 0));
        out.f64(state.orderQuantity());
        out.f64(state.limitPrice());
        out.f64(state.executedQuantity());
        out.f64(state.averagePrice());
        out.text(state.venueOrderId());
        out.text(state.status());
        out.text(state.rawStatus());
        out.text(state.reason());
        out.i64(state.lastEventNanos());
        out.i64(state.createdNanos());
        out.i64(state.updatedNanos());
        out.i32(state.tradeIds().size());
        state.tradeIds().forEach(out::text);
    }

    private static OrderState readState(PayloadReader in) {
        OrderState.Builder state = OrderState.builder(in.text("clientOrderId"))
                .symbol(in.text("symbol"))
                .side(in.constant("side", SIDES))
                .type(in.constant("type", TYPES))
                .timeInForce(in.constant("timeInForce", TIMES_IN_FORCE));
        int flags = in.flags("flags", REDUCE_ONLY | POST_ONLY | HAS_LIMIT | HAS_QUANTITY);
        double quantity = in.f64("orderQuantity");
        double limit = in.f64("limitPrice");
        return state.reduceOnly((flags & REDUCE_ONLY) != 0)
                .postOnly((flags & POST_ONLY) != 0)
                .orderQuantity((flags & HAS_QUANTITY) != 0 ? Double.valueOf(quantity) : null)
                .limitPrice((flags & HAS_LIMIT) != 0 ? Double.valueOf(limit) : null)
                .executedQuantity(in.f64("executedQuantity"))
                .averagePrice(in.f64("averagePrice"))
                .venueOrderId(in.text("venueOrderId"))
                .status(in.text("status"))
                .rawStatus(in.text("rawStatus"))
                .reason(in.text("reason"))
                .lastEventNanos(in.i64("lastEventNanos"))
                .createdNanos(in.i64("createdNanos"))
                .updatedNanos(in.i64("updatedNanos"))
                .tradeIds(in.texts("tradeIds"))
                .build();
    }
}
