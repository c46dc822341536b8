package io.veloz.wal.backup.internal.profile;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How a drill starts its own engine and its own PostgreSQL server. It has no setting for a target: a drill makes its targets.
 *
 * @param engine command that starts an engine in the foreground; {@code {log}}, {@code {port}} and {@code {files}} are
 *     replaced by the drill's log directory, loopback port and directory of recovered files. Empty if there is none
 * @param serverPrograms directory of {@code initdb} and {@code pg_ctl}; empty to look in the usual places
 * @param user that runs the PostgreSQL server if the drill runs as root
 * @param key private key of a recipient, for scheduled drills; empty on a machine that only makes backups
 * @param passphraseFile of that key; empty if it has no passphrase
 * @param signer certificate of the key that signs the backups
 */
public record DrillSettings(
        List<String> engine,
        Optional<Path> serverPrograms,
        String user,
        Optional<Path> key,
        Optional<Path> passphraseFile,
        Optional<Path> signer) {
    static final List<String> KEYS = List.of(
            "drill.engine",
            "drill.postgres-programs",
            "drill.postgres-user",
            "drill.key",
            "drill.passphrase-file",
            "drill.signer");

    static DrillSettings read(ProfileFile file) {
        return new DrillSettings(
                file.command("drill.engine"),
                file.optionalPath("drill.postgres-programs"),
                file.text("drill.postgres-user").orElse("postgres"),
                file.optionalPath("drill.key"),
                file.optionalPath("drill.passphrase-file"),
                file.optionalPath("drill.signer"));
    }
}
