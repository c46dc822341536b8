package io.veloz.wal.ops;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.orders.OrderReplay;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Collectors;

/** An engine for tests: answers with the state of a log on the endpoints that a recovery compares. */
final class TestEngine {
    private TestEngine() {}

    /** Serves the log in a directory until the process is killed; with {@code --forgetful}, without its first order. */
    public static void main(String[] args) throws IOException {
        serve(Path.of(args[0]), Integer.parseInt(args[1]), args.length > 2);
    }

    /** Reads the log at each request. */
    private static void serve(Path log, int port, boolean forgetful) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/health/ready", exchange -> answer(exchange, "{\"status\":\"UP\"}"));
        server.createContext("/api/orders_state", exchange -> answer(exchange, orders(log, forgetful)));
        server.createContext(
                "/metrics",
                exchange -> answer(
                        exchange, "veloz_wal_last_sequence " + WalRecovery.lastSequence(ReadOptions.of(log)) + ".0\n"));
        server.createContext("/api/admin/live", exchange -> answer(exchange, "{\"live\":true}"));
        server.start();
    }

    private static String orders(Path log, boolean forgetful) {
        return OrderReplay.read(ReadOptions.of(log)).store().orders().stream()
                .skip(forgetful ? 1 : 0)
                .map(order -> "{\"client_order_id\":\"" + order.clientOrderId() + "\",\"executed_qty\":"
                        + order.executedQuantity() + ",\"status\":\"" + order.status() + "\"}")
                .collect(Collectors.joining(",", "{\"items\":[", "]}"));
    }

    private static void answer(HttpExchange exchange, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
