package io.veloz.wal.http;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Maps requests to endpoints, by their exact path, and writes the responses. Thread-safe.
 *
 * <p>Every response closes its connection. So a client occupies a thread for one request at most, and no connection is idle.
 */
final class Router implements HttpHandler {
    private static final Logger LOG = LoggerFactory.getLogger("io.veloz.wal");
    private static final int MAX_BODY_BYTES = 16 * 1024;
    private static final int WRITE_BUFFER_BYTES = 16 * 1024;

    /** A name that a DNS server of an attacker cannot resolve: "localhost" or an IP address, with or without a port. */
    private static final Pattern LOOPBACK_HOST =
            Pattern.compile("(?i)(localhost|[0-9.]{7,15}|\\[[0-9a-f:.]{2,45}])(:[0-9]{1,5})?");

    /** Produces the response to a GET request. */
    interface Endpoint {
        Response respond() throws IOException;
    }

    private final Map<String, Endpoint> endpoints;
    private final Map<String, HttpCommand> commands;
    private final boolean onLoopback;
    private final RequestExecutor executor;

    Router(
            Map<String, Endpoint> endpoints,
            Map<String, HttpCommand> commands,
            boolean onLoopback,
            RequestExecutor executor) {
        this.endpoints = Map.copyOf(endpoints);
        this.commands = Map.copyOf(commands);
        this.onLoopback = onLoopback;
        this.executor = executor;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        executor.requestWasRead();
        Response response;
        try {
            response = respond(exchange);
        } catch (Exception e) {
            LOG.error("{} {} failed", exchange.getRequestMethod(), exchange.getRequestURI(), e);
            response = Response.text(500, "internal error; the log of the engine has the cause");
        }
        write(exchange, response);
        // Not after an exception: closing the exchange would end the content, which would then pass for complete. The
        // server
        // cuts the connection instead.
        exchange.close();
    }

    private Response respond(HttpExchange exchange) throws Exception {
        Optional<Response> refusal = refuseForeignHost(exchange);
        if (refusal.isPresent()) {
            return refusal.get();
        }
        String path = String.valueOf(exchange.getRequestURI().getRawPath());
        HttpCommand command = commands.get(path);
        if (command != null) {
            return execute(command, exchange);
        }
        Endpoint endpoint = endpoints.get(path);
        if (endpoint == null) {
            return Response.text(404, "not found");
        }
        String method = exchange.getRequestMethod();
        return method.equals("GET") || method.equals("HEAD") ? endpoint.respond() : notAllowed(exchange, "GET, HEAD");
    }

    /**
     * Refuses the name of another host, if the server is on the loopback interface. Otherwise a web page could read the
     * endpoints through the browser of an operator, by a DNS name of its own that resolves to 127.0.0.1 (DNS rebinding).
     */
    private Optional<Response> refuseForeignHost(HttpExchange exchange) {
        String host = exchange.getRequestHeaders().getFirst("Host");
        boolean isForeign =
                onLoopback && host != null && !LOOPBACK_HOST.matcher(host).matches();
        return isForeign
                ? Optional.of(Response.text(403, "unexpected Host header: expected localhost or an IP address"))
                : Optional.empty();
    }

    private Response execute(HttpCommand command, HttpExchange exchange) throws Exception {
        if (!exchange.getRequestMethod().equals("POST")) {
            return notAllowed(exchange, "POST");
        }
        if (!exchange.getRemoteAddress().getAddress().isLoopbackAddress()) {
            return Response.text(403, "commands are accepted from this machine only");
        }
        Headers headers = exchange.getRequestHeaders();
        if (headers.containsKey("Origin") || headers.containsKey("Sec-Fetch-Site")) {
            // A browser sends these with every POST, and any web page can send one to the loopback interface.
            return Response.text(403, "commands are not accepted from a browser");
        }
        byte[] body;
        try (InputStream in = exchange.getRequestBody()) {
            body = in.readNBytes(MAX_BODY_BYTES + 1);
        }
        if (body.length > MAX_BODY_BYTES) {
            return Response.text(413, "the body is too large: expected at most " + MAX_BODY_BYTES + " bytes");
        }
        HttpReply reply = command.execute(new String(body, StandardCharsets.UTF_8));
        return Response.json(reply.status(), reply.json());
    }

    private static Response notAllowed(HttpExchange exchange, String allowed) {
        exchange.getResponseHeaders().set("Allow", allowed);
        return Response.text(405, "method not allowed; expected " + allowed);
    }

    private static void write(HttpExchange exchange, Response response) throws IOException {
        Headers headers = exchange.getResponseHeaders();
        headers.set("Content-Type", response.contentType());
        headers.set("Content-Security-Policy", response.policy());
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Cache-Control", "no-store");
        headers.set("Connection", "close");
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(response.status(), -1);
            return;
        }
        // Length 0 stands for an unknown length: the content is chunked.
        exchange.sendResponseHeaders(response.status(), 0);
        OutputStream out = new BufferedOutputStream(exchange.getResponseBody(), WRITE_BUFFER_BYTES);
        response.content().writeTo(out);
        out.flush();
    }
}
