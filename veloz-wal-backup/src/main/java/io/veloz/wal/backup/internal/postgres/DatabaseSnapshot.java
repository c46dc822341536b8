package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.internal.postgres.PostgresException.Kind;
import io.veloz.wal.backup.internal.postgres.PsqlSession.Row;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * An exported snapshot of a database, its facts, and dumps of it. A session keeps the snapshot until it is closed. It belongs
 * to one thread.
 *
 * <p>The bracket: the caller reads {@code after}, the durable sequence of the order log, <b>before</b> {@link #export}, and
 * {@code upTo} <b>after</b> it returned. Everything that the snapshot shows was committed before it was exported, and the
 * engine makes a record durable before it commits what the record causes, so no row comes from a record later than {@code
 * upTo}. Records up to {@code after} may still be missing: an engine may commit long after the record is durable. Only {@link
 * DatabaseFacts#applied()} says what the database has.
 *
 * <table>
 * <caption>Failures of a dump</caption>
 * <tr><td>{@code pg_dump} ends with an exit code other than 0, or is killed</td><td>{@link #dump} throws: the caller must not
 * close an encrypting stream normally, since that would be a valid message around half a dump</td></tr>
 * <tr><td>the caller's stream fails</td><td>its exception; {@code pg_dump} is ended</td></tr>
 * <tr><td>this process dies</td><td>the programs read the end of their pipes and end; the server ends the transactions</td></tr>
 * <tr><td>the snapshot does not exist any more</td><td>{@code pg_dump} fails: never a dump without its snapshot</td></tr>
 * </table>
 */
public final class DatabaseSnapshot implements Closeable {
    private static final Duration DUMP_LIMIT = Duration.ofHours(12);
    private static final Duration LOCK_WAIT = Duration.ofSeconds(30);
    private static final Duration ROLES_LIMIT = Duration.ofMinutes(5);
    private static final int ROLES_BYTES = 16 << 20;
    private static final int OLDEST_SERVER = 14;

    private final PostgresClient client;
    private final PsqlSession session;
    private final String id;
    private final PrivateProperties properties;
    private DatabaseFacts facts;

    private DatabaseSnapshot(
            PostgresClient client, PsqlSession session, String id, DatabaseFacts facts, PrivateProperties properties) {
        this.client = client;
        this.session = session;
        this.id = id;
        this.facts = facts;
        this.properties = properties;
    }

    /**
     * Exports a snapshot, and reads the facts in it.
     *
     * @throws BackupRefusedException if the client is missing or too old, if the role may not read everything, or if the
     *     profile names a table or a query that does not work
     * @throws IOException if the server cannot be reached or ended the session; try again
     */
    public static DatabaseSnapshot export(DatabaseSettings settings) throws IOException {
        try {
            return export(PostgresClient.forBackup(settings));
        } catch (PostgresException e) {
            throw e.orRefused();
        }
    }

    static DatabaseSnapshot export(PostgresClient client) throws IOException {
        int version = client.version("pg_dump");
        PsqlSession session = PsqlSession.open(client, client.settings().name());
        boolean exported = false;
        try {
            int server = (int) session.row("SELECT current_setting('server_version_num')::int AS version")
                    .number("version");
            if (server / 10_000 < OLDEST_SERVER) {
                throw new PostgresException(
                        Kind.CLIENT,
                        client.where() + " has version " + PostgresClient.readable(server) + "; expected "
                                + OLDEST_SERVER + " or later");
            }
            client.requireVersion("pg_dump", server);
            client.requireVersion("pg_dumpall", server);
            session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            // 17 and later also limit the time of a transaction.
            session.run("SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout'");
            String id = session.row("SELECT pg_export_snapshot() AS id").text("id");
            requireRights(client, session);
            FactsQuery.Found found = FactsQuery.read(
                    session, client.settings().appliedQuery(), client.settings().rows());
            DatabaseSnapshot snapshot = new DatabaseSnapshot(
                    client,
                    session,
                    id,
                    found.facts().toBuilder().dumpVersion(version).build(),
                    found.properties());
            exported = true;
            return snapshot;
        } finally {
            if (!exported) {
                session.close();
            }
        }
    }

    /** Finds in advance what {@code pg_dump} would stumble over: its error comes after minutes, and names one table. */
    private static void requireRights(PostgresClient client, PsqlSession session) throws IOException {
        String relations = """
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'm', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                       AND d.objid = c.oid AND d.deptype = 'e') AND""";
        String name = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name ";
        List<Row> unreadable = session.query(name + relations
                + " NOT CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT')"
                + " ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') END ORDER BY 1 LIMIT 5");
        if (!unreadable.isEmpty()) {
            throw new PostgresException(
                    Kind.RIGHTS,
                    client.where() + ": the role may not read " + names(unreadable) + ": GRANT pg_read_all_data to it");
        }
        List<Row> filtered =
                session.query(name + relations + " pg_catalog.row_security_active(c.oid) ORDER BY 1 LIMIT 5");
        if (!filtered.isEmpty()) {
            throw new PostgresException(
                    Kind.RIGHTS,
                    client.where() + ": row level security would filter the rows of " + names(filtered)
                            + ", so the dump would lack rows: ALTER ROLE … BYPASSRLS");
        }
    }

    private static String names(List<Row> rows) throws PostgresException {
        StringBuilder names = new StringBuilder();
        for (Row row : rows) {
            names.append(names.isEmpty() ? "" : ", ").append(row.text("name"));
        }
        return names.toString();
    }

    /** Returns the facts in the snapshot. Format and length of the dump are known only after {@link #dump}. */
    public DatabaseFacts facts() {
        return facts;
    }

    /** Returns findings about the environment, for the report. */
    public List<String> findings() {
        return client.findings();
    }

    String id() {
        return id;
    }

    PrivateProperties properties() {
        return properties;
    }

    /**
     * Writes a dump of the snapshot in the custom format, and after it the {@link PrivateProperties}. It returns only if {@code pg_dump} ended with exit code 0 and
     * everything it wrote was written to the stream, which stays open.
     *
     * @throws BackupRefusedException if a privilege is missing
     * @throws IOException if {@code pg_dump} or the stream failed, or a table stayed locked for 30 seconds; what was written
     *     is not a dump, try again
     */
    public void dump(OutputStream to) throws IOException {
        dump(to, id, LOCK_WAIT);
    }

    void dump(OutputStream to, String snapshot, Duration lockWait) throws IOException {
        List<String> arguments = List.of(
                "--format=custom",
                "--no-password",
                "--lock-wait-timeout=" + lockWait.toMillis(),
                "--snapshot=" + snapshot);
        byte[] head;
        long bytes;
        try (ChildProcess child =
                client.connect(DUMP_LIMIT, "pg_dump", client.settings().name(), arguments)) {
            child.in().close();
            InputStream out = child.out();
            head = out.readNBytes(DumpHeader.BYTES);
            to.write(head);
            bytes = head.length + out.transferTo(to);
            int code = child.waitFor();
            if (code != 0) {
                throw dumpFailure(child, code);
            }
        } catch (PostgresException e) {
            throw e.orRefused();
        }
        Optional<String> format = DumpHeader.format(head);
        if (format.isEmpty()) {
            throw new IOException("pg_dump ended with exit code 0, but its output does not begin as a dump");
        }
        facts = facts.toBuilder().dumpFormat(format.get()).dumpBytes(bytes).build();
        to.write(properties.toBytes(facts));
    }

    private static PostgresException dumpFailure(ChildProcess child, int code) {
        String message = child.failure(code);
        boolean rights = message.contains("permission denied") || message.contains("row-level security");
        return new PostgresException(rights ? Kind.RIGHTS : Kind.AWAY, message + "; what it wrote is not a dump");
    }

    /**
     * Writes the roles of the server as SQL, without passwords. Unchanged roles give equal bytes.
     *
     * @throws IOException if {@code pg_dumpall} failed; try again
     */
    public void roles(OutputStream to) throws IOException {
        List<String> arguments = List.of("--globals-only", "--no-role-passwords", "--no-password");
        try (ChildProcess child =
                client.connect(ROLES_LIMIT, "pg_dumpall", client.settings().maintenance(), arguments)) {
            child.in().close();
            byte[] sql = child.out().readNBytes(ROLES_BYTES + 1);
            if (sql.length > ROLES_BYTES) {
                throw new IOException("pg_dumpall wrote more than " + ROLES_BYTES + " bytes of roles");
            }
            int code = child.waitFor();
            if (code != 0) {
                throw dumpFailure(child, code);
            }
            to.write(withoutRandomWords(sql));
        } catch (PostgresException e) {
            throw e.orRefused();
        }
    }

    /** Removes {@code \restrict} and {@code \\unrestrict}, which have a key that is random in every run. */
    private static byte[] withoutRandomWords(byte[] sql) {
        // One byte is one character, so that all other bytes stay as they are.
        String text = new String(sql, StandardCharsets.ISO_8859_1);
        Optional<String> restrict = Arrays.stream(text.split("\n", -1))
                .filter(line -> line.startsWith("\\restrict "))
                .findFirst();
        if (restrict.isEmpty()) {
            return sql;
        }
        String unrestrict = "\\un" + restrict.get().substring(1);
        return Arrays.stream(text.split("\n", -1))
                .filter(line -> !line.equals(restrict.get()) && !line.equals(unrestrict))
                .collect(Collectors.joining("\n"))
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Ends the session; the snapshot cannot be used any more. */
    @Override
    public void close() {
        session.close();
    }
}
