package io.veloz.wal.backup.internal.postgres;

import io.veloz.wal.backup.internal.postgres.PsqlSession.Row;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * A database as the catalog shows it.
 *
 * @param oid identifies it under any name, in its server
 * @param comment empty if there is none
 * @param connectionLimit -1 for no limit
 */
record DatabaseState(long oid, String comment, boolean open, int connectionLimit, String owner) {
    /** Larger than any limit that is in use, so it marks only a database that is being created. */
    private static final int LEAST_CREATION_MARK = 1 << 30;

    /**
     * Returns the connection limit that marks a database from its creation until it has a comment: {@code CREATE DATABASE}
     * cannot set a comment, and cannot be in a transaction with the statement that does.
     */
    static int creationMark(String token) {
        return LEAST_CREATION_MARK | ((int) Long.parseLong(token.substring(0, 8), 16) & (LEAST_CREATION_MARK - 1));
    }

    /** Returns what identifies the cluster, under any address. */
    static long server(PsqlSession session) throws IOException {
        return session.row("SELECT system_identifier AS id FROM pg_catalog.pg_control_system()")
                .number("id");
    }

    /** Returns the state of a database; empty if it does not exist. */
    static Optional<DatabaseState> of(PsqlSession session, String name) throws IOException {
        List<Row> rows = session.query(
                "SELECT oid::bigint AS oid, coalesce(pg_catalog.shobj_description(oid, 'pg_database'), '') AS comment,"
                        + " datallowconn AS open, datconnlimit AS connection_limit, pg_catalog.pg_get_userbyid(datdba) AS owner"
                        + " FROM pg_catalog.pg_database WHERE datname = " + Sql.literal(name));
        if (rows.isEmpty()) {
            return Optional.empty();
        }
        Row row = rows.get(0);
        return Optional.of(new DatabaseState(
                row.number("oid"),
                row.text("comment"),
                row.flag("open"),
                (int) row.number("connection_limit"),
                row.text("owner")));
    }

    /** Returns whether a recovery staged it, wholly or in part, or a rollback set it aside. */
    boolean isStaged() {
        return DatabaseNames.isStaged(comment) || (!open && connectionLimit >= LEAST_CREATION_MARK);
    }

    /** Returns whether the run with this token staged it, wholly or in part. */
    boolean isStagedBy(String token) {
        return DatabaseNames.isStagedBy(token, comment) || (!open && connectionLimit == creationMark(token));
    }

    boolean isKept() {
        return DatabaseNames.isKept(comment);
    }
}
