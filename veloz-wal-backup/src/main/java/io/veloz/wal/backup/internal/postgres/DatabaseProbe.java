package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;

/** Whether a database exists. Stateless. */
public final class DatabaseProbe {
    private DatabaseProbe() {}

    /** The state of a database. */
    public record State(Kind kind, String detail) {
        /** What can be done next. */
        public enum Kind {
            /** It exists and accepts connections. */
            PRESENT,
            /** The server answers, and has no such database. */
            MISSING,
            /** The server does not answer, or refuses the role. */
            UNREACHABLE
        }
    }

    /** Connects to the maintenance database, and looks for the database of the settings. */
    public static State of(DatabaseSettings settings) {
        try {
            PostgresClient client = PostgresClient.forRecovery(settings);
            try (PsqlSession session = PsqlSession.open(client, settings.maintenance())) {
                boolean exists = !session.query("SELECT 1 AS found FROM pg_catalog.pg_database WHERE datname = "
                                + Sql.literal(settings.name()))
                        .isEmpty();
                return exists
                        ? new State(State.Kind.PRESENT, settings.name() + " on " + client.where())
                        : new State(State.Kind.MISSING, settings.name() + " does not exist on " + client.where());
            }
        } catch (IOException e) {
            return new State(State.Kind.UNREACHABLE, String.valueOf(e.getMessage()));
        }
    }
}
