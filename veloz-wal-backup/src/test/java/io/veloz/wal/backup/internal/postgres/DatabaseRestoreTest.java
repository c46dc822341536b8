package io.veloz.wal.backup.internal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.Cuts;
import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(240)
class DatabaseRestoreTest {
    private static final String APPLIED = "SELECT sequence FROM public.veloz_wal_applied";
    private static PostgresServer server;

    @TempDir
    Path directory;

    private DatabaseFacts facts;
    private PrivateProperties properties;
    private byte[] dump;
    private byte[] roles;

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

    private static DatabaseSettings settings(String name) {
        return server.settings(name, "backup", "restorer", Optional.of(APPLIED), "public.accounts");
    }

    private void backUp(String name, int accounts) throws IOException {
        server.createDatabase(name, accounts);
        dump(settings(name));
    }

    private void dump(DatabaseSettings settings) throws IOException {
        try (DatabaseSnapshot snapshot = DatabaseSnapshot.export(settings)) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            snapshot.dump(out);
            dump = out.toByteArray();
            out.reset();
            snapshot.roles(out);
            roles = out.toByteArray();
            facts = snapshot.facts();
            properties = snapshot.properties();
        }
    }

    /** Makes a dump that has these properties after it, as a backup would have written them. */
    private void sign(PrivateProperties other, DatabaseFacts of) {
        ByteArrayOutputStream changed = new ByteArrayOutputStream();
        changed.write(dump, 0, (int) facts.dumpBytes());
        changed.writeBytes(other.toBytes(of));
        dump = changed.toByteArray();
    }

    private InputStream dumped() {
        return new ByteArrayInputStream(dump);
    }

    private static void assertReason(RecoveryException.Reason reason, ThrowingCallable call, String... messages) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason))
                .hasMessageContainingAll(messages);
    }

    @Test
    void stagedDatabaseIsEqualToTheDumpedOne() throws IOException {
        backUp("veloz", 200_000);
        String accounts = server.accounts("veloz");
        DatabaseRestore restore = new DatabaseRestore(settings("veloz"), facts, 12);
        DatabasePlan plan = restore.plan();
        assertThat(plan.liveExists()).isTrue();
        assertThat(plan.leftover()).isFalse();
        assertThat(plan.missingRoles()).isEmpty();
        assertThat(plan.names()).isEqualTo(new DatabaseNames("veloz", "veloz_recovery_12", "veloz_before_recovery_12"));
        restore.stage(dumped());
        assertThat(restore.check()).isEmpty();
        assertThat(server.accounts("veloz_recovery_12")).isEqualTo(accounts).startsWith("200000 ");
        dump(settings("veloz_recovery_12"));
        assertThat(properties.settings())
                .containsExactly("search_path=\"$user\", public, \"a, b\"", "statement_timeout=7s");
        assertThat(facts.acl()).isEqualTo("{=c/veloz,reporting=c*/veloz,veloz=CTc/veloz}");
        assertThat(facts.owner()).isEqualTo("veloz");
        assertThat(facts.connectionLimit()).isEqualTo(40);
        assertThat(DatabaseNames.original(properties.comment())).isEqualTo("orders of the engine, 100 %");
    }

    @Test
    void databaseWithAQuoteASpaceAndOtherLettersInItsNameIsDumpedStagedAndSwapped() throws IOException {
        String name = "it's \"größe\" \\ 注文";
        backUp(name, 10);
        DatabaseRestore restore = new DatabaseRestore(settings(name), facts, 3);
        restore.plan();
        restore.stage(dumped());
        restore.check();
        DatabaseSwap swap = new DatabaseSwap(
                settings(name), restore.names(), DatabaseSwap.oids(settings(name), restore.names(), restore.staged()));
        swap.swap();
        assertThat(server.databases()).containsExactlyInAnyOrder("postgres", name, name + "_before_recovery_3");
        assertThat(server.accounts(name)).startsWith("10 ");
        swap.dropKept();
        assertThat(server.databases()).containsExactlyInAnyOrder("postgres", name);
    }

    @Test
    void longNameGetsStagingThatPostgresDoesNotCutToTheLiveName() {
        String name = "ä".repeat(31);
        DatabaseNames names = DatabaseNames.of(server.settings(name), 12);
        assertThat(names.staged()).endsWith("_recovery_12").isNotEqualTo(names.kept());
        assertThat(names.staged().getBytes(StandardCharsets.UTF_8).length).isLessThanOrEqualTo(63);
        assertThat(names.kept().getBytes(StandardCharsets.UTF_8).length).isLessThanOrEqualTo(63);
        assertThat(DatabaseNames.of(server.settings("ä".repeat(30) + "öx"), 12).staged())
                .isNotEqualTo(names.staged());
    }

    @Test
    void gateNamesEachDifferenceWithExpectedAndGot() throws IOException {
        backUp("veloz", 10);
        DatabaseRestore restore = new DatabaseRestore(settings("veloz"), facts, 12);
        restore.stage(dumped());
        server.sql(
                "veloz_recovery_12",
                "DELETE FROM public.accounts WHERE id = 1; DROP EXTENSION pgcrypto;"
                        + "UPDATE public.veloz_wal_applied SET sequence = 40");
        server.sql(
                "postgres",
                "ALTER DATABASE veloz_recovery_12 RESET statement_timeout;"
                        + "REVOKE CONNECT ON DATABASE veloz_recovery_12 FROM reporting;"
                        + "ALTER DATABASE veloz_recovery_12 CONNECTION LIMIT 5;"
                        + "COMMENT ON DATABASE veloz_recovery_12 IS 'other'");
        assertReason(
                RecoveryException.Reason.GATE,
                restore::check,
                "rows of public.accounts: expected 10, got 9",
                "extensions: expected [pgcrypto, plpgsql], got [plpgsql]",
                "settings: expected [search_path, statement_timeout], got [search_path]",
                "privileges: expected {=c/veloz,reporting=c*/veloz,veloz=CTc/veloz}, got {=c/veloz,veloz=CTc/veloz}",
                "connection limit: expected 40, got 5",
                "the comment differs",
                "applied sequence: expected OptionalLong[41], got OptionalLong[40]");
    }

    @Test
    void gateFindsAnotherOwnerAndARoleThatWasLost() throws IOException {
        backUp("veloz", 1);
        DatabaseRestore restore = new DatabaseRestore(settings("veloz"), facts, 12);
        restore.stage(dumped());
        server.sql(
                "veloz_recovery_12",
                "ALTER DATABASE veloz_recovery_12 OWNER TO postgres;"
                        + "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM reporting");
        DatabaseFacts other =
                facts.toBuilder().roles(List.of("reporting", "veloz", "zorro")).build();
        assertReason(
                RecoveryException.Reason.GATE,
                () -> new DatabaseRestore(server.settings("veloz", null, "postgres", Optional.empty()), other, 12)
                        .check(properties),
                "owner: expected veloz, got postgres",
                "roles: expected [reporting, veloz, zorro], got [");
    }

    @Test
    void cutDumpIsRefusedAndLeavesAMarkedEmptyDatabaseAndTheLiveOneUntouched() throws IOException {
        backUp("veloz", 20_000);
        String live = server.accounts("veloz");
        DatabaseRestore restore = new DatabaseRestore(settings("veloz"), facts, 12);
        int whole = (int) facts.dumpBytes();
        for (int length : new int[] {whole / 2, whole - 1, 2_000, 7}) {
            assertReason(
                    RecoveryException.Reason.DAMAGED,
                    () -> restore.stage(new ByteArrayInputStream(dump, 0, length)),
                    "pg_restore failed with exit code 1",
                    "nothing was restored");
            assertThat(server.sql("veloz_recovery_12", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
                    .isEqualTo("0");
        }
        assertThat(server.accounts("veloz")).isEqualTo(live);
        assertThat(restore.plan().leftover()).isTrue();
        restore.stage(dumped());
        restore.check();
    }

    private static void dropStaged(DatabaseRestore restore) throws IOException {
        StagedDatabases.drop(bySuperuser(), List.of(restore.staged()));
    }

    private void assertForged(DatabaseFacts.Builder forged, String... messages) throws IOException {
        String live = server.accounts("veloz");
        String[] before = server.databases().toArray(String[]::new);
        DatabaseRestore restore = new DatabaseRestore(bySuperuser(), forged.build(), 12);
        assertReason(RecoveryException.Reason.DAMAGED, () -> restore.stage(dumped()), messages);
        assertThatThrownBy(restore::check).hasMessageContaining("nothing was staged");
        assertThat(server.accounts("veloz")).isEqualTo(live);
        if (server.databases().contains("veloz_recovery_12")) {
            assertThat(server.sql("veloz_recovery_12", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
                    .isEqualTo("0");
            dropStaged(restore);
        }
        assertThat(server.databases()).containsExactly(before);
    }

    /** A point is not signed: its writer could give the live database to another role. */
    @Test
    void pointWithOtherFactsThanItsSignedAttachmentIsRefusedBeforeAnythingIsRestored() throws IOException {
        backUp("veloz", 1_000);
        assertForged(
                facts.toBuilder().owner("reporting"),
                "the recovery point has the fact owner = \"reporting\"; the signed attachment has \"veloz\"");
        assertForged(facts.toBuilder().acl("{reporting=CTc/veloz}"), "the fact acl = \"{reporting=CTc/veloz}\"");
        assertForged(
                facts.toBuilder().applied(OptionalLong.of(7)),
                "the fact applied = \"7\"; the signed attachment has \"41\"");
        assertForged(facts.toBuilder().applied(OptionalLong.empty()), "the fact applied = none");
        assertForged(facts.toBuilder().connectionLimit(-1), "the fact connectionLimit = \"-1\"");
        assertForged(facts.toBuilder().rows(Map.of()), "the fact rows of public.accounts = none");
        assertForged(facts.toBuilder().roles(List.of("veloz")), "the fact roles 0");
        assertForged(facts.toBuilder().owner("reporting").dumpBytes(facts.dumpBytes() - 1), "after the dump");
        assertForged(facts.toBuilder().owner("reporting").dumpBytes(dump.length + 1L), "after the dump");
        assertForged(facts.toBuilder().owner("reporting").dumpBytes(dump.length), "after the dump");
    }

    private static final String SECRET = "marker-secret-4711";

    private void backUpWithSecrets() throws IOException {
        server.createDatabase("veloz", 10);
        server.sql("postgres", "ALTER DATABASE veloz SET app.api_key = '" + SECRET + "'");
        server.sql("postgres", "COMMENT ON DATABASE veloz IS 'password: " + SECRET + "'");
        dump(settings("veloz"));
    }

    /** Settings of an application that the server does not know need a superuser, or a grant. */
    private static DatabaseSettings bySuperuser() {
        return server.settings("veloz", "backup", "postgres", Optional.of(APPLIED), "public.accounts");
    }

    @Test
    void valuesOfSettingsAndTheCommentAreRestoredThoughThePointHasThemNot() throws IOException {
        backUpWithSecrets();
        assertThat(facts.settings()).contains("app.api_key");
        assertThat(properties.toString()).doesNotContain(SECRET);
        DatabaseRestore refused = new DatabaseRestore(settings("veloz"), facts, 12);
        assertReason(
                RecoveryException.Reason.POSTGRES_RIGHTS,
                () -> refused.stage(dumped()),
                "the role that restores may not change the setting app.api_key of the database veloz");
        dropStaged(refused);
        DatabaseRestore restore = new DatabaseRestore(bySuperuser(), facts, 12);
        restore.stage(dumped());
        assertThat(restore.check()).isEmpty();
        new DatabaseSwap(
                        bySuperuser(),
                        restore.names(),
                        DatabaseSwap.oids(bySuperuser(), restore.names(), restore.staged()))
                .swap();
        assertThat(server.sql("veloz", "SHOW app.api_key")).isEqualTo(SECRET);
        assertThat(server.sql(
                        "postgres",
                        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'veloz'"))
                .isEqualTo("password: " + SECRET);
    }

    @Test
    void differenceOfASettingIsNamedWithoutItsValue() throws IOException {
        backUpWithSecrets();
        DatabaseRestore restore = new DatabaseRestore(bySuperuser(), facts, 12);
        restore.stage(dumped());
        server.sql("postgres", "ALTER DATABASE veloz_recovery_12 SET app.api_key = 'other'");
        assertThatThrownBy(restore::check)
                .hasMessageContaining("the value of the setting app.api_key differs")
                .hasMessageNotContaining(SECRET)
                .hasMessageNotContaining("other");
    }

    @Test
    void settingThatTheServerRefusesIsNamedWithoutItsValue() throws IOException {
        backUpWithSecrets();
        sign(new PrivateProperties("", List.of("work_mem=" + SECRET + "\n" + SECRET)), facts);
        assertThatThrownBy(() -> new DatabaseRestore(settings("veloz"), facts, 12).stage(dumped()))
                .hasMessageContaining("the server refused the setting work_mem of the database veloz")
                .satisfies(e -> {
                    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                        assertThat(cause.toString()).doesNotContain(SECRET);
                    }
                });
    }

    @Test
    void cutOrForeignPropertiesAfterTheDumpAreDamage() throws IOException {
        backUp("veloz", 1);
        byte[] whole = dump;
        int dumpBytes = (int) facts.dumpBytes();
        DatabaseRestore restore = new DatabaseRestore(settings("veloz"), facts, 12);
        for (int length : new int[] {dumpBytes, dumpBytes + 1, whole.length - 2}) {
            dump = Arrays.copyOf(whole, length);
            assertReason(RecoveryException.Reason.DAMAGED, () -> restore.stage(dumped()), "after the dump");
        }
        dump = Arrays.copyOf(whole, whole.length + 1);
        dump[whole.length] = '{';
        assertReason(RecoveryException.Reason.DAMAGED, () -> restore.stage(dumped()), "after the dump");
        String later = new String(whole, dumpBytes, whole.length - dumpBytes, StandardCharsets.UTF_8)
                .replace("\"format\":2", "\"format\":3");
        assertReason(
                RecoveryException.Reason.VERSION,
                () -> PrivateProperties.read(new ByteArrayInputStream(later.getBytes(StandardCharsets.UTF_8)), facts),
                "format 3",
                "use a newer one");
        assertThat(restore.plan().leftover()).isTrue();
    }

    @Test
    void propertiesWithoutFactsAreOfAnEarlierFormatAndNotDamaged() throws IOException {
        backUp("veloz", 1);
        byte[] earlier = "{\"format\":1,\"comment\":\"\",\"settings\":[]}\n".getBytes(StandardCharsets.UTF_8);
        assertReason(
                RecoveryException.Reason.VERSION,
                () -> PrivateProperties.read(new ByteArrayInputStream(earlier), facts),
                "format 1",
                "use the one that made the backup");
    }

    /** The attachment after decryption is given to it by hand, as the documents describe. */
    @Test
    void stockPgRestoreReadsTheDumpAndIgnoresWhatFollowsIt() throws Exception {
        backUp("veloz", 5_000);
        Path file = Files.write(directory.resolve("veloz.dump"), dump);
        for (List<String> arguments : List.of(
                List.of("--list", file.toString()),
                List.of("--file=/dev/null", file.toString()),
                List.of("--file=/dev/null"))) {
            List<String> command = new ArrayList<>();
            command.add(server.programs().resolve("pg_restore").toString());
            command.addAll(arguments);
            Process process = new ProcessBuilder(command)
                    .redirectInput(file.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("output").toFile())
                    .start();
            assertThat(process.waitFor()).as("%s", arguments).isZero();
            assertThat(directory.resolve("output")).content().doesNotContain("pg_restore: ");
        }
    }

    @Test
    void streamThatFailsLeavesNothingRestored() throws IOException {
        backUp("veloz", 20_000);
        IOException damaged = new IOException("malformed integrity protected data");
        InputStream failing =
                new SequenceInputStream(new ByteArrayInputStream(dump, 0, dump.length / 2), new InputStream() {
                    @Override
                    public int read() throws IOException {
                        throw damaged;
                    }
                });
        DatabaseRestore restore = new DatabaseRestore(settings("veloz"), facts, 12);
        assertThatThrownBy(() -> restore.stage(failing)).isSameAs(damaged);
        server.await("postgres", "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'veloz_recovery_12')");
        assertThat(server.sql("veloz_recovery_12", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
                .isEqualTo("0");
        dropStaged(restore);
        assertThat(server.databases()).containsExactly("postgres", "veloz");
    }

    @Test
    void failureAfterTheLastByteIsNotSwallowed() throws IOException {
        backUp("veloz", 1);
        IOException tampered = new IOException("signature mismatch");
        InputStream failing = new SequenceInputStream(dumped(), new InputStream() {
            @Override
            public int read() throws IOException {
                throw tampered;
            }
        });
        assertThatThrownBy(() -> new DatabaseRestore(settings("veloz"), facts, 12).stage(failing))
                .isSameAs(tampered);
    }

    @Test
    void changedBytesAreRefusedBeforeAnythingIsRestored() throws IOException {
        backUp("veloz", 1_000);
        byte[] whole = dump;
        DatabaseRestore restore = new DatabaseRestore(settings("veloz"), facts, 12);
        dump = Arrays.copyOf(whole, whole.length);
        dump[0] = 'X';
        assertReason(RecoveryException.Reason.DAMAGED, () -> restore.stage(dumped()), "does not begin with PGDMP");
        dump = Arrays.copyOf(whole, whole.length);
        dump[6] = 99;
        assertReason(RecoveryException.Reason.VERSION, () -> restore.stage(dumped()), "format 1.99", "install");
        dump = Arrays.copyOf(whole, whole.length);
        dump[(int) facts.dumpBytes() - 2_000] ^= 0x55;
        assertThatThrownBy(() -> restore.stage(dumped())).isInstanceOf(RecoveryException.class);
        assertThat(server.sql("veloz_recovery_12", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
                .isEqualTo("0");
    }

    @Test
    void foreignDatabaseUnderTheStagedOrKeptNameIsNeverDropped() throws IOException {
        backUp("veloz", 1);
        DatabaseRestore restore = new DatabaseRestore(settings("veloz"), facts, 12);
        server.sql("postgres", "CREATE DATABASE veloz_recovery_12 OWNER veloz");
        String[] refusal = {"veloz_recovery_12 exists and does not have the mark of this recovery"};
        assertReason(RecoveryException.Reason.PLACE_UNUSABLE, restore::plan, refusal);
        assertReason(RecoveryException.Reason.PLACE_UNUSABLE, () -> restore.stage(dumped()), refusal);
        dropStaged(restore);
        assertThat(server.databases()).contains("veloz_recovery_12");
        DatabaseRestore ofAnotherHost = new DatabaseRestore(settings("veloz"), facts, 12);
        server.sql(
                "postgres",
                "COMMENT ON DATABASE veloz_recovery_12 IS "
                        + Sql.literal(DatabaseNames.stagedComment(
                                ofAnotherHost.staged().token(), "")));
        assertThat(restore.plan().leftover()).isTrue();
        assertReason(RecoveryException.Reason.PLACE_UNUSABLE, () -> restore.stage(dumped()), refusal);
        dropStaged(restore);
        assertThat(server.databases()).contains("veloz_recovery_12");
        server.sql("postgres", "ALTER DATABASE veloz_recovery_12 RENAME TO veloz_before_recovery_12");
        assertReason(RecoveryException.Reason.PLACE_UNUSABLE, restore::plan, "veloz_before_recovery_12 exists");
        assertThat(server.databases()).containsExactly("postgres", "veloz", "veloz_before_recovery_12");
    }

    @Test
    void stagingCutAtEachStatementIsRepeated() throws IOException {
        backUp("veloz", 10);
        int statements = 0;
        for (int cut = Cuts.first(); ; cut += Cuts.step()) {
            AtomicInteger left = new AtomicInteger(cut);
            PsqlSession.Hook hook = (statement, done) -> {
                if (left.decrementAndGet() == 0) {
                    throw new IllegalStateException("cut at " + statement);
                }
            };
            DatabaseRestore restore = new DatabaseRestore(settings("veloz"), facts, 12, hook);
            try {
                restore.stage(dumped());
                restore.check();
                break;
            } catch (IllegalStateException e) {
                statements += Cuts.step();
                StagedDatabases.drop(settings("veloz"), List.of(restore.staged()));
                assertThat(server.databases()).as("cut at %d", cut).containsExactly("postgres", "veloz");
            }
        }
        assertThat(statements).isGreaterThan(20);
        assertThat(server.databases()).containsExactly("postgres", "veloz", "veloz_recovery_12");
    }

    @Test
    void missingRolesAreNamedAndCreatedOnRequestOnly() throws IOException {
        server.sql(
                "postgres",
                "CREATE ROLE \"Rep;orter's\" NOLOGIN; CREATE ROLE readers; CREATE ROLE admin SUPERUSER;"
                        + "GRANT readers TO \"Rep;orter's\"; COMMENT ON ROLE \"Rep;orter's\" IS 'it''s; a \\ role';"
                        + "ALTER ROLE \"Rep;orter's\" SET work_mem = '9MB'; ALTER ROLE reporting PASSWORD 'unchanged'");
        server.createDatabase("veloz", 5);
        server.sql("veloz", "GRANT SELECT ON public.accounts TO \"Rep;orter's\"");
        dump(settings("veloz"));
        server.sql("postgres", "DROP DATABASE veloz; DROP ROLE \"Rep;orter's\"; DROP ROLE readers; DROP ROLE admin");
        DatabaseRestore restore = new DatabaseRestore(settings("veloz"), facts, 12);
        DatabasePlan plan = restore.plan();
        assertThat(plan.missingRoles()).containsExactly("Rep;orter's");
        assertThat(plan.liveExists()).isFalse();
        assertReason(RecoveryException.Reason.ROLE_MISSING, () -> restore.stage(dumped()), "[Rep;orter's]");
        assertThat(server.databases()).containsExactly("postgres");
        assertReason(
                RecoveryException.Reason.POSTGRES_RIGHTS,
                () -> restore.createMissingRoles(new ByteArrayInputStream(roles)),
                "permission denied");
        server.sql("postgres", "ALTER ROLE restorer CREATEROLE");
        try {
            assertReason(
                    RecoveryException.Reason.ROLE_MISSING,
                    () -> restore.createMissingRoles(InputStream.nullInputStream()),
                    "[Rep;orter's]");
            assertThat(restore.createMissingRoles(new ByteArrayInputStream(roles)))
                    .containsExactly("Rep;orter's");
        } finally {
            server.sql("postgres", "ALTER ROLE restorer NOCREATEROLE");
        }
        assertThat(server.sql(
                        "postgres",
                        "SELECT pg_has_role('Rep;orter''s', 'readers', 'MEMBER'), shobj_description(oid,"
                                + " 'pg_authid'), (SELECT setconfig FROM pg_db_role_setting WHERE setrole = oid)"
                                + " FROM pg_roles WHERE rolname = 'Rep;orter''s'"))
                .isEqualTo("t|it's; a \\ role|{work_mem=9MB}");
        assertThat(server.sql("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'admin'"))
                .isEqualTo("0");
        restore.stage(dumped());
        restore.check();
        server.dropDatabases();
        server.sql("postgres", "DROP ROLE \"Rep;orter's\"; DROP ROLE readers");
    }

    @Test
    void roleThatRestoresNeedsItsRights() throws IOException {
        backUp("veloz", 1);
        server.sql("postgres", "CREATE ROLE weak LOGIN");
        try {
            assertReason(
                    RecoveryException.Reason.POSTGRES_RIGHTS,
                    new DatabaseRestore(server.settings("veloz", "backup", "weak", Optional.empty()), facts, 12)::plan,
                    "CREATEDB, membership in \"pg_signal_backend\", membership in \"veloz\"");
        } finally {
            server.sql("postgres", "DROP ROLE weak");
        }
    }

    @Test
    void settingsOfARoleInTheDatabaseNeedCreateRole() throws IOException {
        server.createDatabase("veloz", 1);
        server.sql(
                "postgres",
                "CREATE ROLE \"a \"\" b\"; ALTER ROLE \"a \"\" b\" IN DATABASE veloz SET application_name = 'x=''\\'");
        dump(settings("veloz"));
        assertThat(facts.roles()).containsExactly("a \" b", "reporting", "veloz");
        assertThat(facts.settings()).contains("ROLE \"a \"\" b\" application_name");
        assertThat(properties.settings()).contains("ROLE \"a \"\" b\" application_name=x='\\");
        DatabaseRestore restore = new DatabaseRestore(settings("veloz"), facts, 12);
        assertReason(RecoveryException.Reason.POSTGRES_RIGHTS, restore::plan, "CREATEROLE");
        server.sql("postgres", "ALTER ROLE restorer CREATEROLE");
        try {
            restore.plan();
            restore.stage(dumped());
            restore.check();
        } finally {
            server.sql("postgres", "ALTER ROLE restorer NOCREATEROLE");
            server.dropDatabases();
            server.sql("postgres", "DROP ROLE \"a \"\" b\"");
        }
    }

    @Test
    void dumpOfALaterVersionOrWithUnknownExtensionsIsRefusedByThePlan() throws IOException {
        backUp("veloz", 1);
        DatabaseSettings settings = settings("veloz");
        assertReason(
                RecoveryException.Reason.VERSION,
                new DatabaseRestore(
                        settings, facts.toBuilder().serverVersion(990_001).build(), 12)::plan,
                "expected 99 or later, as the dump is of 99.1");
        assertReason(
                RecoveryException.Reason.VERSION,
                new DatabaseRestore(
                        settings,
                        facts.toBuilder().extensions(List.of("timescaledb 2.1")).build(),
                        12)::plan,
                "does not have the extensions [timescaledb]");
        assertThat(DumpHeader.readable("1.16", 150_018)).isFalse();
        assertThat(DumpHeader.readable("1.15", 160_001)).isTrue();
        assertThat(DumpHeader.readable("1.16", 170_000)).isTrue();
        assertThat(DumpHeader.readable("1.14", 150_018)).isTrue();
    }

    @Test
    void defaultPrivilegesAndNoCommentStayAsTheyAre() throws IOException {
        server.sql("postgres", "CREATE DATABASE plain OWNER veloz TEMPLATE template0");
        DatabaseSettings settings = server.settings("plain");
        dump(settings);
        assertThat(facts.acl()).isEmpty();
        DatabaseRestore restore = new DatabaseRestore(settings, facts, 1);
        restore.stage(dumped());
        restore.check();
        new DatabaseSwap(settings, restore.names(), DatabaseSwap.oids(settings, restore.names(), restore.staged()))
                .swap();
        assertThat(server.sql(
                        "postgres",
                        "SELECT datacl IS NULL, shobj_description(oid, 'pg_database') IS NULL"
                                + " FROM pg_database WHERE datname = 'plain'"))
                .isEqualTo("t|t");
    }

    @Test
    void icuLocaleIsRestored() throws IOException {
        server.sql(
                "postgres",
                "CREATE DATABASE german OWNER veloz TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'");
        DatabaseSettings settings = server.settings("german");
        dump(settings);
        assertThat(facts.locale()).isEqualTo("icu:de-DE");
        DatabaseRestore restore = new DatabaseRestore(settings, facts, 1);
        restore.stage(dumped());
        assertThat(restore.check()).isEmpty();
    }

    @Test
    void otherVersionOfAnExtensionIsAFinding() throws IOException {
        backUp("veloz", 1);
        DatabaseFacts older = facts.toBuilder()
                .extensions(List.of("pgcrypto 1.2", "plpgsql 1.0"))
                .build();
        sign(properties, older);
        DatabaseRestore restore = new DatabaseRestore(settings("veloz"), older, 12);
        restore.stage(dumped());
        assertThat(restore.check()).containsExactly("extension pgcrypto has version 1.3; it had 1.2");
        assertThat(facts.rows()).isEqualTo(Map.of("public.accounts", 1L));
    }
}
