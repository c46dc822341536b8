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
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Starts, stops and observes the engine, by the commands and the endpoints of a profile. It belongs to one thread. */
public final class Engine {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration COMMAND_TIMEOUT = Duration.ofMinutes(2);
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(200);
    /** Exists if systemd is the init process: sd_booted(3). */
    private static final Path SYSTEMD = Path.of("/run/systemd/system");

    /** The states of a unit in which none of its processes runs: systemctl(1). A unit that does not exist is inactive. */
    private static final Set<String> STOPPED = Set.of("inactive", "failed");

    private static final int OUTPUT_MAX_BYTES = 8192;
    private static final int BODY_MAX_BYTES = 64 << 20;
    private static final String LAST_SEQUENCE = "veloz_wal_last_sequence ";

    private final EngineSettings settings;
    private final Path scratch;
    private final HttpClient http;

    /**
     * Creates the control of an engine.
     *
     * @param scratch a directory that only its owner can read, for the output of commands
     */
    public Engine(EngineSettings settings, Path scratch) {
        this.settings = settings;
        this.scratch = scratch;
        this.http = HttpClient.newBuilder()
                .connectTimeout(CONNECT_TIMEOUT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    // ---- down

    /**
     * Refuses to continue while the unit of the engine is active, or its URL does not refuse connections. An engine that was
     * started read-only has neither the lock of the log nor, perhaps, a unit.
     *
     * @throws RecoveryException ENGINE_RUNS
     */
    public void requireDown() throws IOException {
        if (isUnitActive().orElse(false)) {
            throw new RecoveryException(
                    Reason.ENGINE_RUNS,
                    "the unit " + settings.unit().orElseThrow() + " is active: stop it, and run this again");
        }
        if (answers()) {
            throw new RecoveryException(
                    Reason.ENGINE_RUNS,
                    "a process accepts connections at " + settings.url().orElseThrow()
                            + ", or a connection is not refused: stop the engine, and run this again");
        }
    }

    /**
     * Returns whether a process may answer at the URL of the profile. Only a connection that is refused proves that none does:
     * an engine that hangs accepts it, and an unknown host or a missing route prove nothing.
     */
    public boolean answers() {
        if (settings.url().isEmpty()) {
            return false;
        }
        URI url = settings.url().get();
        int port = url.getPort() >= 0 ? url.getPort() : "https".equals(url.getScheme()) ? 443 : 80;
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(url.getHost(), port), (int) CONNECT_TIMEOUT.toMillis());
            return true;
        } catch (ConnectException e) {
            // Shorter than the timeout of the system, so it was refused.
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * Returns whether the unit of the profile is active, or may be: it is activating or deactivating, for example. Empty if
     * the profile has no unit, or the system was not started by systemd.
     */
    public Optional<Boolean> isUnitActive() throws IOException {
        if (settings.unit().isEmpty() || !isInstalled("systemctl") || !Files.isDirectory(SYSTEMD)) {
            return Optional.empty();
        }
        Path output = scratch.resolve("systemctl.output");
        Files.deleteIfExists(output);
        try {
            run(List.of("systemctl", "is-active", settings.unit().get()), output);
            try (InputStream in = Files.newInputStream(output)) {
                String state = new String(in.readNBytes(OUTPUT_MAX_BYTES), StandardCharsets.UTF_8).strip();
                return Optional.of(!STOPPED.contains(state));
            }
        } finally {
            Files.deleteIfExists(output);
        }
    }

    private static boolean isInstalled(String program) {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .anyMatch(directory -> new File(directory, program).canExecute());
    }

    /**
     * Runs the stop command of the profile, and waits until the engine does not answer any more.
     *
     * @return false if the profile has no stop command, so that the engine still runs
     */
    public boolean stop() throws IOException {
        if (settings.stop().isEmpty()) {
            return false;
        }
        requireSuccess("engine.stop", settings.stop());
        long end = System.nanoTime() + COMMAND_TIMEOUT.toNanos();
        while (answers()) {
            if (System.nanoTime() - end >= 0) {
                throw new IOException("engine.stop returned, and "
                        + settings.url().orElseThrow() + " still answers after " + COMMAND_TIMEOUT.toSeconds() + " s");
            }
            pause();
        }
        return true;
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
        int exitCode = run(command, output);
        if (exitCode != 0) {
            throw new IOException(key + " ended with exit code " + exitCode + "; its output is in " + output);
        }
        Files.delete(output);
    }

    private int run(List<String> command, Path output) throws IOException {
        Files.createFile(output, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            // A file, not a pipe: a daemon that the command leaves behind may keep a pipe open.
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(COMMAND_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new IOException(
                        command.get(0) + " did not return within " + COMMAND_TIMEOUT.toSeconds() + " s, and was ended");
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            // The command is not ended: a start that is killed on its way leaves less to know than one that ends.
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + command.get(0) + " ran", e);
        }
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
                last = String.valueOf(e.getMessage());
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
