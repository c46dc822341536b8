package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.internal.postgres.PsqlSession.Row;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The databases that recoveries of a profile have staged, from any point, and not put in place. Stateless. */
public final class StagedDatabases {
    private StagedDatabases() {}

    /**
     * Returns their names: each has the name and the mark of a staged database.
     *
     * @throws IOException if the server does not answer
     */
    public static List<String> of(DatabaseSettings settings) throws IOException {
        try (PsqlSession session = open(settings)) {
            return names(settings, session);
        } catch (PostgresException e) {
            throw e.orRecovery();
        }
    }

    /** Drops them, and returns their names. */
    public static List<String> drop(DatabaseSettings settings) throws IOException {
        try (PsqlSession session = open(settings)) {
            List<String> names = names(settings, session);
            for (String name : names) {
                DatabaseRestore.drop(session, name);
            }
            return names;
        } catch (PostgresException e) {
            throw e.orRecovery();
        }
    }

    private static PsqlSession open(DatabaseSettings settings) throws IOException {
        return PsqlSession.open(PostgresClient.forRecovery(settings), settings.maintenance());
    }

    private static List<String> names(DatabaseSettings settings, PsqlSession session) throws IOException {
        List<String> names = new ArrayList<>();
        for (Row row : session.query("SELECT datname::text AS name FROM pg_catalog.pg_database ORDER BY datname")) {
            String name = row.text("name");
            if (DatabaseNames.isStaged(settings, name)
                    && DatabaseState.of(session, name)
                            .filter(DatabaseState::isStaged)
                            .isPresent()) {
                names.add(name);
            }
        }
        return names;
    }
}
