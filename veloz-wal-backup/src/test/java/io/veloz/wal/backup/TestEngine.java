package io.veloz.wal.backup;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.orders.OrderReplay;
import io.veloz.wal.orders.OrderState;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** An engine for tests: replays a log read-only, and answers on the endpoints that a recovery compares. */
public final class TestEngine {
    private TestEngine() {}

    public static void main(String[] args) throws IOException {
        List<String> arguments = Arrays.asList(args);
        Path log = Path.of(arguments.get(arguments.indexOf("--wal") + 1));
        int port = Integer.parseInt(arguments.get(arguments.indexOf("--http") + 1));
        boolean forgets = arguments.contains("--forget-an-order");
        long last = WalRecovery.inspect(ReadOptions.of(log)).lastSequence();
        List<OrderState> orders = OrderReplay.read(ReadOptions.of(log)).store().orders();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        String items = orders.stream()
                .skip(forgets ? 1 : 0)
                .map(order -> "{\"client_order_id\":\"" + order.clientOrderId() + "\",\"executed_qty\":"
                        + order.executedQuantity() + ",\"status\":\"" + order.status() + "\"}")
                .collect(Collectors.joining(","));
        server.createContext("/health/ready", exchange -> answer(exchange, "{\"status\":\"UP\"}"));
        server.createContext(
                "/api/orders_state", exchange -> answer(exchange, "{\"count\":1,\"items\":[" + items + "]}"));
        server.createContext("/metrics", exchange -> answer(exchange, "veloz_wal_last_sequence " + last + ".0\n"));
        server.createContext("/api/admin/live", exchange -> answer(exchange, "{\"live\":true}"));
        server.start();
    }

    private static void answer(HttpExchange exchange, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
