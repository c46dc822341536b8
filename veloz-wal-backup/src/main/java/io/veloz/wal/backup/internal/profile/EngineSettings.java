package io.veloz.wal.backup.internal.profile;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The engine of a profile: where its log is, and how it is started, stopped and observed.
 *
 * @param logDirectory of the order log
 * @param logPrefix of the log's file names
 * @param start command and its arguments, which returns; empty if a person starts the engine
 * @param stop command and its arguments, which returns
 * @param unit of systemd; it must be inactive during a recovery
 * @param url of its HTTP endpoints
 * @param startTimeout until it must be ready
 */
public record EngineSettings(
        Path logDirectory,
        String logPrefix,
        List<String> start,
        List<String> stop,
        Optional<String> unit,
        Optional<URI> url,
        Duration startTimeout) {
    static final List<String> KEYS = List.of(
            "log.directory",
            "log.prefix",
            "engine.start",
            "engine.stop",
            "engine.unit",
            "engine.url",
            "engine.start-timeout");

    static Optional<EngineSettings> read(ProfileFile file) {
        boolean log = file.hasSection("log.", "log.directory");
        if (!log) {
            file.hasSection("engine.", "log.directory");
            return Optional.empty();
        }
        return Optional.of(new EngineSettings(
                file.path("log.directory"),
                file.text("log.prefix").orElse("orders"),
                file.command("engine.start"),
                file.command("engine.stop"),
                file.text("engine.unit"),
                file.text("engine.url").map(value -> file.httpUri("engine.url")),
                file.duration("engine.start-timeout", Duration.ofMinutes(2))));
    }
}
