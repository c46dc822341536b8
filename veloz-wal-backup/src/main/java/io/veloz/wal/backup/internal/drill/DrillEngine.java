package io.veloz.wal.backup.internal.drill;

import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.recovery.Engine;
import io.veloz.wal.backup.internal.recovery.LogPart.Replayed;
import io.veloz.wal.backup.internal.recovery.Part.Gate;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** An engine that a drill starts on the recovered log, on a port of the loopback interface. Ended by {@link #close}. */
public final class DrillEngine implements Closeable {
    private static final int OUTPUT_MAX_BYTES = 2000;

    private final Process process;
    private final Path output;
    private final Engine engine;

    private DrillEngine(Process process, Path output, Engine engine) {
        this.process = process;
        this.output = output;
        this.engine = engine;
    }

    /**
     * Starts the engine.
     *
     * @param command with {@code {log}}, {@code {port}} and {@code {files}}
     */
    public static DrillEngine start(
            List<String> command, Path directory, Path log, String prefix, Path files, Duration startTimeout)
            throws IOException {
        int port = freePort();
        List<String> words = command.stream()
                .map(word -> word.replace("{log}", log.toString())
                        .replace("{port}", String.valueOf(port))
                        .replace("{files}", files.toString()))
                .toList();
        Path output = directory.resolve("engine.output");
        Process process = new ProcessBuilder(words)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectOutput(output.toFile())
                .start();
        EngineSettings settings = new EngineSettings(
                log,
                prefix,
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.of(URI.create("http://127.0.0.1:" + port)),
                startTimeout);
        return new DrillEngine(process, output, new Engine(settings, directory));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /**
     * Compares the state of the engine with the replayed log.
     *
     * @throws IOException if the process ends
     */
    public List<Gate> verify(Replayed expected) throws IOException {
        List<Gate> gates = engine.verify(expected, process::isAlive);
        if (!process.isAlive()) {
            throw new IOException("the engine ended with exit code " + process.exitValue() + ": " + endOfOutput());
        }
        return gates;
    }

    private String endOfOutput() throws IOException {
        try (InputStream in = Files.newInputStream(output)) {
            long skip = Math.max(0, Files.size(output) - OUTPUT_MAX_BYTES);
            in.skipNBytes(skip);
            return new String(in.readNBytes(OUTPUT_MAX_BYTES), StandardCharsets.UTF_8).strip();
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                process.waitFor(30, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
