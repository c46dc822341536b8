package io.veloz.wal.orders;

import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Describes how two states of an order differ. Stateless. */
final class OrderDifference {
    /** Longer values, such as lists of trade ids, are cut in messages. */
    private static final int MAX_CHARS = 200;

    private record Field(String name, Function<OrderState, @Nullable Object> value) {}

    private static final List<Field> FIELDS = List.of(
            new Field("symbol", OrderState::symbol),
            new Field("side", OrderState::side),
            new Field("type", OrderState::type),
            new Field("timeInForce", OrderState::timeInForce),
            new Field("reduceOnly", OrderState::reduceOnly),
            new Field("postOnly", OrderState::postOnly),
            new Field("orderQuantity", OrderState::orderQuantity),
            new Field("limitPrice", OrderState::limitPrice),
            new Field("executedQuantity", OrderState::executedQuantity),
            new Field("averagePrice", OrderState::averagePrice),
            new Field("venueOrderId", OrderState::venueOrderId),
            new Field("status", OrderState::status),
            new Field("rawStatus", OrderState::rawStatus),
            new Field("reason", OrderState::reason),
            new Field("lastEventNanos", OrderState::lastEventNanos),
            new Field("createdNanos", OrderState::createdNanos),
            new Field("updatedNanos", OrderState::updatedNanos),
            new Field("tradeIds", OrderState::tradeIds));

    private OrderDifference() {}

    /** Returns the first field that differs, with both values. */
    static String of(OrderState checkpoint, @Nullable OrderState replayed) {
        if (replayed == null) {
            return "it is in the checkpoint, in status \"" + checkpoint.status() + "\"; no replayed record creates it";
        }
        for (Field field : FIELDS) {
            Object stated = field.value.apply(checkpoint);
            Object found = field.value.apply(replayed);
            if (!Objects.equals(stated, found)) {
                return field.name + " is " + text(stated) + " in the checkpoint, " + text(found)
                        + " in the replayed records";
            }
        }
        return "the checkpoint has " + text(checkpoint) + ", the replayed records " + text(replayed);
    }

    private static String text(@Nullable Object value) {
        String text = String.valueOf(value);
        return text.length() <= MAX_CHARS ? text : text.substring(0, MAX_CHARS) + "…";
    }
}
