package io.veloz.wal.demo;

import io.veloz.wal.legacy.LegacyMode;
import io.veloz.wal.orders.OrderState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The first tenth of the engine's log, with the orders that the engine would restore from it. */
final class Slice {
    private Slice() {}

    static EngineLog unpackInto(Path directory) throws IOException {
        EngineLog whole = EngineLog.unpackInto(directory);
        try (Stream<Path> files = Files.list(whole.directory())) {
            files.sorted().skip(1).forEach(Slice::delete);
        }
        Files.writeString(
                whole.replayJson(),
                json(whole.open().replay(LegacyMode.LEGACY_B).orders()));
        return whole;
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String json(List<OrderState> orders) {
        return orders.stream()
                .map(Slice::json)
                .collect(Collectors.joining(",\n", "{\"count\": 1, \"orders\": [", "]}"));
    }

    private static String json(OrderState order) {
        return String.format(
                Locale.ROOT,
                "{\"client_order_id\":\"%s\",\"symbol\":\"%s\",\"side\":\"%s\",\"order_qty\":%s,\"limit_price\":%s,"
                        + "\"executed_qty\":%s,\"avg_price\":%s,\"venue_order_id\":\"%s\",\"status\":\"%s\","
                        + "\"reason\":\"%s\",\"last_ts_ns\":%d,\"created_ts_set\":%s}",
                order.clientOrderId(),
                order.symbol(),
                order.side(),
                order.orderQuantity(),
                order.limitPrice(),
                order.executedQuantity(),
                order.averagePrice(),
                order.venueOrderId(),
                order.status(),
                order.reason(),
                order.lastEventNanos(),
                order.createdNanos() != 0);
    }
}
