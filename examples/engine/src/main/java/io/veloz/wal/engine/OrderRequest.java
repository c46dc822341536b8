package io.veloz.wal.engine;

import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.Side;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Parses the body of {@code POST /api/orders}: {@code id=a-1&symbol=BTCUSDT&side=BUY&quantity=0.5&price=50000}. Stateless. */
final class OrderRequest {
    private static final Set<String> FIELDS = Set.of("id", "symbol", "side", "quantity", "price");

    private OrderRequest() {}

    /** Throws {@link IllegalArgumentException} with the reason if the body is not valid. */
    static OrderNew parse(String body) {
        Map<String, String> fields = new TreeMap<>();
        for (String field : body.strip().split("&", -1)) {
            int equals = field.indexOf('=');
            String name = equals < 0 ? field : field.substring(0, equals);
            if (!FIELDS.contains(name) || equals < 0) {
                throw new IllegalArgumentException("unexpected field \"" + name + "\": expected " + expected());
            }
            String value = URLDecoder.decode(field.substring(equals + 1), StandardCharsets.UTF_8);
            if (fields.put(name, value) != null) {
                throw new IllegalArgumentException("the field " + name + " occurs twice");
            }
        }
        return OrderNew.limit(
                required(fields, "id"),
                required(fields, "symbol"),
                side(required(fields, "side")),
                number(fields, "quantity"),
                number(fields, "price"));
    }

    private static String expected() {
        return "id, symbol, side, quantity, price";
    }

    private static String required(Map<String, String> fields, String name) {
        String value = fields.get(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException("the field " + name + " is missing: expected " + expected());
        }
        return value;
    }

    private static Side side(String text) {
        return switch (text) {
            case "BUY" -> Side.BUY;
            case "SELL" -> Side.SELL;
            default -> throw new IllegalArgumentException("side " + text + ": expected BUY or SELL");
        };
    }

    private static double number(Map<String, String> fields, String name) {
        String text = required(fields, name);
        if (!text.matches("[0-9]{1,15}(\\.[0-9]{1,12})?")) {
            throw new IllegalArgumentException(name + " " + text + ": expected a decimal number");
        }
        return Double.parseDouble(text);
    }
}
