package io.veloz.wal.backup.internal.recovery;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.http.BoundedBody;
import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.recovery.LogPart.Replayed;
import io.veloz.wal.backup.internal.recovery.Part.Gate;
import io.veloz.wal.orders.OrderState;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Starts, stops and observes the engine, by the commands and the endpoints of a profile. It belongs to one thread. */
public final class Engine {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration STOP_TIMEOUT = Duration.ofMinutes(2);
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final int BODY_MAX_BYTES = 64 << 20;
    private static final String LAST_SEQUENCE = "veloz_wal_last_sequence ";

    private final EngineSettings settings;
    private final Path scratch;
    private final EngineProbe probe;
    private final HttpClient http;

    /**
     * Creates the control of an engine.
     *
     * @param scratch a directory that only its owner can read, for the output of commands
     */
    public Engine(EngineSettings settings, Path scratch) {
        this.settings = settings;
        this.scratch = scratch;
        this.probe = new EngineProbe(settings, scratch);
        this.http = HttpClient.newBuilder()
                .connectTimeout(CONNECT_TIMEOUT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    // ---- down

    /**
     * Refuses to continue while the engine runs, or may run.
     *
     * @param knownDown whether the caller knows that the engine is down: then only what is observed to run refuses
     * @throws RecoveryException ENGINE_RUNS
     */
    public void requireDown(boolean knownDown) throws IOException {
        for (Observation observed : List.of(probe.unit(), probe.url())) {
            if (observed.state() == Observation.State.RUNS) {
                throw new RecoveryException(
                        Reason.ENGINE_RUNS, observed.detail() + ": stop the engine, and run this again");
            }
            if (observed.state() == Observation.State.UNKNOWN && !knownDown) {
                throw new RecoveryException(
                        Reason.ENGINE_RUNS,
                        observed.detail()
                                + ": correct that, or use --engine-is-down if you know that the engine is down");
            }
        }
    }

    /** Returns whether a process accepts connections at the URL of the profile. */
    public Observation url() {
        return probe.url();
    }

    /** Returns whether the unit of the profile is active. */
    public Observation unit() throws IOException {
        return probe.unit();
    }

    /**
     * Runs the stop command of the profile, and waits until the engine does not answer any more.
     *
     * @return false if the profile has no stop command, so that the engine still runs
     * @throws IOException if the command fails, or the engine still answers, or whether it does is not known
     */
    public boolean stop() throws IOException {
        if (settings.stop().isEmpty()) {
            return false;
        }
        requireSuccess("engine.stop", settings.stop());
        long end = System.nanoTime() + STOP_TIMEOUT.toNanos();
        while (true) {
            Observation url = probe.url();
            switch (url.state()) {
                case DOWN -> {
                    return true;
                }
                case UNKNOWN -> throw new IOException("engine.stop returned; " + url.detail());
                case RUNS -> {
                    if (System.nanoTime() - end >= 0) {
                        throw new IOException(
                                "engine.stop returned, and after " + STOP_TIMEOUT.toSeconds() + " s " + url.detail());
                    }
                }
            }
            pause();
        }
    }

    private static void pause() throws InterruptedIOException {
        if (Thread.interrupted()) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for the engine");
        }
        LockSupport.parkNanos(POLL.toNanos());
    }

    // ---- start

    /**
     * Refuses a profile that does not say how the engine is started and observed.
     *
     * @throws IllegalArgumentException if engine.start or engine.url is missing
     */
    public void requireCanStart() {
        if (settings.start().isEmpty() || settings.url().isEmpty()) {
            throw new IllegalArgumentException(
                    "engine.start or engine.url is missing in the profile, so the engine cannot be started");
        }
    }

    /**
     * Runs the start command of the profile, which returns when the engine is starting.
     *
     * @throws IOException if it fails
     */
    public void start() throws IOException {
        requireSuccess("engine.start", settings.start());
    }

    /** The output of the engine may contain secrets: it stays in a file that only this user can read. */
    private void requireSuccess(String key, List<String> command) throws IOException {
        Path output = scratch.resolve(key + ".output");
        Files.deleteIfExists(output);
        int exitCode = EngineCommand.run(command, output);
        if (exitCode != 0) {
            throw new IOException(key + " ended with exit code " + exitCode + "; its output is in " + output);
        }
        Files.delete(output);
    }

    // ---- verify

    /**
     * Waits until the engine is ready, and compares its state with the replayed log. A status code alone proves nothing: the
     * content of each answer is read.
     *
     * @return one gate for each endpoint
     */
    public List<Gate> verify(Replayed expected) throws IOException {
        return verify(expected, () -> true);
    }

    /** Does the same, and does not wait for an engine that does not run any more. */
    public List<Gate> verify(Replayed expected, BooleanSupplier runs) throws IOException {
        List<Gate> gates = new ArrayList<>();
        gates.add(ready(runs));
        if (gates.get(0).passed()) {
            gates.add(gate("/api/orders_state equals the replayed orders", () -> compareOrders(expected)));
            gates.add(gate("/metrics shows the last record", () -> compareMetrics(expected)));
        }
        return gates;
    }

    private Gate ready(BooleanSupplier runs) throws IOException {
        long end = System.nanoTime() + settings.startTimeout().toNanos();
        String last = "no answer";
        while (true) {
            try {
                HttpResponse<byte[]> response = get("/health/ready");
                String body = text(response);
                if (response.statusCode() == 200 && !body.isBlank()) {
                    return new Gate("/health/ready", true, "status 200");
                }
                last = "status " + response.statusCode() + ": " + body.strip();
            } catch (IOException e) {
                // The HTTP client throws some without a message.
                last = e.getMessage() == null ? e.toString() : e.getMessage();
            }
            if (System.nanoTime() - end >= 0 || !runs.getAsBoolean()) {
                return new Gate(
                        "/health/ready",
                        false,
                        "not ready after " + settings.startTimeout().toSeconds() + " s: " + last);
            }
            pause();
        }
    }

    private interface Comparison {
        /** Returns the difference; null if there is none. */
        @Nullable
        String difference() throws IOException;
    }

    private static Gate gate(String name, Comparison comparison) {
        try {
            String difference = comparison.difference();
            return new Gate(name, difference == null, difference == null ? "equal" : difference);
        } catch (IOException e) {
            return new Gate(name, false, String.valueOf(e.getMessage()));
        }
    }

    private @Nullable String compareOrders(Replayed expected) throws IOException {
        HttpResponse<byte[]> response = get("/api/orders_state");
        if (response.statusCode() != 200) {
            return "status " + response.statusCode();
        }
        int seen = 0;
        try (JsonParser json = new JsonFactory().createParser(response.body())) {
            requireItems(json);
            while (json.nextToken() == JsonToken.START_OBJECT) {
                Order order = Order.read(json);
                Optional<OrderState> replayed = expected.orders().store().get(order.id);
                if (replayed.isEmpty()) {
                    return "order " + order.id + " is not in the log";
                }
                if (!replayed.get().status().equals(order.status)
                        || Double.compare(replayed.get().executedQuantity(), order.executed) != 0) {
                    return "order " + order.id + " is " + order.status + ", executed " + order.executed
                            + "; in the log it is " + replayed.get().status() + ", executed "
                            + replayed.get().executedQuantity();
                }
                seen++;
            }
        }
        int count = expected.orders().store().count();
        return seen == count ? null : seen + " orders; the log has " + count;
    }

    private static void requireItems(JsonParser json) throws IOException {
        while (json.nextToken() != null) {
            if (json.currentToken() == JsonToken.FIELD_NAME && "items".equals(json.currentName())) {
                if (json.nextToken() == JsonToken.START_ARRAY) {
                    return;
                }
                break;
            }
        }
        throw new IOException("the answer has no list \"items\"");
    }

    private static final class Order {
        private String id = "";
        private String status = "";
        private double executed;

        static Order read(JsonParser json) throws IOException {
            Order order = new Order();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                switch (name) {
                    case "client_order_id" -> order.id = json.getText();
                    case "status" -> order.status = json.getText();
                    case "executed_qty" -> order.executed = json.getDoubleValue();
                    default -> json.skipChildren();
                }
            }
            return order;
        }
    }

