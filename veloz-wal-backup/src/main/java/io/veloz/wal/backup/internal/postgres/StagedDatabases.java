package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.internal.postgres.PsqlSession.Row;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The databases that recoveries of a profile have staged and not put in place. Stateless. */
public final class StagedDatabases {
    private static final Pattern POINT = Pattern.compile(".*_recovery_([0-9]{1,18})");

    private StagedDatabases() {}

    /** Returns their names: each has the name and the mark of a staged database. Empty if the server does not answer. */
    public static List<String> of(DatabaseSettings settings) {
        List<String> names = new ArrayList<>();
        try {
            PostgresClient client = PostgresClient.forRecovery(settings);
            try (PsqlSession session = PsqlSession.open(client, settings.maintenance())) {
                for (Row row :
                        session.query("SELECT datname::text AS name FROM pg_catalog.pg_database ORDER BY datname")) {
                    String name = row.text("name");
                    if (isOf(settings, name)
                            && DatabaseState.of(session, name)
                                    .filter(DatabaseState::isStaged)
                                    .isPresent()) {
                        names.add(name);
                    }
                }
            }
        } catch (IOException e) {
            // The probe of the database reports the reason.
            return List.of();
        }
        return names;
    }

    private static boolean isOf(DatabaseSettings settings, String name) {
        Matcher point = POINT.matcher(name);
        return point.matches()
                && name.equals(DatabaseNames.of(settings, Long.parseLong(point.group(1)))
                        .staged());
    }
}
