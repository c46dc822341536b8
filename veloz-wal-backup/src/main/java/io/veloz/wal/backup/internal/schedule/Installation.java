package io.veloz.wal.backup.internal.schedule;

import java.nio.file.Path;
import java.util.Objects;

/**
 * Where the tool is installed.
 *
 * @param java program that runs the jar: {@code /usr/bin/java}
 * @param jar of the tool: {@code /opt/veloz/veloz-wal.jar}
 * @param user that the jobs run as. It owns the state directory and is not the engine's
 * @param metrics directory that the node exporter's textfile collector reads
 */
public record Installation(Path java, Path jar, String user, Path metrics) {
    /**
     * @throws IllegalArgumentException if a path is not absolute, or a name cannot stand in a unit, a crontab and a compose
     *     file
     */
    public Installation {
        for (Path path : new Path[] {java, jar, metrics}) {
            requirePlain(path);
        }
        if (!java.toString().matches("[^\"'\\\\]+")) {
            throw new IllegalArgumentException(
                    "\"" + java + "\": systemd does not start a program whose path has quotes or backslashes");
        }
        if (!user.matches("[a-z_][a-z0-9_-]{0,30}")) {
            throw new IllegalArgumentException("user \"" + user + "\": expected the name of a system user");
        }
    }

    /** Returns the directory of the jar. */
    Path jarDirectory() {
        return Objects.requireNonNull(jar.getParent());
    }

    /** Refuses what none of the three formats can quote: a control character ends a line in each of them. */
    static Path requirePlain(Path path) {
        if (!path.isAbsolute() || requirePlain(path.toString()).isEmpty()) {
            throw new IllegalArgumentException("\"" + path + "\": expected an absolute path");
        }
        return path;
    }

    static String requirePlain(String text) {
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("a path or a URI with a control character cannot be scheduled");
        }
        return text;
    }
}
