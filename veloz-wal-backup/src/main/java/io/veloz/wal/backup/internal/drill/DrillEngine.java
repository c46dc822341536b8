package io.veloz.wal.backup.internal.drill;

import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.recovery.Engine;
import io.veloz.wal.backup.internal.recovery.LogPart.Replayed;
import io.veloz.wal.backup.internal.recovery.Part.Gate;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An engine that a drill starts on the recovered log, on a port of the loopback interface. Ended by {@link #close}, with
 * everything that it started, and after a limit in any case.
 *
 * <p>Its output may repeat secrets, so it stays in a file of the drill's directory and is in no message.
 */
public final class DrillEngine implements Closeable {
    private static final Duration COMPARISON = Duration.ofMinutes(10);
    private static final Duration GRACE = Duration.ofSeconds(20);
    /** The part of a detail that is not an answer of the engine. */
    private static final Pattern STATUS = Pattern.compile("^(.*?\\bstatus \\d{3})(?::.*)?$", Pattern.DOTALL);

    private static final int DETAIL_CHARS = 500;

    private final DrillGuard guard;
    private final Process process;
    private final Engine engine;

    private DrillEngine(DrillGuard guard, Process process, Engine engine) {
        this.guard = guard;
        this.process = process;
        this.engine = engine;
    }

    /**
     * Starts the engine.
     *
     * @param command with {@code {log}}, {@code {port}} and {@code {files}}
     * @param prefix of the log's file names
     */
    public static DrillEngine start(List<String> command, DrillGuard guard, String prefix, Duration startTimeout)
            throws IOException {
        DrillDirectory directory = guard.directory();
        int port = freePort();
        List<String> words = command.stream()
                .map(word -> word.replace("{log}", directory.log().toString())
                        .replace("{port}", String.valueOf(port))
                        .replace("{files}", directory.files().toString()))
                .toList();
        EngineSettings settings = new EngineSettings(
                directory.log(),
                prefix,
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.of(URI.create("http://127.0.0.1:" + port)),
                startTimeout);
        Process process = Children.start(
                words, directory.home(), Children.environment(directory.home()), directory.engineOutput());
        DrillEngine engine = new DrillEngine(guard, process, new Engine(settings, directory.home()));
        guard.add(engine);
        engine.limit(startTimeout.plus(COMPARISON));
        return engine;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Ends an engine that answers without an end: its end closes the connection. */
    private void limit(Duration limit) {
        Thread watch = new Thread(
                () -> {
                    try {
                        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                            process.destroyForcibly();
                        }
                    } catch (InterruptedException e) {
                        process.destroyForcibly();
                    }
                },
                "veloz-backup-drill-engine-limit");
        watch.setDaemon(true);
        watch.start();
    }

    /**
     * Compares the state of the engine with the replayed log.
     *
     * @throws IOException if the process ends, or the drill is to end
     */
    public List<Gate> verify(Replayed expected) throws IOException {
        List<Gate> gates = engine.verify(expected, () -> process.isAlive() && !guard.isEnded());
        if (guard.isEnded()) {
            throw new InterruptedIOException("interrupted while the engine of the drill ran");
        }
        if (!process.isAlive()) {
            throw new IOException("the engine ended with exit code " + process.exitValue() + ": see "
                    + guard.directory().engineOutput().getFileName()
                    + " in the drill's directory, which a drill leaves on request (keep)");
        }
        return gates.stream()
                .map(gate -> new Gate(gate.name(), gate.passed(), withoutAnswer(gate.detail())))
                .toList();
    }

    /** An answer of the engine may repeat secrets. */
    static String withoutAnswer(String detail) {
        Matcher matcher = STATUS.matcher(detail);
        String text = matcher.matches() ? matcher.group(1) : detail;
        return text.length() > DETAIL_CHARS ? text.substring(0, DETAIL_CHARS) + "..." : text;
    }

    @Override
    public void close() throws IOException {
        try {
            Children.end(process, guard.directory().home(), GRACE);
        } finally {
            guard.remove(this);
        }
    }
}
