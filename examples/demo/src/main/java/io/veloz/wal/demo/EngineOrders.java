package io.veloz.wal.demo;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.veloz.wal.orders.OrderState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The orders that the engine restored, field by field. Immutable. */
final class EngineOrders {
    private static final String ID = "client_order_id";

    /** The values of the fields by order id, including all bits of the numbers. */
    private final Map<String, Map<String, String>> orders;

    private EngineOrders(Map<String, Map<String, String>> orders) {
        this.orders = orders;
    }

    /** Reads the output of the engine's replay. */
    static EngineOrders read(Path json) throws IOException {
        Map<String, Map<String, String>> orders = new LinkedHashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(json.toFile())) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.START_ARRAY && "orders".equals(parser.currentName())) {
                    readOrders(parser, orders);
                }
            }
        }
        if (orders.isEmpty()) {
            throw new IOException(json + " contains no orders");
        }
        return new EngineOrders(orders);
    }

    private static void readOrders(JsonParser parser, Map<String, Map<String, String>> orders) throws IOException {
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            Map<String, String> fields = new LinkedHashMap<>();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                fields.put(name, value(name, parser));
            }
            String id = fields.get(ID);
            if (id == null || orders.put(id, fields) != null) {
                throw new IOException("order " + orders.size() + " has no unique id: " + fields);
            }
        }
    }

    private static String value(String name, JsonParser parser) throws IOException {
        return switch (name) {
            case "order_qty", "limit_price", "executed_qty", "avg_price" ->
                number(parser.currentToken() == JsonToken.VALUE_NULL ? null : parser.getDoubleValue());
            default -> parser.getText();
        };
    }

    /** Shows whether the orders equal the engine's own. */
    void compare(Screen screen, List<OrderState> restored) {
        List<String> differences = differencesTo(restored);
        screen.promise(
                "compared",
                Figures.count(restored.size()) + " orders with the engine's own " + Figures.count(orders.size())
                        + ", every field, every bit: " + Figures.count(differences.size()) + " differences",
                differences);
    }

    /** Returns one line for each field that differs from the engine's; empty if all are equal, bit by bit. */
    List<String> differencesTo(List<OrderState> restored) {
        List<String> differences = new ArrayList<>();
        Map<String, Map<String, String>> missing = new LinkedHashMap<>(orders);
        for (OrderState order : restored) {
            Map<String, String> expected = missing.remove(order.clientOrderId());
            if (expected == null) {
                differences.add(order.clientOrderId() + ": not an order of the engine, or a duplicate");
            } else {
                addDifferences(order.clientOrderId(), fields(order), expected, differences);
            }
        }
        missing.keySet().forEach(id -> differences.add(id + ": missing"));
        return differences;
    }

    private static void addDifferences(
            String id, Map<String, String> got, Map<String, String> expected, List<String> differences) {
        expected.forEach((field, value) -> {
            String other = got.get(field);
            if (!value.equals(other)) {
                differences.add(id + ": " + field + " is " + other + ", the engine has " + value);
            }
        });
    }

    private static Map<String, String> fields(OrderState order) {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put(ID, order.clientOrderId());
        fields.put("symbol", order.symbol());
        fields.put("side", order.side() == null ? "" : order.side().name());
        fields.put("order_qty", number(order.orderQuantity()));
        fields.put("limit_price", number(order.limitPrice()));
        fields.put("executed_qty", number(order.executedQuantity()));
        fields.put("avg_price", number(order.averagePrice()));
        fields.put("venue_order_id", order.venueOrderId());
        fields.put("status", order.status());
        fields.put("reason", order.reason());
        fields.put("last_ts_ns", String.valueOf(order.lastEventNanos()));
        fields.put("created_ts_set", String.valueOf(order.createdNanos() != 0));
        return fields;
    }

    private static String number(@Nullable Double number) {
        return number == null
                ? "none"
                : number + " (bits " + Long.toHexString(Double.doubleToRawLongBits(number)) + ")";
    }
}
