package io.veloz.wal.backup.internal.profile;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL database of a profile. It has no password: libpq reads that from the password file, or authenticates by
 * {@code peer}.
 *
 * @param host name, address, or the absolute path of the directory of the Unix socket; null for the default of libpq
 * @param port 0 for the default of libpq
 * @param user role that dumps: read-only, with {@code pg_read_all_data}; null for the default of libpq
 * @param restoreUser role that creates, restores and renames databases: CREATEDB, member of the owner, {@code
 *     pg_signal_backend}; null for {@code user}
 * @param passwordFile in the format of {@code .pgpass}, mode 0600
 * @param maintenance database to connect to while the own one is renamed
 * @param appliedQuery returns one row with one number: the last sequence of the order log that is applied
 * @param rows tables whose rows are counted in the snapshot and after a restore, as {@code schema.table}
 * @param rollForward whether the order log is to bring an older dump up to date
 * @param programs directory of {@code psql}, {@code pg_dump}, {@code pg_restore}, {@code pg_dumpall}; null for the PATH
 */
public record DatabaseSettings(
        String name,
        @Nullable String host,
        int port,
        @Nullable String user,
        @Nullable String restoreUser,
        Optional<Path> passwordFile,
        String maintenance,
        Optional<String> appliedQuery,
        List<String> rows,
        boolean rollForward,
        @Nullable Path programs) {
    static final List<String> KEYS = List.of(
            "database.name",
            "database.host",
            "database.port",
            "database.user",
            "database.restore-user",
            "database.password-file",
            "database.maintenance",
            "database.applied-query",
            "database.rows",
            "database.roll-forward",
            "database.programs");

    static Optional<DatabaseSettings> read(ProfileFile file) {
        if (!file.hasSection("database.", "database.name")) {
            return Optional.empty();
        }
        String name = file.required("database.name");
        if (name.contains("=") || name.contains("://")) {
            throw file.bad(
                    "database.name",
                    "is a connection string; expected the name of a database, and the other settings"
                            + " in keys of their own: a connection string may contain a password");
        }
        String maintenance = file.text("database.maintenance").orElse("postgres");
        if (maintenance.equals(name) || name.equals("template0") || name.equals("template1")) {
            throw file.bad(
                    "database.name",
                    "is the database \"" + name + "\", which a recovery cannot rename: expected another one than"
                            + " database.maintenance (default postgres), and no template");
        }
        return Optional.of(new DatabaseSettings(
                name,
                file.text("database.host").orElse(null),
                file.integer("database.port", 0, 0, 65_535),
                file.text("database.user").orElse(null),
                file.text("database.restore-user").orElse(null),
                file.optionalPath("database.password-file"),
                maintenance,
                file.text("database.applied-query"),
                file.list("database.rows"),
                file.flag("database.roll-forward", true),
                file.optionalPath("database.programs").orElse(null)));
    }
}
