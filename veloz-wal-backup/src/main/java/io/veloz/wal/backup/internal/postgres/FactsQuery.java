package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.internal.postgres.PostgresException.Kind;
import io.veloz.wal.backup.internal.postgres.PsqlSession.Row;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.Iterator;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads the facts of the database that a session is connected to: for a dump in its snapshot, for a recovery as the gate. */
final class FactsQuery {
    private static final Duration COUNT_LIMIT = Duration.ofHours(1);

    private static final String SERVER = """
            SELECT current_setting('server_version_num')::int AS version,
                   (SELECT system_identifier::text FROM pg_control_system()) AS system,
                   (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                         ELSE pg_current_wal_insert_lsn() END)::text AS lsn""";

    /** Privileges are sorted, so that equal ones give equal texts. Later versions have columns that 15 does not have. */
    private static final String DATABASE = """
            SELECT d.datname AS name, pg_get_userbyid(d.datdba) AS owner, pg_encoding_to_char(d.encoding) AS encoding,
                   d.datcollate AS collate, d.datctype AS ctype, d.datconnlimit AS connection_limit,
                   coalesce(CASE to_jsonb(d) ->> 'datlocprovider' WHEN 'i' THEN 'icu:' WHEN 'b' THEN 'builtin:' END
                       || coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'), '') AS locale,
                   coalesce(shobj_description(d.oid, 'pg_database'), '') AS comment,
                   CASE WHEN d.datacl IS NULL THEN '' ELSE coalesce(
                       (SELECT array_agg(a::text ORDER BY a::text COLLATE "C")::text FROM unnest(d.datacl) a), '{}') END AS acl
              FROM pg_database d WHERE d.datname = current_database()""";

    private static final String SETTINGS = """
            SELECT coalesce(json_agg(line ORDER BY line COLLATE "C"), '[]') AS settings
              FROM (SELECT CASE s.setrole WHEN 0 THEN '' ELSE
                               'ROLE "' || replace(pg_get_userbyid(s.setrole), '"', '""') || '" ' END || setting AS line
                      FROM pg_db_role_setting s, unnest(s.setconfig) setting
                     WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())) lines""";

    /**
     * {@code pg_dump} does not keep the owner of an extension: it becomes the role that restores. PostgreSQL does not record
     * what depends on the superuser that {@code initdb} made (oid 10), and another cluster may not have a role of its name, so
     * what it owns of the user's objects (oid 16384 and above) is looked up.
     */
    private static final String ROLES = """
            SELECT coalesce(json_agg(role ORDER BY role COLLATE "C"), '[]') AS roles FROM (
                SELECT pg_get_userbyid(s.refobjid) AS role
                  FROM pg_shdepend s, (SELECT oid FROM pg_database WHERE datname = current_database()) d
                 WHERE s.refclassid = 'pg_authid'::regclass
                   AND (s.dbid = d.oid OR s.dbid = 0 AND s.classid = 'pg_database'::regclass AND s.objid = d.oid)
                   AND NOT (s.deptype = 'o' AND (s.classid = 'pg_extension'::regclass OR EXISTS (
                       SELECT FROM pg_depend e
                        WHERE e.classid = s.classid AND e.objid = s.objid AND e.deptype = 'e')))
                UNION
                SELECT pg_get_userbyid(s.setrole) FROM pg_db_role_setting s
                 WHERE s.setrole <> 0 AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
                UNION
                SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()
                UNION
                SELECT pg_get_userbyid(10) WHERE EXISTS (
                    SELECT FROM (SELECT 'pg_class'::regclass AS class, oid, relowner AS owner FROM pg_class
                                  WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
                                 UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner FROM pg_namespace
                                  WHERE nspname NOT LIKE 'pg\\_%'
                                 UNION ALL SELECT 'pg_proc'::regclass, oid, proowner FROM pg_proc) o
                     WHERE o.oid >= 16384 AND o.owner = 10 AND NOT EXISTS (
                         SELECT FROM pg_depend e
                          WHERE e.classid = o.class AND e.objid = o.oid AND e.deptype = 'e'))) roles""";

