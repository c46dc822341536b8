package io.veloz.wal.backup.internal.profile;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How a drill starts its own engine and its own PostgreSQL server. It has no key for a target: a drill makes its targets.
 *
 * @param engine command that starts an engine in the foreground; {@code {log}}, {@code {port}} and {@code {files}} are
 *     replaced by the drill's log directory, loopback port and directory of recovered files. Empty if there is none
 * @param serverPrograms directory of {@code initdb} and {@code pg_ctl}; empty to look in the usual places
 * @param user that runs the PostgreSQL server if the drill runs as root
 */
public record DrillSettings(List<String> engine, Optional<Path> serverPrograms, String user) {
    static final List<String> KEYS = List.of("drill.engine", "drill.postgres-programs", "drill.postgres-user");

    static DrillSettings read(ProfileFile file) {
        return new DrillSettings(
                file.command("drill.engine"),
                file.optionalPath("drill.postgres-programs"),
                file.text("drill.postgres-user").orElse("postgres"));
    }
}
