package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.internal.postgres.PostgresException.Kind;
import io.veloz.wal.backup.internal.postgres.PsqlSession.Row;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Statements that give a database the properties that a restore under another name does not bring back. */
final class DatabaseProperties {
    /** Settings that are lists of names: each name is a literal. The same list is in {@code pg_dump}. */
    private static final Set<String> LISTS = Set.of(
            "local_preload_libraries",
            "search_path",
            "session_preload_libraries",
            "shared_preload_libraries",
            "temp_tablespaces",
            "unix_socket_directories");

    private static final String ROLE = "ROLE \"";

    private DatabaseProperties() {}

    /** Returns the statement that creates the database: closed, and marked by its connection limit. */
    static String create(String name, DatabaseFacts facts, int serverVersion, int mark) throws PostgresException {
        StringBuilder sql = new StringBuilder("CREATE DATABASE " + Sql.identifier(name) + " TEMPLATE template0 OWNER "
                + Sql.identifier(facts.owner()) + " ENCODING " + Sql.literal(facts.encoding())
                + " LC_COLLATE " + Sql.literal(facts.collate()) + " LC_CTYPE " + Sql.literal(facts.ctype())
                + " ALLOW_CONNECTIONS false CONNECTION LIMIT " + mark);
        int colon = facts.locale().indexOf(':');
        if (colon < 0) {
            return sql.append(serverVersion >= 150_000 ? " LOCALE_PROVIDER libc" : "")
                    .toString();
        }
        String provider = facts.locale().substring(0, colon);
        if (!provider.equals("icu") && !provider.equals("builtin")) {
            throw new PostgresException(Kind.CLIENT, "the database has the unknown locale " + facts.locale());
        }
        return sql.append(" LOCALE_PROVIDER " + provider + " " + provider + "_LOCALE ")
                .append(Sql.literal(facts.locale().substring(colon + 1)))
                .toString();
    }

    static boolean isOfRole(String setting) {
        return setting.startsWith(ROLE);
    }

    /**
     * A setting.
     *
     * @param role quoted, with the word before it; empty if the setting is for all roles
     */
    private record Setting(String role, String variable, String value) {
        static Setting parse(String line) throws PostgresException {
            String role = "";
            String setting = line;
            if (isOfRole(line)) {
                int end = ROLE.length();
                while (line.charAt(end) != '"' || line.startsWith("\"\"", end)) {
                    end += line.charAt(end) == '"' ? 2 : 1;
                }
                role = line.substring(0, end + 1);
                setting = line.substring(end + 2);
            }
            int equals = setting.indexOf('=');
            if (equals <= 0) {
                throw new PostgresException(Kind.SETTING, "a setting of the database has no name");
            }
            return new Setting(role, setting.substring(0, equals), setting.substring(equals + 1));
        }

        String name() {
            return role.isEmpty() ? variable : role + " " + variable;
        }
    }

    /** Returns the settings without their values. */
    static List<String> names(List<String> settings) throws PostgresException {
        List<String> names = new ArrayList<>();
        for (String setting : settings) {
            names.add(name(setting));
        }
        return names;
    }

    static String name(String setting) throws PostgresException {
        return Setting.parse(setting).name();
    }

    /** Returns the statement for a setting of {@link PrivateProperties}. */
    static String setting(String database, String line) throws PostgresException {
        Setting setting = Setting.parse(line);
        String scope = setting.role().isEmpty()
                ? "ALTER DATABASE " + Sql.identifier(database)
                : "ALTER " + setting.role() + " IN DATABASE " + Sql.identifier(database);
        return scope + " SET " + Sql.identifier(setting.variable()) + " TO "
                + (LISTS.contains(setting.variable()) ? list(setting.value()) : Sql.literal(setting.value()));
    }

    /** Turns {@code "a b", public} into {@code 'a b', 'public'}. */
    private static String list(String value) {
        List<String> names = new ArrayList<>();
        int at = 0;
        while (at < value.length()) {
            char c = value.charAt(at);
            if (c == ',' || c == ' ') {
                at++;
            } else if (c == '"') {
                StringBuilder name = new StringBuilder();
                for (at++; at < value.length(); at++) {
                    if (value.charAt(at) == '"' && !value.startsWith("\"\"", at)) {
                        break;
                    }
                    at += value.charAt(at) == '"' ? 1 : 0;
                    name.append(value.charAt(at));
                }
                at++;
                names.add(Sql.literal(name.toString()));
            } else {
                int end = value.indexOf(',', at);
                end = end < 0 ? value.length() : end;
                names.add(Sql.literal(value.substring(at, end).strip()));
                at = end;
            }
        }
        return names.isEmpty() ? "''" : String.join(", ", names);
    }

    /**
     * Returns the statements that replace the privileges on the database. The owner's grants come first: another grantor has
     * its grant option from them.
     */
    static List<String> privileges(PsqlSession session, String name, DatabaseFacts facts) throws IOException {
        List<String> statements = new ArrayList<>();
        if (facts.acl().isEmpty()) {
            return statements;
        }
        String database = Sql.identifier(name);
        statements.add("REVOKE ALL ON DATABASE " + database + " FROM PUBLIC, " + Sql.identifier(facts.owner()));
        List<Row> grants =
                session.query("SELECT CASE grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(grantee) END AS"
                        + " grantee, pg_catalog.pg_get_userbyid(grantor) AS grantor, privilege_type AS privilege, is_grantable AS"
                        + " grantable FROM pg_catalog.aclexplode(" + Sql.literal(facts.acl())
                        + "::pg_catalog.aclitem[])"
                        + " ORDER BY pg_catalog.pg_get_userbyid(grantor) <> " + Sql.literal(facts.owner()));
        for (Row grant : grants) {
            String grantor = grant.text("grantor");
            String grantee = grant.text("grantee");
            String privilege = grant.text("privilege");
            if (!privilege.matches("[A-Z]+")) {
                throw new PostgresException(Kind.SETTING, "unknown privilege " + privilege + " on the database");
            }
            boolean other = !grantor.equals(facts.owner());
            if (other) {
                statements.add("SET ROLE " + Sql.identifier(grantor));
            }
            statements.add("GRANT " + privilege + " ON DATABASE " + database + " TO "
                    + (grantee.isEmpty() ? "PUBLIC" : Sql.identifier(grantee))
                    + (grant.flag("grantable") ? " WITH GRANT OPTION" : ""));
            if (other) {
                statements.add("RESET ROLE");
            }
        }
        return statements;
    }
}