    private static final String EXTENSIONS = """
            SELECT coalesce(json_agg(extname || ' ' || extversion ORDER BY extname COLLATE "C"), '[]') AS extensions
              FROM pg_extension""";

    private FactsQuery() {}

    /** The facts, and the properties that they must not contain. */
    record Found(DatabaseFacts facts, PrivateProperties properties) {}

    /**
     * Reads all facts but the version, the format and the length of the dump.
     *
     * @param appliedQuery runs first, with the search path of the role
     * @param tables whose rows are counted, as {@code schema.table}
     */
    static Found read(PsqlSession session, Optional<String> appliedQuery, Collection<String> tables)
            throws IOException {
        OptionalLong applied =
                appliedQuery.isPresent() ? OptionalLong.of(applied(session, appliedQuery.get())) : OptionalLong.empty();
        // Functions and operators of the catalog, not those that a schema of the database has under the same names.
        session.run("SET search_path = pg_catalog");
        Row server = session.row(SERVER);
        Row database = session.row(DATABASE);
        PrivateProperties properties = new PrivateProperties(
                database.text("comment"), session.row(SETTINGS).texts("settings"));
        DatabaseFacts facts = DatabaseFacts.builder(database.text("name"))
                .system(server.text("system"))
                .serverVersion((int) server.number("version"))
                .lsn(server.text("lsn"))
                .owner(database.text("owner"))
                .encoding(database.text("encoding"))
                .collate(database.text("collate"))
                .ctype(database.text("ctype"))
                .locale(database.text("locale"))
                .connectionLimit((int) database.number("connection_limit"))
                .acl(database.text("acl"))
                .settings(DatabaseProperties.names(properties.settings()))
                .roles(session.row(ROLES).texts("roles"))
                .extensions(session.row(EXTENSIONS).texts("extensions"))
                .rows(rows(session, tables))
                .applied(applied)
                .build();
        return new Found(facts, properties);
    }

    static long applied(PsqlSession session, String query) throws IOException {
        if (query.indexOf('\\') >= 0) {
            throw new PostgresException(
                    Kind.SETTING, "database.applied-query contains a backslash, which psql would read as a command");
        }
        String statement = query.strip();
        while (statement.endsWith(";")) {
            statement = statement.substring(0, statement.length() - 1).strip();
        }
        Row row;
        try {
            row = session.row(statement);
        } catch (PostgresException e) {
            throw new PostgresException(e.kind(), "database.applied-query: " + e.getMessage());
        }
        Iterator<String> columns = row.fields().keySet().iterator();
        String column = columns.hasNext() ? columns.next() : "";
        if (row.fields().size() != 1) {
            throw new PostgresException(
                    Kind.SETTING,
                    "database.applied-query returned " + row.fields().size() + " columns; expected one number");
        }
        try {
            return row.number(column);
        } catch (PostgresException e) {
            throw new PostgresException(Kind.SETTING, "database.applied-query: " + e.getMessage());
        }
    }

    private static SortedMap<String, Long> rows(PsqlSession session, Collection<String> tables) throws IOException {
        SortedMap<String, Long> rows = new TreeMap<>();
        if (tables.isEmpty()) {
            return rows;
        }
        session.run("SET statement_timeout = '" + COUNT_LIMIT.toMillis() + "ms'");
        for (String table : tables) {
            int dot = table.indexOf('.');
            if (dot <= 0 || dot == table.length() - 1) {
                throw new PostgresException(
                        Kind.SETTING, "database.rows names " + table + "; expected a table as schema.table");
            }
            String name = Sql.identifier(table.substring(0, dot)) + "." + Sql.identifier(table.substring(dot + 1));
            try {
                rows.put(
                        table,
                        session.row("SELECT count(*) AS count FROM " + name, COUNT_LIMIT.plusMinutes(1))
                                .number("count"));
            } catch (PostgresException e) {
                throw new PostgresException(e.kind(), "rows of " + table + " (database.rows): " + e.getMessage());
            }
        }
        return rows;
    }
}
