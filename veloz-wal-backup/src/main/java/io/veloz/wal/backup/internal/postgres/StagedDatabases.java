package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The databases that a recovery has staged and not put in place, by their recorded names. Stateless. */
public final class StagedDatabases {
    private StagedDatabases() {}

    /**
     * Returns those that exist and have the mark of a staged database.
     *
     * @throws IOException if the server does not answer
     */
    public static List<String> of(DatabaseSettings settings, List<String> names) throws IOException {
        try (PsqlSession session = open(settings)) {
            return existing(session, names);
        } catch (PostgresException e) {
            throw e.orRecovery();
        }
    }

    /** Drops them, and returns their names. Connects only if there are names. */
    public static List<String> drop(DatabaseSettings settings, List<String> names) throws IOException {
        if (names.isEmpty()) {
            return List.of();
        }
        try (PsqlSession session = open(settings)) {
            List<String> found = existing(session, names);
            for (String name : found) {
                DatabaseRestore.drop(session, name);
            }
            return found;
        } catch (PostgresException e) {
            throw e.orRecovery();
        }
    }

    private static PsqlSession open(DatabaseSettings settings) throws IOException {
        return PsqlSession.open(PostgresClient.forRecovery(settings), settings.maintenance());
    }

    private static List<String> existing(PsqlSession session, List<String> names) throws IOException {
        List<String> found = new ArrayList<>();
        for (String name : names) {
            if (DatabaseState.of(session, name).filter(DatabaseState::isStaged).isPresent()) {
                found.add(name);
            }
        }
        return found;
    }
}