    private @Nullable String compareMetrics(Replayed expected) throws IOException {
        HttpResponse<byte[]> response = get("/metrics");
        String body = text(response);
        if (response.statusCode() != 200) {
            return "status " + response.statusCode();
        }
        for (String line : body.split("\n", -1)) {
            if (line.startsWith(LAST_SEQUENCE)) {
                double value = number(line.substring(LAST_SEQUENCE.length()).strip());
                return value >= expected.lastSequence()
                        ? null
                        : "the last record is " + (long) value + "; the log ends with " + expected.lastSequence();
            }
        }
        return "there is no " + LAST_SEQUENCE.strip();
    }

    /** The text is not quoted: it is of a process that may have printed anything. */
    private static double number(String text) throws IOException {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new IOException(LAST_SEQUENCE.strip() + " is not a number", e);
        }
    }

    /** Makes an engine that was started read-only accept orders. */
    public void goLive() throws IOException {
        HttpRequest request = HttpRequest.newBuilder(uri("/api/admin/live"))
                .timeout(REQUEST_TIMEOUT)
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        HttpResponse<byte[]> response = send(request);
        String body = text(response);
        if (response.statusCode() != 200) {
            throw new IOException(
                    request.uri() + " answered with status " + response.statusCode() + ": " + body.strip());
        }
    }

    private HttpResponse<byte[]> get(String path) throws IOException {
        return send(HttpRequest.newBuilder(uri(path)).timeout(REQUEST_TIMEOUT).build());
    }

    private URI uri(String path) {
        return settings.url().orElseThrow().resolve(path);
    }

    private HttpResponse<byte[]> send(HttpRequest request) throws IOException {
        try {
            return http.send(request, headers -> new BoundedBody(BODY_MAX_BYTES, REQUEST_TIMEOUT));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for " + request.uri(), e);
        }
    }

    private static String text(HttpResponse<byte[]> response) {
        return new String(response.body(), StandardCharsets.UTF_8);
    }
}
