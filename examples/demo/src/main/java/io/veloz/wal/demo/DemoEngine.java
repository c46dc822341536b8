package io.veloz.wal.demo;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/** The example engine in its own process, started by a script and observed by its endpoints. Not thread-safe. */
final class DemoEngine {
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);
    private static final long START_SECONDS = 60;
    private static final long EXIT_SECONDS = 20;

    private final DemoSite site;
    private final URI uri;
    private final Map<String, String> environment;
    private final HttpClient http = HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(5))
            .proxy(HttpClient.Builder.NO_PROXY)
            .build();

    /** @param uri of the endpoints, on a free port */
    DemoEngine(DemoSite site, URI uri, Map<String, String> environment) {
        this.site = site;
        this.uri = uri;
        this.environment = environment;
    }

    /** An answer of an endpoint. */
    record Answer(int status, String body) {}

    URI uri() {
        return uri;
    }

    /** Starts the engine live, and returns when it accepts orders. */
    void start() throws IOException, InterruptedException {
        ProcessBuilder script = new ProcessBuilder(site.engineScript().toString())
                .redirectErrorStream(true)
                .redirectOutput(site.directory().resolve("engine-script.log").toFile());
        script.environment().putAll(environment);
        int exit = script.start().waitFor();
        if (exit != 0) {
            throw new IOException("the engine did not start: "
                    + Files.readString(site.directory().resolve("engine-script.log"))
                            .strip());
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        Optional<Answer> answer = Optional.empty();
        while (answer.isEmpty() || answer.get().status() != 200) {
            if (process().isEmpty() || System.nanoTime() > end) {
                throw new IOException(
                        "the engine is not ready: " + answer.map(Answer::body).orElse("no answer") + "; "
                                + Files.readString(site.directory().resolve("engine.log"))
                                        .strip());
            }
            // It is another process, so polling is the only way to wait for it.
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            answer = tryGet("/health/ready");
        }
    }

    private Optional<Answer> tryGet(String path) throws InterruptedException {
        try {
            return Optional.of(get(path));
        } catch (IOException e) {
            // It does not listen yet.
            return Optional.empty();
        }
    }

    Answer get(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(uri.resolve(path)).GET());
    }

    Answer post(String path, String body) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(uri.resolve(path)).POST(BodyPublishers.ofString(body)));
    }

    private Answer send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response =
                http.send(request.timeout(REQUEST_TIMEOUT).build(), BodyHandlers.ofString());
        return new Answer(response.statusCode(), response.body());
    }

    /** Places an order, and returns when it is durable. */
    void place(String id) throws IOException, InterruptedException {
        Answer answer = post("/api/orders", "id=" + id + "&symbol=BTCUSDT&side=BUY&quantity=0.5&price=50000");
        if (answer.status() != 201) {
            throw new IOException(
                    "order " + id + " was not accepted: status " + answer.status() + ", " + answer.body());
        }
    }

    /** Returns the fields of each order by its id, as {@code /api/orders_state} shows them. */
    Map<String, Map<String, String>> orders() throws IOException, InterruptedException {
        Answer answer = get("/api/orders_state");
        if (answer.status() != 200) {
            throw new IOException("/api/orders_state: status " + answer.status() + ", " + answer.body());
        }
        Map<String, Map<String, String>> orders = new LinkedHashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(answer.body())) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.START_ARRAY && "items".equals(parser.currentName())) {
                    while (parser.nextToken() == JsonToken.START_OBJECT) {
                        Map<String, String> fields = fields(parser);
                        orders.put(fields.getOrDefault("client_order_id", ""), fields);
                    }
                }
            }
        }
        return orders;
    }

    private static Map<String, String> fields(JsonParser parser) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            fields.put(name, parser.getText());
        }
        return fields;
    }

    private Optional<ProcessHandle> process() throws IOException {
        Path file = site.directory().resolve("engine.pid");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        return ProcessHandle.of(Long.parseLong(Files.readString(file).strip())).filter(ProcessHandle::isAlive);
    }

    /** Kills the engine with SIGKILL, if it runs, and returns when it has exited. */
    void kill() throws IOException, InterruptedException {
        Optional<ProcessHandle> running = process();
        if (running.isPresent()) {
            running.get().destroyForcibly();
            awaitExit(running.get());
        }
    }

    /** Ends the engine with SIGTERM, if it runs, and returns when it has closed its log. */
    void stop() throws IOException, InterruptedException {
        Optional<ProcessHandle> running = process();
        if (running.isPresent()) {
            running.get().destroy();
            awaitExit(running.get());
        }
    }

    private static void awaitExit(ProcessHandle process) throws IOException, InterruptedException {
        try {
            process.onExit().get(EXIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("the engine did not exit", e);
        }
    }
}
