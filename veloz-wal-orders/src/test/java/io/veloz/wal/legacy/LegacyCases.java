package io.veloz.wal.legacy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.orders.OrderText;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Test resources: files that the engine wrote, and the states of the engine and of its writers. */
final class LegacyCases {
    private static final List<String> ZIPPED = List.of("b-typical", "c-kill9-fsync", "c2-kill9-torn");

    private LegacyCases() {}

    static Stream<String> all() {
        Stream<String> plain = Stream.of(resource("legacy").toFile().listFiles())
                .filter(f -> f.isDirectory())
                .map(f -> f.getName());
        return Stream.concat(plain, ZIPPED.stream()).sorted();
    }

    /** Returns the directory of a case: the files in {@code wal}, and the states next to it. */
    static Path of(String name, Path scratch) {
        return ZIPPED.contains(name) ? unzip(name, scratch) : resource("legacy/" + name);
    }

    static LegacyLog log(String name, Path scratch) {
        return LegacyLog.open(of(name, scratch).resolve("wal"));
    }

    static JsonNode json(Path directory, String file) {
        try {
            return new ObjectMapper().readTree(directory.resolve(file).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Compares orders. Numbers are compared bit by bit. */
    static void assertOrders(List<OrderState> orders, JsonNode expected) {
        List<String> got = orders.stream().map(LegacyCases::line).toList();
        List<String> wanted = new ArrayList<>();
        expected.get("orders").forEach(order -> wanted.add(line(order)));
        assertThat(got).isEqualTo(wanted);
        assertThat(orders).hasSize(expected.get("count").intValue());
    }

    private static String line(OrderState order) {
        return String.join(
                "|",
                order.clientOrderId(),
                order.symbol(),
                order.side() == null ? "" : order.side().name(),
                bits(order.orderQuantity()),
                bits(order.limitPrice()),
                bits(order.executedQuantity()),
                bits(order.averagePrice()),
                order.venueOrderId(),
                order.status(),
                order.reason(),
                String.valueOf(order.lastEventNanos()),
                String.valueOf(order.createdNanos() != 0));
    }

    private static String line(JsonNode order) {
        return String.join(
                "|",
                text(order, "client_order_id"),
                text(order, "symbol"),
                text(order, "side"),
                bits(number(order, "order_qty")),
                bits(number(order, "limit_price")),
                bits(number(order, "executed_qty")),
                bits(number(order, "avg_price")),
                text(order, "venue_order_id"),
                text(order, "status"),
                text(order, "reason"),
                order.get("last_ts_ns").asText(),
                order.get("created_ts_set").asText());
    }

    private static String bits(Double number) {
        return number == null ? "-" : number + "/" + Long.toHexString(Double.doubleToRawLongBits(number));
    }

    private static Double number(JsonNode order, String field) {
        return order.get(field).isNull()
                ? null
                : Double.valueOf(order.get(field).doubleValue());
    }

    /** Returns a text. The files contain every byte from 0x7F as one character. */
    private static String text(JsonNode order, String field) {
        byte[] bytes = order.get(field).asText().getBytes(StandardCharsets.ISO_8859_1);
        return OrderText.decode(bytes, 0, bytes.length);
    }

    static Path resource(String name) {
        try {
            return Path.of(LegacyCases.class.getClassLoader().getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static Path unzip(String name, Path scratch) {
        try (InputStream file = Files.newInputStream(resource("legacy/large.zip"));
                ZipInputStream zip = new ZipInputStream(file)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (entry.getName().startsWith(name + "/")) {
                    Path target = scratch.resolve(entry.getName());
                    Files.createDirectories(target.getParent());
                    Files.write(target, zip.readAllBytes());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return scratch.resolve(name);
    }
}
