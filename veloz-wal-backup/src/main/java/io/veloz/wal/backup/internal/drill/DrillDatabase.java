package io.veloz.wal.backup.internal.drill;

import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.internal.postgres.DatabaseRestore;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The database of a recovery point, restored into a server of the drill. The client programs inherit no variable of libpq, so
 * they reach no other server.
 */
public final class DrillDatabase implements Closeable {
    private final DrillGuard guard;
    private final DrillServer server;
    private final DatabaseRestore restore;
    private final DatabaseFacts facts;

    private DrillDatabase(DrillGuard guard, DrillServer server, DatabaseRestore restore, DatabaseFacts facts) {
        this.guard = guard;
        this.server = server;
        this.restore = restore;
        this.facts = facts;
    }

    /** Returns the programs of a server for the database of an attachment; empty if they are not installed. */
    public static Optional<Path> programs(Profile profile, Attachment attachment) throws IOException {
        return DrillServer.programs(profile.drill(), major(attachment));
    }

    /** Returns what has to be installed for the drill of a database. */
    public static String missingPrograms(Attachment attachment) {
        int major = major(attachment);
        return "the server programs of PostgreSQL " + major + " or later are not installed: install postgresql-" + major
                + ", or set drill.postgres-programs";
    }

    private static int major(Attachment attachment) {
        return facts(attachment).serverVersion() / 10_000;
    }

    private static DatabaseFacts facts(Attachment attachment) {
        return attachment.database().orElseThrow();
    }

    /** Starts a server for the database of an attachment. */
    public static DrillDatabase start(Path programs, Profile profile, Attachment attachment, DrillGuard guard)
            throws IOException {
        DatabaseFacts facts = facts(attachment);
        DrillServer server = DrillServer.create(programs, guard.directory().server(), profile.drill());
        DatabaseSettings own = settings(facts, server, profile.database());
        DatabaseRestore restore = new DatabaseRestore(
                own, facts, attachment.firstPoint(), Children.environment(server.socketDirectory()));
        DrillDatabase database = new DrillDatabase(guard, server, restore, facts);
        guard.add(database);
        server.start();
        return database;
    }

    /** A machine that only makes drills may have no database in its profile. */
    private static DatabaseSettings settings(
            DatabaseFacts facts, DrillServer server, Optional<DatabaseSettings> production) {
        @Nullable Path programs = production.map(DatabaseSettings::programs).orElse(null);
        return new DatabaseSettings(
                facts.database(),
                server.socketDirectory().toString(),
                5432,
                "drill",
                "drill",
                Optional.empty(),
                "postgres",
                production.flatMap(DatabaseSettings::appliedQuery),
                production.map(DatabaseSettings::rows).orElse(List.of()),
                true,
                programs);
    }

    /** Creates the roles of the attachment. */
    public void createRoles(InputStream sql) throws IOException {
        restore.createMissingRoles(sql);
    }

    /** Restores the dump. */
    public void restore(InputStream dump) throws IOException {
        restore.stage(dump);
    }

    /** Compares the database with the facts of its dump. */
    public String compare() throws IOException {
        restore.check();
        return facts.database() + ": " + facts.rows().size() + " tables counted, " + facts.rows();
    }

    /** Returns the version of the server that the dump was made from. */
    public String dumpedVersion() {
        return readable(facts.serverVersion());
    }

    /** Returns the version of the drill's server. */
    public String version() throws IOException {
        return readable(restore.plan().server());
    }

    private static String readable(int version) {
        return version / 10_000 + "." + version % 10_000;
    }

    @Override
    public void close() throws IOException {
        try {
            server.close();
        } finally {
            guard.remove(this);
        }
    }
}
