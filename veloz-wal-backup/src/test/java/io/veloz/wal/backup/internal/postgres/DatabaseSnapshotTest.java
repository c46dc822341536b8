package io.veloz.wal.backup.internal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class DatabaseSnapshotTest {
    private static final String APPLIED = "SELECT sequence FROM veloz_wal_applied -- the low-water mark";
    private static PostgresServer server;

    @BeforeAll
    static void start() throws IOException {
        server = PostgresServer.start();
        server.createRoles();
    }

    @AfterAll
    static void end() {
        if (server != null) {
            server.close();
        }
    }

    @AfterEach
    void drop() throws IOException {
        server.dropDatabases();
    }

    @Test
    void factsAreThoseOfTheSnapshot() throws IOException {
        server.createDatabase("veloz", 100);
        server.sql("postgres", "ALTER ROLE reporting IN DATABASE veloz SET work_mem = '8MB'");
        DatabaseSettings settings = server.settings("veloz", "backup", null, Optional.of(APPLIED), "public.accounts");
        try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(settings)) {
            server.sql("veloz", "DELETE FROM accounts WHERE id > 50; UPDATE veloz_wal_applied SET sequence = 42");
            DatabaseFacts facts = snapshot.facts();
            assertThat(facts.rows()).isEqualTo(Map.of("public.accounts", 100L));
            assertThat(facts.applied()).hasValue(41);
            assertThat(facts.owner()).isEqualTo("veloz");
            assertThat(facts.encoding()).isEqualTo("UTF8");
            assertThat(facts.collate()).isEqualTo("C");
            assertThat(facts.ctype()).isEqualTo("C.UTF-8");
            assertThat(facts.connectionLimit()).isEqualTo(40);
            assertThat(facts.settings())
                    .containsExactly("ROLE \"reporting\" work_mem", "search_path", "statement_timeout");
            assertThat(snapshot.properties())
                    .isEqualTo(new PrivateProperties(
                            "orders of the engine, 100 %",
                            List.of(
                                    "ROLE \"reporting\" work_mem=8MB",
                                    "search_path=\"$user\", public, \"a, b\"",
                                    "statement_timeout=7s")));
            assertThat(facts.acl()).isEqualTo("{=c/veloz,reporting=c*/veloz,veloz=CTc/veloz}");
            assertThat(facts.roles()).containsExactly("reporting", "veloz");
            assertThat(facts.extensions()).contains("pgcrypto 1.3", "plpgsql 1.0");
            assertThat(facts.lsn()).matches("[0-9A-F]+/[0-9A-F]+");
            assertThat(facts.system()).matches("\\d{15,}");
            assertThat(facts.serverVersion()).isEqualTo(facts.dumpVersion());
        }
    }

    /** PostgreSQL does not record what depends on this role, and the server of a drill does not have it. */
    @Test
    void superuserThatOwnsATableIsANeededRole() throws IOException {
        server.createDatabase("veloz", 1);
        server.sql("veloz", "CREATE TABLE owned_by_the_superuser (id int)");
        String superuser = server.sql("veloz", "SELECT pg_get_userbyid(10)").strip();
        try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(server.settings("veloz"))) {
            assertThat(snapshot.facts().roles()).contains(superuser, "veloz");
        }
    }

    @Test
    void dumpHasTheRowsOfTheSnapshotAndItsFormat() throws IOException {
        server.createDatabase("veloz", 100);
        try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(server.settings("veloz"))) {
            server.sql("veloz", "TRUNCATE veloz_wal_applied; DELETE FROM accounts WHERE id > 50");
            ByteArrayOutputStream dump = new ByteArrayOutputStream();
            snapshot.dump(dump);
            assertThat(snapshot.facts().dumpFormat()).startsWith("1.1");
            assertThat(new String(dump.toByteArray(), 0, 5, StandardCharsets.US_ASCII))
                    .isEqualTo("PGDMP");
        }
    }

    @Test
    void sessionKeepsTheSnapshotThoughTheRoleHasShortTimeouts() throws IOException {
        server.createDatabase("veloz", 1);
        server.sql(
                "postgres",
                "CREATE ROLE hasty LOGIN; GRANT pg_read_all_data TO hasty;"
                        + "ALTER ROLE hasty SET statement_timeout = '300ms';"
                        + "ALTER ROLE hasty SET idle_in_transaction_session_timeout = '300ms'");
        Optional<String> slow = Optional.of("SELECT 7 FROM pg_sleep(0.7);");
        try (DatabaseSnapshot snapshot =
                DatabaseSnapshot.export(server.settings("veloz", "hasty", null, slow, "public.accounts"))) {
            assertThat(snapshot.facts().applied()).hasValue(7);
            server.sql("postgres", "SELECT pg_sleep(0.7)");
            snapshot.dump(OutputStream.nullOutputStream());
        } finally {
            server.sql("postgres", "DROP ROLE hasty");
        }
    }

    @Test
    void unknownSnapshotIsAFailureAndNeverADumpWithoutOne() throws IOException {
        server.createDatabase("veloz", 1);
        try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(server.settings("veloz"))) {
            assertThatThrownBy(() -> snapshot.dump(
                            OutputStream.nullOutputStream(), "00000099-00000099-1", Duration.ofSeconds(30)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("pg_dump failed with exit code 1")
                    .hasMessageContaining("snapshot")
                    .hasMessageContaining("what it wrote is not a dump");
        }
    }

    @Test
    void closedSnapshotCannotBeDumped() throws IOException {
        server.createDatabase("veloz", 1);
        DatabaseSnapshot snapshot = DatabaseSnapshot.export(server.settings("veloz"));
        snapshot.close();
        server.await(
                "postgres", "NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'veloz-wal-backup')");
        assertThatThrownBy(() -> snapshot.dump(OutputStream.nullOutputStream())).isInstanceOf(IOException.class);
    }

    @Test
    void tableThatStaysLockedIsAFailure() throws IOException {
        server.createDatabase("veloz", 1);
        try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(server.settings("veloz"));
                PsqlSession other = PsqlSession.open(server.superuser(), "veloz")) {
            other.run("BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE");
            assertThatThrownBy(
                            () -> snapshot.dump(OutputStream.nullOutputStream(), snapshot.id(), Duration.ofMillis(300)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("timeout");
        }
    }

    @Test
    void dumpWhoseSessionIsEndedWhileItWaitsIsAFailure() throws Exception {
        server.createDatabase("veloz", 1);
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(server.settings("veloz"));
                PsqlSession other = PsqlSession.open(server.superuser(), "veloz")) {
            other.run("BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE");
            CompletableFuture<Void> dump = CompletableFuture.runAsync(
                    () -> assertThatThrownBy(() -> snapshot.dump(OutputStream.nullOutputStream()))
                            .isInstanceOf(IOException.class)
                            .hasMessageContaining("pg_dump failed with exit code 1"),
                    executor);
            server.await("postgres", "EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')");
            server.sql(
                    "postgres",
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
            dump.get(60, TimeUnit.SECONDS);
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void dumpWhoseSessionIsEndedWhileItStreamsIsAFailure() throws IOException {
        server.createDatabase("veloz", 100_000);
        try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(server.settings("veloz"))) {
            OutputStream killing = new OutputStream() {
                private boolean killed;

                @Override
                public void write(int b) {
                    throw new AssertionError("only whole buffers are written");
                }

                @Override
                public void write(byte[] bytes, int from, int length) throws IOException {
                    if (!killed && length > DumpHeader.BYTES) {
                        killed = true;
                        server.await(
                                "postgres",
                                "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'COPY public.accounts%')");
                        assertThat(server.sql(
                                        "postgres",
                                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                                + " WHERE query LIKE 'COPY public.accounts%'"))
                                .isEqualTo("t");
                    }
                }
            };
            assertThatThrownBy(() -> snapshot.dump(killing))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("pg_dump failed with exit code 1");
        }
    }

    @Test
    void failureOfTheStreamEndsTheDumpAndIsReported() throws IOException {
        server.createDatabase("veloz", 100_000);
        IOException full = new IOException("the store is away");
        try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(server.settings("veloz"))) {
            OutputStream failing = new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    throw full;
                }
            };
            assertThatThrownBy(() -> snapshot.dump(failing)).isSameAs(full);
            server.await(
                    "postgres",
                    "(SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'veloz-wal-backup')");
        }
    }

    @Test
    void tableThatTheRoleMayNotReadIsRefusedByName() throws IOException {
        server.createDatabase("veloz", 1);
        server.sql("postgres", "CREATE ROLE stranger LOGIN");
        try {
            assertThatThrownBy(
                            () -> DatabaseSnapshot.export(server.settings("veloz", "stranger", null, Optional.empty())))
                    .isInstanceOfSatisfying(
                            BackupRefusedException.class,
                            e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.POSTGRES_RIGHTS))
                    .hasMessageContaining("public.accounts, public.veloz_wal_applied")
                    .hasMessageContaining("pg_read_all_data");
        } finally {
            server.sql("postgres", "DROP ROLE stranger");
        }
    }

    @Test
    void rowLevelSecurityThatWouldFilterRowsIsRefused() throws IOException {
        server.createDatabase("veloz", 1);
        server.sql("veloz", "ALTER TABLE accounts ENABLE ROW LEVEL SECURITY");
        assertThatThrownBy(() -> DatabaseSnapshot.export(server.settings("veloz")))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.POSTGRES_RIGHTS))
                .hasMessageContaining("public.accounts")
                .hasMessageContaining("BYPASSRLS");
        server.sql("postgres", "ALTER ROLE backup BYPASSRLS");
        try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(server.settings("veloz"))) {
            snapshot.dump(OutputStream.nullOutputStream());
        } finally {
            server.sql("postgres", "ALTER ROLE backup NOBYPASSRLS");
        }
    }

    @Test
    void settingsThatNameWhatDoesNotExistAreRefused() throws IOException {
        server.createDatabase("veloz", 1);
        assertUnusable(server.settings("veloz", "public.orders"), "rows of public.orders (database.rows)");
        assertUnusable(server.settings("veloz", "orders"), "expected a table as schema.table");
        assertUnusable(server.settings("nowhere"), "database \"nowhere\" does not exist");
    }

    @Test
    void appliedQueryMustReturnOneNumber() throws IOException {
        server.createDatabase("veloz", 1);
        assertApplied("SELECT max(sequence) FROM veloz_wal_applied WHERE false", "NULL");
        assertApplied("SELECT 'x'", "expected a Long");
        assertApplied("SELECT 1, 2 AS b", "2 columns");
        assertApplied("SELECT sequence FROM veloz_wal_applied WHERE false", "0 rows");
        assertApplied("SELECT sequence FROM nowhere", "\"nowhere\" does not exist");
        assertApplied("SELECT 1 \\! touch /tmp/x", "backslash");
        assertApplied("SELEC 1", "syntax error");
    }

    private static void assertApplied(String query, String message) {
        assertUnusable(server.settings("veloz", "backup", null, Optional.of(query)), message);
    }

    private static void assertUnusable(DatabaseSettings settings, String message) {
        assertThatThrownBy(() -> DatabaseSnapshot.export(settings))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.SOURCE_UNUSABLE))
                .hasMessageContaining(message);
    }

    @Test
    void serverThatIsDownIsAnIoExceptionToTryAgain() throws IOException {
        server.stopServer();
        try {
            assertThatThrownBy(() -> DatabaseSnapshot.export(server.settings("postgres")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("PostgreSQL at " + server.directory() + ":" + server.port() + " as backup");
        } finally {
            server.startServer();
        }
    }

    @Test
    void unchangedRolesGiveEqualBytes() throws IOException {
        server.createDatabase("veloz", 1);
        ByteArrayOutputStream first = new ByteArrayOutputStream();
        ByteArrayOutputStream second = new ByteArrayOutputStream();
        try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(server.settings("veloz"))) {
            snapshot.roles(first);
            snapshot.roles(second);
        }
        assertThat(first.toString(StandardCharsets.UTF_8))
                .isEqualTo(second.toString(StandardCharsets.UTF_8))
                .contains("CREATE ROLE veloz;")
                .doesNotContain("restrict")
                .doesNotContain("PASSWORD");
    }
}
