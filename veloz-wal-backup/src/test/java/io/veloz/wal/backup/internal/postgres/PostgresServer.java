package io.veloz.wal.backup.internal.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * A PostgreSQL cluster for one test class: own directory, own port, on the Unix socket without and on 127.0.0.1 with
 * passwords. The first superuser is {@code postgres}.
 */
public final class PostgresServer implements AutoCloseable {
    private final Path programs;
    private final Path directory;
    private final int port;
    private final Thread atExit = new Thread(this::stop, "stop-postgres");

    private PostgresServer(Path programs, Path directory, int port) {
        this.programs = programs;
        this.directory = directory;
        this.port = port;
    }

    /** Starts a cluster, or skips the test if PostgreSQL is not installed. */
    public static PostgresServer start() throws IOException {
        Optional<Path> programs = installed();
        Assumptions.assumeTrue(programs.isPresent(), "PostgreSQL is not installed: apt-get install postgresql");
        // A short path: the name of a Unix socket has at most 107 bytes.
        Path directory = Files.createTempDirectory(Path.of("/tmp"), "vpg");
        if (isRoot()) {
            Files.setOwner(
                    directory,
                    FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByName("postgres"));
        }
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (int attempt = 1; ; attempt++) {
            PostgresServer server = new PostgresServer(programs.get(), directory, freePort());
            try {
                server.init(attempt == 1);
                Runtime.getRuntime().addShutdownHook(server.atExit);
                return server;
            } catch (IOException e) {
                server.close();
                if (attempt == 3) {
                    throw e;
                }
            }
        }
    }

    private static Optional<Path> installed() throws IOException {
        Path root = Path.of("/usr/lib/postgresql");
        if (!Files.isDirectory(root)) {
            return Optional.empty();
        }
        try (Stream<Path> versions = Files.list(root)) {
            return versions.map(version -> version.resolve("bin"))
                    .filter(bin ->
                            Files.isExecutable(bin.resolve("initdb")) && Files.isExecutable(bin.resolve("pg_dump")))
                    .max(Comparator.comparing(Path::toString));
        }
    }

    private static boolean isRoot() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid", LinkOption.NOFOLLOW_LINKS)
                .equals(0);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    private void init(boolean first) throws IOException {
        if (first) {
            asServer("initdb -D " + directory + "/data -A trust -U postgres -N -E UTF8 --locale=C.UTF-8");
            asServer("sh -c 'printf \"local all all trust\\nhost all all 127.0.0.1/32 scram-sha-256\\n\" > " + directory
                    + "/data/pg_hba.conf'");
        }
        startServer();
    }

    public void startServer() throws IOException {
        asServer("pg_ctl -D " + directory + "/data -l " + directory + "/log -w -t 60 -o '-p " + port + " -k "
                + directory + " -c listen_addresses=127.0.0.1 -c fsync=off' start");
    }

    public void stopServer() throws IOException {
        asServer("pg_ctl -D " + directory + "/data -m immediate -w -t 60 stop");
    }

