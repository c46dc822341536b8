package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The databases that a recovery has staged and not put in place, as they are recorded. Stateless. */
public final class StagedDatabases {
    private StagedDatabases() {}

    /**
     * Returns those that exist on the server of the profile, and have the token that was recorded.
     *
     * @throws IOException if the server does not answer
     */
    public static List<StagedDatabase> of(DatabaseSettings settings, List<StagedDatabase> recorded) throws IOException {
        try (PsqlSession session = open(settings)) {
            return existing(session, recorded);
        } catch (PostgresException e) {
            throw e.orRecovery();
        }
    }

    /** Drops those, and returns them. */
    public static List<StagedDatabase> drop(DatabaseSettings settings, List<StagedDatabase> recorded)
            throws IOException {
        try (PsqlSession session = open(settings)) {
            List<StagedDatabase> found = existing(session, recorded);
            for (StagedDatabase each : found) {
                DatabaseRestore.drop(session, each.name());
            }
            return found;
        } catch (PostgresException e) {
            throw e.orRecovery();
        }
    }

    private static PsqlSession open(DatabaseSettings settings) throws IOException {
        return PsqlSession.open(PostgresClient.forRecovery(settings), settings.maintenance());
    }

    private static List<StagedDatabase> existing(PsqlSession session, List<StagedDatabase> recorded)
            throws IOException {
        long server = DatabaseState.server(session);
        List<StagedDatabase> found = new ArrayList<>();
        for (StagedDatabase each : recorded) {
            if (each.server() == server
                    && DatabaseState.of(session, each.name())
                            .filter(state -> state.isStagedBy(each.token()))
                            .isPresent()) {
                found.add(each);
            }
        }
        return found;
    }
}
