package io.veloz.wal.backup.internal.vault;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A small HTTP/1.1 server. The JDK's own closes a connection only after a second, which makes an enumeration of cuts slow.
 */
final class LoopbackHttp implements AutoCloseable {
    record Request(String method, String target, Map<String, String> headers, byte[] body) {
        @Nullable
        String header(String name) {
            return headers.get(name.toLowerCase(Locale.ROOT));
        }
    }

    /** Header lines end with CRLF each. */
    record Response(int status, String headers, byte[] body) {}

    interface Handler {
        /** Returns the response; null to close the connection without one. */
        @Nullable
        Response handle(Request request) throws IOException;
    }

    private final ServerSocket socket;
    private final Handler handler;
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();

    LoopbackHttp(ServerSocket socket, Handler handler) {
        this.socket = socket;
        this.handler = handler;
        start(this::accept);
    }

    private static void start(Runnable job) {
        Thread thread = new Thread(job, "loopback-http");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return socket.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket connection = socket.accept();
                connections.add(connection);
                start(() -> serve(connection));
            }
        } catch (IOException e) {
            // The server was closed.
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            connection.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(connection.getInputStream());
            for (Request request = read(in); request != null; request = read(in)) {
                Response response = handler.handle(request);
                if (response == null) {
                    return;
                }
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                out.writeBytes(("HTTP/1.1 " + response.status() + " x\r\n" + response.headers() + "Content-Length: "
                                + response.body().length + "\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1));
                out.writeBytes(response.body());
                connection.getOutputStream().write(out.toByteArray());
            }
        } catch (IOException e) {
            // The client closed the connection, or refused the certificate.
        } finally {
            connections.remove(connection);
        }
    }

    private static @Nullable Request read(InputStream in) throws IOException {
        String first = line(in);
        if (first == null) {
            return null;
        }
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(in); line != null && !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        byte[] body = in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
        String[] words = first.split(" ", -1);
        return new Request(words[0], words[1], headers, body);
    }

    private static @Nullable String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                return null;
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.ISO_8859_1).replace("\r", "");
    }

    @Override
    public void close() {
        try {
            socket.close();
            for (Socket connection : connections) {
                connection.close();
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