    private void asServer(String command) throws IOException {
        String line = command.startsWith("sh ") ? command : programs + "/" + command;
        List<String> arguments = isRoot() ? List.of("su", "postgres", "-c", line) : List.of("sh", "-c", line);
        Process process = new ProcessBuilder(arguments)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            if (!process.waitFor(90, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("did not end: " + line);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            throw new IOException(e);
        }
        if (process.exitValue() != 0) {
            throw new IOException("exit code " + process.exitValue() + " of " + line);
        }
    }

    public Path programs() {
        return programs;
    }

    public Path directory() {
        return directory;
    }

    public int port() {
        return port;
    }

    /** Returns settings of a database, for the roles {@code backup} and {@code restorer} of {@link #createRoles}. */
    public DatabaseSettings settings(String database, String... rows) {
        return settings(database, "backup", "restorer", Optional.empty(), rows);
    }

    public DatabaseSettings settings(
            String database,
            @Nullable String user,
            @Nullable String restoreUser,
            Optional<String> appliedQuery,
            String... rows) {
        return new DatabaseSettings(
                database,
                directory.toString(),
                port,
                user,
                restoreUser,
                Optional.empty(),
                "postgres",
                appliedQuery,
                List.of(rows),
                true,
                programs);
    }

    /** Returns the client of the superuser. */
    PostgresClient superuser() throws IOException {
        return PostgresClient.forBackup(settings("postgres", "postgres", null, Optional.empty()));
    }

    /** Runs SQL as the superuser, and returns what it printed: unaligned, without headers. */
    public String sql(String database, String sql) throws IOException {
        Process process = new ProcessBuilder(
                        programs + "/psql",
                        "-XqAt",
                        "-v",
                        "ON_ERROR_STOP=1",
                        "-h",
                        directory.toString(),
                        "-p",
                        String.valueOf(port),
                        "-U",
                        "postgres",
                        "-d",
                        Sql.connection(database))
                .redirectErrorStream(true)
                .start();
        try (OutputStream in = process.getOutputStream()) {
            in.write(sql.getBytes(StandardCharsets.UTF_8));
        }
        String text;
        try (InputStream out = process.getInputStream()) {
            text = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
        }
        try {
            assertThat(process.waitFor()).as(text).isZero();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        return text;
    }

    /** Waits, in the server, until a condition holds. */
    public void await(String database, String condition) throws IOException {
        for (int i = 0; i < 600; i++) {
            if (sql(database, "SELECT " + condition + " FROM (SELECT pg_sleep(0.05)) s")
                    .equals("t")) {
                return;
            }
        }
        throw new AssertionError("did not come true: " + condition);
    }

    public List<String> databases() throws IOException {
        return sql("postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1")
                .lines()
                .toList();
    }

    /** Creates the roles of an engine: owner, reader, and the two of a backup with no more rights than they need. */
    public void createRoles() throws IOException {
        sql("postgres", """
                CREATE ROLE veloz LOGIN;
                CREATE ROLE reporting;
                CREATE ROLE backup LOGIN;
                GRANT pg_read_all_data TO backup;
                ALTER ROLE backup SET statement_timeout = '7s';
                CREATE ROLE restorer LOGIN CREATEDB;
                GRANT veloz, pg_signal_backend TO restorer;""");
    }

    /** Creates an engine's database with accounts, and properties that a plain restore loses. */
    public void createDatabase(String name, int accounts) throws IOException {
        String quoted = Sql.identifier(name);
        sql(
                "postgres",
                "CREATE DATABASE " + quoted + " TEMPLATE template0 OWNER veloz LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'");
        sql(
                "postgres",
                "ALTER DATABASE " + quoted + " SET statement_timeout = '7s';"
                        + "ALTER DATABASE " + quoted + " SET search_path = \"$user\", public, \"a, b\";"
                        + "ALTER DATABASE " + quoted + " CONNECTION LIMIT 40;"
                        + "REVOKE TEMPORARY ON DATABASE " + quoted + " FROM PUBLIC;"
                        + "GRANT CONNECT ON DATABASE " + quoted + " TO reporting WITH GRANT OPTION;"
                        + "COMMENT ON DATABASE " + quoted + " IS 'orders of the engine, 100 %';");
        sql(name, """
                SET ROLE veloz;
                CREATE EXTENSION pgcrypto;
                CREATE TABLE public.accounts (id int PRIMARY KEY, name text NOT NULL, balance numeric);
                CREATE TABLE public.veloz_wal_applied (sequence bigint NOT NULL);
                INSERT INTO public.veloz_wal_applied VALUES (41);
                GRANT SELECT ON public.accounts TO reporting;
                INSERT INTO public.accounts SELECT i, md5(i::text) || E'\\n"\\\\|' || chr(228), i * 1.25
                    FROM generate_series(1, COUNT) i;
                """.replace("COUNT", String.valueOf(accounts)));
    }

    /** Returns a digest of the accounts. */
    public String accounts(String database) throws IOException {
        return sql(
                database, "SELECT count(*) || ' ' || md5(string_agg(a::text, '|' ORDER BY id)) FROM public.accounts a");
    }

    /** Drops every database but {@code postgres}. */
    public void dropDatabases() throws IOException {
        List<String> drops = new ArrayList<>();
        for (String name : databases()) {
            if (!name.equals("postgres")) {
                drops.add("DROP DATABASE " + Sql.identifier(name) + " WITH (FORCE);");
            }
        }
        sql("postgres", String.join("\n", drops));
    }

    private void stop() {
        try {
            if (Files.exists(directory.resolve("data/postmaster.pid"))) {
                stopServer();
            }
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new AssertionError("could not end the server in " + directory, e);
        }
    }

    @Override
    public void close() {
        if (Files.exists(directory)) {
            stop();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The JVM ends, and the hook runs.
            return;
        }
    }
}
