package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.postgres.PostgresException.Kind;
import io.veloz.wal.backup.internal.postgres.PsqlSession.Row;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Restores a dump into a database next to the live one, and compares it with the facts of the recovery point. The live
 * database is not touched: {@link DatabaseSwap} puts the staged one in place. It belongs to one thread.
 *
 * <table>
 * <caption>Crashes</caption>
 * <tr><td>after the staged database was created, before its comment</td><td>closed, with a connection limit as its
 * mark</td><td>dropped by the next run</td></tr>
 * <tr><td>while the dump is restored</td><td>empty: {@code pg_restore} uses one transaction; marked by its
 * comment</td><td>dropped by the next run</td></tr>
 * <tr><td>after it, before owner, settings and privileges are set</td><td>restored and marked</td><td>dropped by the next
 * run</td></tr>
 * </table>
 *
 * The next run knows it by {@link #staged}, which was recorded before. A database of the staged name that has another mark or
 * none belongs to another host or program: it is never dropped.
 */
public final class DatabaseRestore {
    private static final Duration DROP_LIMIT = Duration.ofMinutes(10);
    private static final int ROLES_BYTES = 16 << 20;
    private static final int OLDEST_SERVER = 14;

    private final DatabaseSettings settings;
    private final DatabaseFacts facts;
    private final DatabaseNames names;
    private final String token = StagedDatabase.newToken();
    private final PsqlSession.Hook hook;
    private final Map<String, String> environment;
    private Optional<PrivateProperties> properties = Optional.empty();

    public DatabaseRestore(DatabaseSettings settings, DatabaseFacts facts, long point) {
        this(settings, facts, point, PsqlSession.Hook.NONE);
    }

    /**
     * Restores with programs that inherit nothing of this process.
     *
     * @param environment of the programs
     */
    public DatabaseRestore(
            DatabaseSettings settings, DatabaseFacts facts, long point, Map<String, String> environment) {
        this(settings, facts, point, PsqlSession.Hook.NONE, environment);
    }

    DatabaseRestore(DatabaseSettings settings, DatabaseFacts facts, long point, PsqlSession.Hook hook) {
        this(settings, facts, point, hook, System.getenv());
    }

    private DatabaseRestore(
            DatabaseSettings settings,
            DatabaseFacts facts,
            long point,
            PsqlSession.Hook hook,
            Map<String, String> environment) {
        this.environment = environment;
        this.settings = settings;
        this.facts = facts;
        this.names = DatabaseNames.of(settings, point);
        this.hook = hook;
    }

    public DatabaseNames names() {
        return names;
    }

    /**
     * Returns the database that {@link #stage} creates, to be recorded before.
     *
     * @throws IOException if the server cannot be reached; try again
     */
    public StagedDatabase staged() throws IOException {
        return connected((client, session) -> new StagedDatabase(names.staged(), DatabaseState.server(session), token));
    }

    private interface Step<T> {
        T run(PostgresClient client, PsqlSession session) throws IOException;
    }

    private interface Change {
        void run(PostgresClient client, PsqlSession session) throws IOException;
    }

    private void change(Change change) throws IOException {
        connected((client, session) -> {
            change.run(client, session);
            return true;
        });
    }

    private <T> T connected(Step<T> step) throws IOException {
        try {
            PostgresClient client = PostgresClient.forRecovery(settings, environment);
            try (PsqlSession session = PsqlSession.open(client, settings.maintenance(), hook)) {
                return step.run(client, session);
            }
        } catch (PostgresException e) {
            throw e.orRecovery();
        }
    }

    /**
     * Checks that the recovery is possible, and changes nothing. Missing roles are in the plan: they can be created.
     *
     * @throws RecoveryException if programs or the server are too old, an extension is not installed, the role lacks a right,
     *     or a name is taken
     * @throws IOException if the server cannot be reached; try again
     */
    public DatabasePlan plan() throws IOException {
        return connected(this::plan);
    }

    private DatabasePlan plan(PostgresClient client, PsqlSession session) throws IOException {
        int server = requireVersions(client, session);
        requireExtensions(session);
        List<String> missing = missingRoles(session);
        Optional<DatabaseState> live = DatabaseState.of(session, names.live());
        Optional<DatabaseState> staged = DatabaseState.of(session, names.staged());
        requireRights(client, session, missing, live);
        if (staged.isPresent() && !staged.get().isStaged()) {
            throw foreign(names.staged());
        }
        if (DatabaseState.of(session, names.kept()).isPresent()) {
            throw new RecoveryException(
                    Reason.PLACE_UNUSABLE,
                    "database " + names.kept()
                            + " exists from an earlier recovery of this point: clean up, or rename it");
        }
        return new DatabasePlan(
                names,
                server,
                live.isPresent(),
                staged.isPresent(),
                missing,
                mayCreateRoles(session),
                client.findings());
    }

    private static boolean mayCreateRoles(PsqlSession session) throws IOException {
        return session.row(
                        "SELECT rolcreaterole OR rolsuper AS may FROM pg_catalog.pg_roles WHERE rolname = current_user")
                .flag("may");
    }

    private int requireVersions(PostgresClient client, PsqlSession session) throws IOException {
        int server = (int) session.row("SELECT current_setting('server_version_num')::int AS version")
                .number("version");
        int oldest = Math.max(OLDEST_SERVER, facts.serverVersion() / 10_000);
        if (server / 10_000 < oldest) {
            throw new RecoveryException(
                    Reason.VERSION,
                    client.where() + " has version " + PostgresClient.readable(server) + "; expected " + oldest
                            + " or later, as the dump is of " + PostgresClient.readable(facts.serverVersion()));
        }
        int restore = client.requireVersion("pg_restore", server);
        requireFormat(facts.dumpFormat(), restore);
        return server;
    }

    private void requireFormat(String format, int restore) {
        if (!format.isEmpty() && !DumpHeader.readable(format, restore)) {
            throw new RecoveryException(
                    Reason.VERSION,
                    "the dump has format " + format + ", which pg_restore " + PostgresClient.readable(restore)
                            + " does not read: install the Debian package postgresql-client-"
                            + facts.dumpVersion() / 10_000 + " or later");
        }
    }

    private void requireExtensions(PsqlSession session) throws IOException {
        Set<String> available = new HashSet<>();
        for (Row row : session.query("SELECT name::text AS name FROM pg_catalog.pg_available_extensions")) {
            available.add(row.text("name"));
        }
        List<String> missing = extensionNames(facts.extensions()).stream()
                .filter(name -> !available.contains(name))
                .toList();
        if (!missing.isEmpty()) {
            throw new RecoveryException(
                    Reason.VERSION,
                    "the server does not have the extensions " + missing + ": install them (postgresql-contrib or the"
                            + " package of the extension)");
        }
    }

    private static List<String> extensionNames(List<String> extensions) {
        return extensions.stream()
                .map(extension -> extension.substring(0, extension.lastIndexOf(' ')))
                .toList();
    }

    private List<String> missingRoles(PsqlSession session) throws IOException {
        Set<String> existing = existingRoles(session);
        Set<String> needed = new TreeSet<>(facts.roles());
        needed.add(facts.owner());
        needed.removeAll(existing);
        return List.copyOf(needed);
    }

    private static Set<String> existingRoles(PsqlSession session) throws IOException {
        Set<String> existing = new HashSet<>();
        for (Row row : session.query("SELECT rolname::text AS name FROM pg_catalog.pg_roles")) {
            existing.add(row.text("name"));
        }
        return existing;
    }

    private void requireRights(
            PostgresClient client, PsqlSession session, List<String> missingRoles, Optional<DatabaseState> live)
            throws IOException {
        if (isSuperuser(session)) {
            return;
        }
        List<String> lacking = new ArrayList<>();
        Row own = session.row("SELECT rolcreatedb AS databases, rolcreaterole AS roles FROM pg_catalog.pg_roles"
                + " WHERE rolname = current_user");
        if (!own.flag("databases")) {
            lacking.add("CREATEDB");
        }
        if (!own.flag("roles") && facts.settings().stream().anyMatch(DatabaseProperties::isOfRole)) {
            lacking.add("CREATEROLE (for ALTER ROLE … IN DATABASE)");
        }
        Set<String> memberships = new TreeSet<>(List.of("pg_signal_backend"));
        live.ifPresent(state -> memberships.add(state.owner()));
        if (!missingRoles.contains(facts.owner())) {
            memberships.add(facts.owner());
        }
        for (String role : memberships) {
            if (!session.row("SELECT pg_catalog.pg_has_role(" + Sql.literal(role) + ", 'MEMBER') AS it")
                    .flag("it")) {
                lacking.add("membership in " + Sql.identifier(role));
            }
        }
        if (!lacking.isEmpty()) {
            throw new PostgresException(
                    Kind.RIGHTS,
                    client.where() + ": the role that restores lacks " + String.join(", ", lacking) + ": grant it");
        }
    }

    private static boolean isSuperuser(PsqlSession session) throws IOException {
        return session.row("SELECT rolsuper AS it FROM pg_catalog.pg_roles WHERE rolname = current_user")
                .flag("it");
    }

    private static RecoveryException foreign(String name) {
        return new RecoveryException(
                Reason.PLACE_UNUSABLE,
                "database " + name
                        + " exists and does not have the mark of this recovery: it is not dropped; rename it or drop it");
    }

    /**
     * Creates the roles that the database needs and the server does not have, without passwords, and their memberships. It
     * does not change roles that exist. Roles belong to the server and not to a database: they remain when a later gate fails
     * or the recovery is rolled back, so the caller does it as late as it can, when the other parts are staged. A dump cannot
     * be restored without them.
     *
     * @param rolesSql output of {@link DatabaseSnapshot#roles}
     * @return the names of the roles that were missing
     * @throws RecoveryException if a role is not in the SQL, or the role that restores may not create it
     * @throws IOException if the server cannot be reached; try again
     */
    public List<String> createMissingRoles(InputStream rolesSql) throws IOException {
        byte[] sql = rolesSql.readNBytes(ROLES_BYTES + 1);
        if (sql.length > ROLES_BYTES) {
            throw new RecoveryException(Reason.DAMAGED, "the roles are more than " + ROLES_BYTES + " bytes of SQL");
        }
        return connected((client, session) -> {
            List<String> missing = missingRoles(session);
            if (missing.isEmpty()) {
                return missing;
            }
            RolesSql roles = new RolesSql(new String(sql, StandardCharsets.UTF_8));
            session.execute("BEGIN");
            for (String statement : roles.forMissing(Set.copyOf(missing), existingRoles(session))) {
                session.execute(statement);
            }
            session.execute("COMMIT");
            requireRoles(session);
            return missing;
        });
    }

    private void requireRoles(PsqlSession session) throws IOException {
        List<String> missing = missingRoles(session);
        if (!missing.isEmpty()) {
            throw new RecoveryException(
                    Reason.ROLE_MISSING,
                    "the server does not have the roles " + missing + " that the database " + names.live()
                            + " needs: create them, or let the recovery create them");
        }
    }

    /**
     * Creates the staged database and restores the dump into it. What an earlier run left is dropped first. The dump is read
     * to its end, so that the caller's checks of it take place. The point is not signed and the attachment is: nothing is
     * restored unless the facts in both are equal.
     *
     * @throws RecoveryException if a role is missing, the dump is damaged, the point has other facts than the attachment, or
     *     the name is taken; the live database is unchanged, and the staged one is empty or absent
     * @throws IOException if the dump cannot be read, or the server cannot be reached; the same applies
     */
    public void stage(InputStream dump) throws IOException {
        change((client, session) -> {
            int server = requireVersions(client, session);
            requireRoles(session);
            dropStaged(session);
            session.execute(
                    DatabaseProperties.create(names.staged(), facts, server, DatabaseState.creationMark(token)));
            comment(session, "");
            session.execute(alterStaged() + " ALLOW_CONNECTIONS true CONNECTION LIMIT -1");
            PrivateProperties found = restore(client, session, dump);
            session.execute("BEGIN");
            for (String setting : found.settings()) {
                set(session, setting);
            }
            for (String statement : DatabaseProperties.privileges(session, names.staged(), facts)) {
                session.execute(statement);
            }
            comment(session, found.comment());
            session.execute(alterStaged() + " CONNECTION LIMIT " + facts.connectionLimit());
            session.execute("COMMIT");
            properties = Optional.of(found);
        });
    }

    /** Restores the dump, if the facts of the point are those of the signed properties after it. */
    private PrivateProperties restore(PostgresClient client, PsqlSession session, InputStream dump) throws IOException {
        DumpStream stream = new DumpStream(dump, facts);
        new DumpReader(client, names.staged(), isSuperuser(session) ? Optional.empty() : Optional.of(facts.owner()))
                .restore(stream, client.version("pg_restore"));
        if (stream.properties().isEmpty()) {
            // The stream had a whole dump and ended before dumpBytes: its owner is one that a changed point named.
            dropStaged(session);
            throw new RecoveryException(
                    Reason.DAMAGED,
                    "the recovery point has the fact dumpBytes = " + facts.dumpBytes()
                            + "; the attachment ends before it, so there are no properties after the dump");
        }
        return stream.properties().get();
    }

    private void comment(PsqlSession session, String original) throws IOException {
        session.execute("COMMENT ON DATABASE " + Sql.identifier(names.staged()) + " IS "
                + Sql.literal(DatabaseNames.stagedComment(token, original)));
    }

    /** The server's message may quote the value, which may be a secret. */
    private void set(PsqlSession session, String setting) throws IOException {
        String statement = DatabaseProperties.setting(names.staged(), setting);
        try {
            session.execute(statement);
        } catch (PostgresException e) {
            String what = "the setting " + DatabaseProperties.name(setting) + " of the database " + names.live();
            throw new PostgresException(
                    e.kind(),
                    e.kind() == Kind.RIGHTS
                            ? "the role that restores may not change " + what
                                    + ": GRANT SET ON PARAMETER (15 or later), or restore as a superuser"
                            : "the server refused " + what + "; its own log has the error");
        }
    }

    private String alterStaged() {
        return "ALTER DATABASE " + Sql.identifier(names.staged());
    }

    /**
     * Compares the staged database with the facts and with the properties that {@link #stage} read: the gate before the switch.
     *
     * @return findings that do not prevent the switch
     * @throws RecoveryException if something differs; it names each difference with what was expected and got
     * @throws IOException if the server cannot be reached; try again
     */
    public List<String> check() throws IOException {
        return check(properties.orElseThrow(() -> new IllegalStateException("nothing was staged")));
    }

    List<String> check(PrivateProperties expected) throws IOException {
        try (PsqlSession session =
                PsqlSession.open(PostgresClient.forRecovery(settings, environment), names.staged())) {
            Optional<String> query = facts.applied().isPresent() ? settings.appliedQuery() : Optional.empty();
            FactsQuery.Found found =
                    FactsQuery.read(session, query, facts.rows().keySet());
            DatabaseComparison comparison = DatabaseComparison.of(facts, expected, found);
            if (!comparison.differences().isEmpty()) {
                throw new RecoveryException(
                        Reason.GATE,
                        "database " + names.staged() + " is not equal to the recovery point: "
                                + String.join("; ", comparison.differences()));
            }
            return comparison.findings();
        } catch (PostgresException e) {
            throw e.orRecovery();
        }
    }

    /** Only one that this object created: another host may have staged its own since {@link #plan}. */
    private void dropStaged(PsqlSession session) throws IOException {
        Optional<DatabaseState> staged = DatabaseState.of(session, names.staged());
        if (staged.isPresent()) {
            if (!staged.get().isStagedBy(token)) {
                throw foreign(names.staged());
            }
            drop(session, names.staged());
        }
    }

    /** A killed {@code pg_restore} may have left a session, which the server ends only when it writes to it. */
    static void drop(PsqlSession session, String name) throws IOException {
        DatabaseSwap.endSessions(session, name);
        session.run("SET statement_timeout = '" + DROP_LIMIT.toMillis() + "ms'");
        session.execute("DROP DATABASE " + Sql.identifier(name), DROP_LIMIT.plusMinutes(1));
        session.run("SET statement_timeout = '60s'");
    }
}
