package io.veloz.wal.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Sends requests to a server over loopback: well-formed ones with the client of the JDK, all others as bytes. */
final class Client {
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(30))
            .build();
    private static final int SOCKET_TIMEOUT_MILLIS = 60_000;

    private Client() {}

    record Reply(int status, HttpHeaders headers, String body) {
        JsonNode json() {
            try {
                return new ObjectMapper().readTree(body);
            } catch (IOException e) {
                throw new UncheckedIOException(body, e);
            }
        }

        /** Returns the reason of each check that failed, as "name: reason". */
        List<String> failed() {
            List<String> failed = new ArrayList<>();
            json().get("checks").forEach(check -> {
                if (check.get("status").asText().equals("failed")) {
                    failed.add(check.get("name").asText() + ": "
                            + check.get("reason").asText());
                }
            });
            return failed;
        }
    }

    /** Returns a builder for a free port on the loopback interface. */
    static WalHttpServer.Builder server() {
        return WalHttpServer.builder().address(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    static Reply get(WalHttpServer server, String path) throws Exception {
        return send(server, "GET", path, "");
    }

    static Reply send(WalHttpServer server, String method, String path, String body, String... headers)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.uri().resolve(path))
                .timeout(Duration.ofSeconds(60))
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        HttpResponse<String> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        return new Reply(response.statusCode(), response.headers(), response.body());
    }

    static Socket connect(WalHttpServer server) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(SOCKET_TIMEOUT_MILLIS);
        socket.connect(server.address(), SOCKET_TIMEOUT_MILLIS);
        return socket;
    }

    /** Sends bytes and returns everything that the server sends until it ends the connection. */
    static String raw(WalHttpServer server, String request) throws IOException {
        try (Socket socket = connect(server)) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return readToEnd(socket);
        }
    }

    /** Returns what arrives until the connection ends, with or without a reset. */
    static String readToEnd(Socket socket) throws IOException {
        StringBuilder received = new StringBuilder();
        byte[] buffer = new byte[8192];
        try {
            for (int n = socket.getInputStream().read(buffer);
                    n >= 0;
                    n = socket.getInputStream().read(buffer)) {
                received.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
            }
        } catch (java.net.SocketException e) {
            return received.toString();
        }
        return received.toString();
    }
}
