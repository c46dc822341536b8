package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.backup.internal.profile.EngineSettings;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Observes whether an engine runs, by its URL and its unit. An engine that was started read-only has neither the lock of the
 * log nor, perhaps, a unit. It belongs to one thread.
 */
final class EngineProbe {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

    /** Exists if systemd is the init process: sd_booted(3). */
    private static final Path SYSTEMD = Path.of("/run/systemd/system");

    /** The states of a unit in which none of its processes runs: systemctl(1). A unit that does not exist is inactive. */
    private static final Set<String> STOPPED = Set.of("inactive", "failed");

    /** The states in which its processes run, or may run. Other output is of a systemctl that cannot reach systemd. */
    private static final Set<String> ACTIVE =
            Set.of("active", "reloading", "refreshing", "activating", "deactivating", "maintenance");

    private static final int OUTPUT_MAX_BYTES = 1024;

    private final EngineSettings settings;
    private final Path scratch;
    private final Optional<String> systemctl;

    EngineProbe(EngineSettings settings, Path scratch) {
        this(settings, scratch, Files.isDirectory(SYSTEMD) && isInstalled("systemctl") ? "systemctl" : "");
    }

    /**
     * Observes units by another program.
     *
     * @param systemctl empty if the system was not started by systemd
     */
    EngineProbe(EngineSettings settings, Path scratch, String systemctl) {
        this.settings = settings;
        this.scratch = scratch;
        this.systemctl = Optional.of(systemctl).filter(program -> !program.isEmpty());
    }

    private static boolean isInstalled(String program) {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .anyMatch(directory -> new File(directory, program).canExecute());
    }

    /**
     * Returns whether a process accepts connections at the URL of the profile. Only a connection that is refused proves that
     * none does: an engine that hangs accepts it, and an unknown host or a missing route prove nothing.
     */
    Observation url() {
        if (settings.url().isEmpty()) {
            return Observation.down("the profile has no engine.url");
        }
        URI url = settings.url().get();
        int port = url.getPort() >= 0 ? url.getPort() : "https".equals(url.getScheme()) ? 443 : 80;
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(url.getHost(), port), (int) CONNECT_TIMEOUT.toMillis());
            return Observation.runs("a process accepts connections at " + url);
        } catch (ConnectException e) {
            // Shorter than the timeout of the system, so it was refused.
            return Observation.down("no process accepts connections at " + url);
        } catch (IOException e) {
            return Observation.unknown("whether a process accepts connections at " + url + " is not known ("
                    + e.getClass().getSimpleName() + ": " + e.getMessage() + ")");
        }
    }

    /**
     * Returns whether the unit of the profile is active, or may be: it is activating or deactivating, for example. It is down
     * if the profile has no unit, or the system was not started by systemd.
     *
     * @throws IOException if it was interrupted
     */
    Observation unit() throws IOException {
        if (settings.unit().isEmpty()) {
            return Observation.down("the profile has no engine.unit");
        }
        if (systemctl.isEmpty()) {
            return Observation.down("this system has no units");
        }
        String unit = settings.unit().get();
        String state;
        try {
            state = state(systemctl.get(), unit);
        } catch (IOException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw e;
            }
            state = String.valueOf(e.getMessage());
        }
        if (STOPPED.contains(state)) {
            return Observation.down("the unit " + unit + " is " + state);
        }
        return ACTIVE.contains(state)
                ? Observation.runs("the unit " + unit + " is " + state)
                : Observation.unknown("whether the unit " + unit + " is active is not known (" + state + ")");
    }

    /** Returns the last line of the output: warnings are before it. */
    private String state(String program, String unit) throws IOException {
        Path output = scratch.resolve("systemctl.output");
        Files.deleteIfExists(output);
        try {
            EngineCommand.run(List.of(program, "is-active", unit), output);
            try (InputStream in = Files.newInputStream(output)) {
                String text = new String(in.readNBytes(OUTPUT_MAX_BYTES), StandardCharsets.UTF_8).strip();
                return text.substring(text.lastIndexOf('\n') + 1);
            }
        } finally {
            Files.deleteIfExists(output);
        }
    }
}
