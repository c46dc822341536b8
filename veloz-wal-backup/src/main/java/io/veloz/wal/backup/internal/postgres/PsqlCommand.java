package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A command of psql for a person, as an argument list of a POSIX shell. Stateless. */
public final class PsqlCommand {
    private PsqlCommand() {}

    /**
     * Returns the command that gives a database that is closed the name of the profile, opens it, and removes the mark of the
     * recovery from its comment.
     */
    public static String putInPlace(DatabaseSettings settings, String name) {
        String from = Sql.identifier(name);
        String to = Sql.identifier(settings.name());
        List<String> words = new ArrayList<>();
        words.add(
                settings.programs() == null
                        ? "psql"
                        : settings.programs().resolve("psql").toString());
        words.addAll(List.of("-X", "-v", "ON_ERROR_STOP=1"));
        if (settings.host() != null) {
            words.addAll(List.of("-h", settings.host()));
        }
        if (settings.port() != 0) {
            words.addAll(List.of("-p", String.valueOf(settings.port())));
        }
        String user = settings.restoreUser() != null ? settings.restoreUser() : settings.user();
        if (user != null) {
            words.addAll(List.of("-U", user));
        }
        words.addAll(List.of("-d", settings.maintenance()));
        words.addAll(List.of("-c", "ALTER DATABASE " + from + " RENAME TO " + to));
        words.addAll(List.of("-c", "ALTER DATABASE " + to + " ALLOW_CONNECTIONS true"));
        words.addAll(List.of("-c", "COMMENT ON DATABASE " + to + " IS NULL"));
        String password = settings.passwordFile()
                .map(file -> "PGPASSFILE=" + quoted(file.toString()) + " ")
                .orElse("");
        return password + words.stream().map(PsqlCommand::quoted).collect(Collectors.joining(" "));
    }

    private static String quoted(String word) {
        return word.matches("[A-Za-z0-9_./:=-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
