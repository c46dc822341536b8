package io.veloz.wal.backup.internal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PostgresClientTest {
    private static final String MARKER = "marker-7Qx-password";
    private static PostgresServer server;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() throws IOException {
        server = PostgresServer.start();
        server.createRoles();
        server.createDatabase("veloz", 10_000);
        server.sql("postgres", "ALTER ROLE backup PASSWORD '" + MARKER + "'");
    }

    @AfterAll
    static void end() {
        if (server != null) {
            server.close();
        }
    }

    private Path passwordFile(String password, String mode) throws IOException {
        Path file = directory.resolve("pgpass");
        Files.writeString(file, "*:*:*:*:" + password + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        return file;
    }

    private static DatabaseSettings byPassword(Path file, @Nullable Path programs) {
        return new DatabaseSettings(
                "veloz",
                "127.0.0.1",
                server.port(),
                "backup",
                null,
                Optional.of(file),
                "postgres",
                Optional.empty(),
                List.of(),
                true,
                programs);
    }

    private static void assertReason(BackupRefusedException.Reason reason, ThrowingCallable call, String... messages) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContainingAll(messages)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain(MARKER));
    }

    @Test
    void passwordFileIsUsed() throws IOException {
        try (DatabaseSnapshot snapshot =
                DatabaseSnapshot.export(byPassword(passwordFile(MARKER, "rw-------"), server.programs()))) {
            snapshot.dump(OutputStream.nullOutputStream());
            snapshot.roles(OutputStream.nullOutputStream());
        }
    }

    @Test
    void wrongPasswordIsARefusalThatDoesNotRepeatIt() throws IOException {
        DatabaseSettings settings = byPassword(passwordFile(MARKER + "-wrong", "rw-------"), server.programs());
        assertReason(
                BackupRefusedException.Reason.POSTGRES_RIGHTS,
                () -> DatabaseSnapshot.export(settings),
                "password authentication failed for user \"backup\"");
    }

    @Test
    void passwordFileThatOthersCanReadIsRefused() throws IOException {
        DatabaseSettings settings = byPassword(passwordFile(MARKER, "rw-r-----"), server.programs());
        assertReason(
                BackupRefusedException.Reason.POSTGRES_RIGHTS,
                () -> DatabaseSnapshot.export(settings),
                "is open to group or others; expected mode 0600: chmod 600");
    }

    @Test
    void passwordFileThatDoesNotExistIsRefused() {
        assertReason(
                BackupRefusedException.Reason.POSTGRES_RIGHTS,
                () -> DatabaseSnapshot.export(byPassword(directory.resolve("nowhere"), server.programs())),
                "the password file " + directory.resolve("nowhere") + " cannot be read");
    }

    @Test
    void passwordInTheEnvironmentIsAFindingAndReachesNoProgram() throws IOException {
        Map<String, String> own = Map.of(
                "PGPASSWORD", MARKER, "AWS_SECRET_ACCESS_KEY", MARKER, "PATH", "/usr/bin:/bin", "PGSSLMODE", "prefer");
        DatabaseSettings settings = byPassword(passwordFile(MARKER, "rw-------"), server.programs());
        PostgresClient client = PostgresClient.of(settings, "backup", own);
        assertThat(client.findings())
                .singleElement()
                .asString()
                .contains("PGPASSWORD")
                .doesNotContain(MARKER);
        try (PsqlSession session = PsqlSession.open(client, "veloz")) {
            session.run("SELECT 1");
            assertNoMarker(session.pid());
        }
        try (ChildProcess dump = client.connect(Duration.ofMinutes(1), "pg_dump", "veloz", List.of("-Fc"))) {
            assertThat(dump.out().readNBytes(5)).isEqualTo("PGDMP".getBytes(StandardCharsets.US_ASCII));
            // More output than a pipe takes: it still runs.
            assertNoMarker(dump.pid());
        }
    }

    private static void assertNoMarker(long pid) throws IOException {
        String environment = Files.readString(Path.of("/proc/" + pid + "/environ"), StandardCharsets.ISO_8859_1);
        String command = Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1);
        assertThat(environment).contains("PGPASSFILE=", "PGSSLMODE=prefer").doesNotContain(MARKER, "PGPASSWORD");
        assertThat(command).contains("dbname='veloz'").doesNotContain(MARKER);
    }

    /** A listener that no program may connect to. */
    private static boolean isReached(ServerSocket other) throws IOException {
        other.setSoTimeout(1);
        try {
            other.accept().close();
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    @Test
    void environmentDoesNotRedirectTheConnectionOfTheProfile() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            String port = String.valueOf(other.getLocalPort());
            Path services = Files.writeString(
                    directory.resolve("pg_service.conf"),
                    "[elsewhere]\nhostaddr=127.0.0.1\nhost=127.0.0.1\nport=" + port
                            + "\nuser=postgres\ndbname=postgres\nconnect_timeout=2\n");
            Map<String, String> own = new HashMap<>(Map.of(
                    "PATH", "/usr/bin:/bin",
                    "PGSERVICE", "elsewhere",
                    "PGSERVICEFILE", services.toString(),
                    "PGSYSCONFDIR", directory.toString(),
                    "PGHOST", "127.0.0.1",
                    "PGHOSTADDR", "127.0.0.1",
                    "PGPORT", port,
                    "PGUSER", "nobody",
                    "PGDATABASE", "postgres",
                    "PGOPTIONS", "-c search_path=elsewhere"));
            own.put("PGTARGETSESSIONATTRS", "read-only");
            DatabaseSettings settings = server.settings("veloz", "postgres", null, Optional.empty());
            PostgresClient client = PostgresClient.of(settings, "postgres", own);
            try (PsqlSession session = PsqlSession.open(client, "veloz")) {
                assertThat(session.row("SELECT current_setting('port')::int AS port, current_user::text AS role,"
                                        + " current_database()::text AS name, current_setting('search_path') AS path")
                                .fields())
                        .containsEntry("port", (long) server.port())
                        .containsEntry("role", "postgres")
                        .containsEntry("name", "veloz")
                        .doesNotContainEntry("path", "elsewhere");
            }
            try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(client)) {
                snapshot.dump(OutputStream.nullOutputStream());
                snapshot.roles(OutputStream.nullOutputStream());
            }
            assertThat(isReached(other)).isFalse();
            assertThat(client.findings()).isEmpty();
        }
    }

    @Test
    void serverOfTheEnvironmentIsAFindingIfTheProfileNamesNone() throws IOException {
        DatabaseSettings settings = new DatabaseSettings(
                "veloz", null, 0, null, null, Optional.empty(), "postgres", Optional.empty(), List.of(), true, null);
        PostgresClient client =
                PostgresClient.of(settings, null, Map.of("PGSERVICE", "elsewhere", "PGPORT", "1", "PGUSER", "x"));
        assertThat(client.findings())
                .containsExactly(
                        "PGPORT is set in the environment, and is not used: the profile alone selects the server; set"
                                + " database.port",
                        "PGSERVICE is set in the environment, and is not used: the profile alone selects the server; set"
                                + " database.host",
                        "PGUSER is set in the environment, and is not used: the profile alone selects the server; set"
                                + " database.user");
    }

    @Test
    void closedSessionLeavesNoProcess() throws IOException {
        PsqlSession session = PsqlSession.open(server.superuser(), "veloz");
        long pid = session.pid();
        assertThat(ProcessHandle.of(pid)).isPresent();
        session.close();
        assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
        assertThatThrownBy(() -> session.run("SELECT 1")).isInstanceOf(IOException.class);
    }

    @Test
    void missingProgramIsARefusalThatNamesThePackage() throws IOException {
        DatabaseSettings settings = byPassword(passwordFile(MARKER, "rw-------"), directory);
        assertReason(
                BackupRefusedException.Reason.POSTGRES_VERSION,
                () -> DatabaseSnapshot.export(settings),
                "pg_dump is not in " + directory,
                "install the Debian package postgresql-client");
    }

    @Test
    void clientThatIsOlderThanTheServerIsRefusedBeforeItDumps() throws IOException {
        for (String program : List.of("psql", "pg_dumpall")) {
            Files.createSymbolicLink(
                    directory.resolve(program), server.programs().resolve(program));
        }
        Path old = directory.resolve("pg_dump");
        Files.writeString(
                old,
                "#!/bin/sh\n[ \"$1\" = --version ] || touch " + directory + "/ran\n"
                        + "echo 'pg_dump (PostgreSQL) 9.6.24'\n");
        Files.setPosixFilePermissions(old, PosixFilePermissions.fromString("rwx------"));
        DatabaseSettings settings = byPassword(passwordFile(MARKER, "rw-------"), directory);
        assertReason(
                BackupRefusedException.Reason.POSTGRES_VERSION,
                () -> DatabaseSnapshot.export(settings),
                "pg_dump has version 9.6, but PostgreSQL at 127.0.0.1",
                "install the Debian package postgresql-client-");
        assertThat(directory.resolve("ran")).doesNotExist();
    }

    @Test
    void answerThatLooksLikeAnotherRowOrTheEndIsOneValue() throws IOException {
        try (PsqlSession session = PsqlSession.open(server.superuser(), "veloz")) {
            String tricky = "a\n\\echo end\n{\"v\":1}\r\t\u001f|'\"\\ ü 注";
            assertThat(session.row("SELECT " + Sql.literal(tricky) + " AS v").text("v"))
                    .isEqualTo(tricky);
            assertThat(session.query("SELECT i AS v FROM generate_series(1, 3000) i"))
                    .hasSize(3_000);
        }
    }

    @Test
    void statementThatNeverEndsItsQuoteTimesOut() throws IOException {
        try (PsqlSession session = PsqlSession.open(server.superuser(), "veloz")) {
            assertThatThrownBy(() -> session.query("SELECT 'x", Duration.ofMillis(500)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("did not answer within");
        }
    }

    @Test
    void programThatRunsLongerThanItsLimitIsEnded() throws IOException {
        PostgresClient client = server.superuser();
        try (ChildProcess child =
                client.connect(Duration.ofMillis(300), "psql", "veloz", List.of("-c", "SELECT pg_sleep(60)"))) {
            child.in().close();
            child.out().readAllBytes();
            int code = child.waitFor();
            assertThat(code).isNotZero();
            assertThat(child.failure(code)).contains("it ran longer than").doesNotContain("pg_sleep");
        }
    }

    @Test
    void errorTextKeepsMessagesAndDropsStatementsValuesAndPasswords() {
        ErrorText errors = new ErrorText();
        errors.add("ERROR:  22P02: invalid input syntax for type integer: \"4111-1111\"");
        errors.add("LINE 1: INSERT INTO cards VALUES ('4111-1111')");
        errors.add("CONTEXT:  COPY cards, line 1, column number: \"4111-1111\"");
        errors.add("pg_restore: error: connection to postgres://u:s3cret@h failed, password=s3cret");
        errors.add("Command was: ALTER ROLE x PASSWORD 's3cret'");
        assertThat(errors.state()).isEqualTo("22P02");
        assertThat(errors.text())
                .isEqualTo(
                        "ERROR:  22P02: invalid input syntax for type integer: \"...\"; pg_restore: error: connection to"
                                + " postgres://u:...@h failed, password=...");
        for (int i = 0; i < 1_000; i++) {
            errors.add("pg_dump: error: " + "x".repeat(10_000));
        }
        assertThat(errors.text().length()).isLessThan(6_000);
    }
}
