package io.veloz.wal.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The example engine as a process, and a client of its endpoints. */
final class RunningEngine implements AutoCloseable {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final Process process;
    private final BufferedReader out;
    private final Path errors;
    private final URI uri;

    record Reply(int status, String body) {
        JsonNode json() throws IOException {
            return new ObjectMapper().readTree(body);
        }
    }

    private RunningEngine(Process process, BufferedReader out, Path errors, URI uri) {
        this.process = process;
        this.out = out;
        this.errors = errors;
        this.uri = uri;
    }

    private static ProcessBuilder command(Path errors, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(errors.toFile());
    }

    /** Starts the engine on a free port. Returns when it has loaded its log. */
    static RunningEngine start(Path scratch, String... arguments) throws IOException {
        Path errors = File.createTempFile("engine", ".err", scratch.toFile()).toPath();
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--http", "0"));
        Process process = command(errors, all.toArray(String[]::new)).start();
        // A thread that reads the output of a process cannot be interrupted.
        CompletableFuture.delayedExecutor(150, TimeUnit.SECONDS).execute(process::destroyForcibly);
        BufferedReader out = process.inputReader();
        String listening = out.readLine();
        String loaded = out.readLine();
        if (listening == null || loaded == null) {
            process.destroyForcibly();
            throw new IllegalStateException("the engine ended: " + Files.readString(errors));
        }
        return new RunningEngine(process, out, errors, URI.create(listening.replace("listening on ", "")));
    }

    /** Runs an engine that ends by itself. Returns its exit code and what it printed to stderr. */
    static String run(Path scratch, String... arguments) throws Exception {
        Path errors = File.createTempFile("engine", ".err", scratch.toFile()).toPath();
        Process process = command(errors, arguments)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the engine did not end");
            }
        } finally {
            process.destroyForcibly();
        }
        return process.exitValue() + " " + Files.readString(errors);
    }

    URI uri() {
        return uri;
    }

    Reply get(String path) throws Exception {
        return send(HttpRequest.newBuilder(uri.resolve(path)).GET());
    }

    Reply post(String path, String body) throws Exception {
        return send(HttpRequest.newBuilder(uri.resolve(path)).POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private static Reply send(HttpRequest.Builder request) throws Exception {
        HttpResponse<String> response =
                HTTP.send(request.timeout(Duration.ofSeconds(60)).build(), HttpResponse.BodyHandlers.ofString());
        return new Reply(response.statusCode(), response.body());
    }

    /** Sends SIGTERM. Returns the exit code and the rest of what the engine printed to both streams. */
    String terminate() throws Exception {
        // By the handle, because Process.destroy() would discard the output in the pipe.
        process.toHandle().destroy();
        StringBuilder rest = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            rest.append(line).append('\n');
        }
        // JDK 24 and later warn about libraries that use sun.misc.Unsafe or native code.
        Files.readAllLines(errors).stream()
                .filter(line -> !line.isBlank() && !line.startsWith("WARNING: "))
                .forEach(line -> rest.append(line).append('\n'));
        return process.waitFor() + " " + rest;
    }

    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
