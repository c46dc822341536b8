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
import java.util.Optional;

/** The database of a recovery point, restored into a server of the drill. */
public final class DrillDatabase implements Closeable {
    private final DrillServer server;
    private final DatabaseRestore restore;
    private final DatabaseFacts facts;

    private DrillDatabase(DrillServer server, DatabaseRestore restore, DatabaseFacts facts) {
        this.server = server;
        this.restore = restore;
        this.facts = facts;
    }

    /** Returns what has to be installed for the drill of a database; empty if nothing is missing. */
    public static Optional<String> missingPrograms(Profile profile, Attachment attachment) throws IOException {
        int major = facts(attachment).serverVersion() / 10_000;
        return DrillServer.programs(profile.drill(), major).isPresent()
                ? Optional.empty()
                : Optional.of("the server programs of PostgreSQL " + major
                        + " or later are not installed: install postgresql-" + major
                        + ", or set drill.postgres-programs");
    }

    private static DatabaseFacts facts(Attachment attachment) {
        return attachment.database().orElseThrow();
    }

    /** Starts a server for the database of an attachment. */
    public static DrillDatabase start(Profile profile, Attachment attachment, DrillDirectory directory)
            throws IOException {
        DatabaseFacts facts = facts(attachment);
        Path programs = DrillServer.programs(profile.drill(), facts.serverVersion() / 10_000)
                .orElseThrow();
        DrillServer server = DrillServer.start(programs, directory.path().resolve("pg"), profile.drill());
        DatabaseSettings production = profile.database().orElseThrow();
        DatabaseSettings own = new DatabaseSettings(
                facts.database(),
                server.socketDirectory().toString(),
                5432,
                "drill",
                "drill",
                Optional.empty(),
                "postgres",
                production.appliedQuery(),
                production.rows(),
                production.rollForward(),
                production.programs());
        return new DrillDatabase(server, new DatabaseRestore(own, facts, attachment.firstPoint()), facts);
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
    public String version() {
        return facts.serverVersion() / 10_000 + "." + facts.serverVersion() % 10_000;
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
