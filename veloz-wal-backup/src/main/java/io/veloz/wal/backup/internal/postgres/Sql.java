package io.veloz.wal.backup.internal.postgres;

/** Quoting of names and values for PostgreSQL. */
final class Sql {
    private Sql() {}

    /** Returns the name as a quoted identifier. */
    static String identifier(String name) {
        refuseNul(name);
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /**
     * Returns the value as a literal. A backslash needs the escape form: its meaning in a plain literal depends on {@code
     * standard_conforming_strings}.
     */
    static String literal(String value) {
        refuseNul(value);
        String quoted = "'" + value.replace("'", "''") + "'";
        return value.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
    }

    /** Returns a libpq connection string that names the database, whatever characters its name has. */
    static String connection(String database) {
        return parameter("dbname", database) + " keepalives_idle=30 keepalives_interval=10 keepalives_count=6";
    }

    /** Returns a parameter of a libpq connection string. */
    static String parameter(String name, String value) {
        refuseNul(value);
        return name + "='" + value.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }

    private static void refuseNul(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a name or value for PostgreSQL contains a NUL character");
        }
    }
}
