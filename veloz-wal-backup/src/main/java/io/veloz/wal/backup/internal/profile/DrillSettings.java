package io.veloz.wal.backup.internal.profile;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

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
 * @param directory in which the drill makes its targets; empty for {@link #DEFAULT_DIRECTORY}
 */
public record DrillSettings(
        List<String> engine,
        Optional<Path> serverPrograms,
        String user,
        Optional<Path> key,
        Optional<Path> passphraseFile,
        Optional<Path> signer,
        Optional<Path> directory) {
    public static final Path DEFAULT_DIRECTORY = Path.of("/var/tmp/veloz-drill");

    static final List<String> KEYS = List.of(
            "drill.engine",
            "drill.postgres-programs",
            "drill.postgres-user",
            "drill.key",
            "drill.passphrase-file",
            "drill.signer",
            "drill.directory");

    private static final String ENGINE = "drill.engine";
    /** A path below the recovered files has the same names as one of production, and is not one. */
    private static final Pattern RECOVERED = Pattern.compile("\\{files}[^\\s:,;=]*");

    /**
     * Reads the settings, and refuses a command that could start or change the engine of production.
     *
     * @param places of production
     */
    static DrillSettings read(ProfileFile file, Optional<EngineSettings> production, Collection<Path> places) {
        List<String> engine = file.command(ENGINE);
        if (!engine.isEmpty()) {
            requirePlaceholders(file, engine);
            production.ifPresent(settings -> refuseEngine(file, engine, settings));
            refusePlaces(file, engine, places);
        }
        return new DrillSettings(
                engine,
                file.optionalPath("drill.postgres-programs"),
                file.text("drill.postgres-user").orElse("postgres"),
                file.optionalPath("drill.key"),
                file.optionalPath("drill.passphrase-file"),
                file.optionalPath("drill.signer"),
                file.optionalPath("drill.directory"));
    }

    private static void requirePlaceholders(ProfileFile file, List<String> engine) {
        for (String placeholder : List.of("{log}", "{port}")) {
            if (engine.stream().noneMatch(word -> word.contains(placeholder))) {
                throw file.bad(
                        ENGINE,
                        "does not contain " + placeholder + ": without it the engine of a drill could use the "
                                + (placeholder.equals("{log}") ? "log" : "port") + " of production");
            }
        }
    }

    private static void refuseEngine(ProfileFile file, List<String> engine, EngineSettings production) {
        if (engine.equals(production.start())) {
            throw file.bad(ENGINE, "is the command of engine.start, which starts the engine of production");
        }
        for (String word : engine) {
            boolean unit = production
                    .unit()
                    .filter(name -> word.equals(name) || word.equals(name + ".service"))
                    .isPresent();
            boolean url = production
                    .url()
                    .filter(uri -> word.contains(uri.getRawAuthority()))
                    .isPresent();
            if (unit || url) {
                throw file.bad(ENGINE, "contains \"" + word + "\", which names the engine of production");
            }
        }
    }

    private static void refusePlaces(ProfileFile file, List<String> engine, Collection<Path> places) {
        for (String word : engine) {
            String own = RECOVERED.matcher(word).replaceAll("");
            for (Path place : places) {
                if (Pattern.compile("(^|[^\\w.}-])" + Pattern.quote(place.toString()) + "($|[^\\w.-])")
                        .matcher(own)
                        .find()) {
                    throw file.bad(
                            ENGINE,
                            "contains " + place + ", which is a place of production; expected {log} for the log and"
                                    + " {files}" + place + " for a recovered file");
                }
            }
        }
    }

    /** Returns the directory in which a drill makes its targets. */
    public Path directoryOrDefault() {
        return directory.orElse(DEFAULT_DIRECTORY);
    }
}
