package io.veloz.wal.backup.internal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.Cuts;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class DatabaseSwapTest {
    private static final DatabaseNames NAMES =
            new DatabaseNames("veloz", "veloz_recovery_12", "veloz_before_recovery_12");
    private static final String STATE = """
            SELECT string_agg(datname || ':' || datallowconn || ':' || coalesce(split_part(shobj_description(oid, 'pg_database'),
                chr(10), 1), ''), ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE 'veloz%'""";
    private static final String OLD =
            "veloz:true:the old one veloz_recovery_12:false:veloz-wal: staged by a recovery, not in use. Original comment follows.";
    private static final String NEW =
            "veloz:true:the new one veloz_before_recovery_12:false:veloz-wal: kept by a recovery, not in use. Original comment follows.";

    private static final String TOKEN = "0123456789abcdef0123456789abcdef";

    private static PostgresServer server;
    private static DatabaseSettings settings;
    private static DatabaseSwap.Oids oids = new DatabaseSwap.Oids(0, 0, 0);

    @BeforeAll
    static void start() throws IOException {
        server = PostgresServer.start();
        server.createRoles();
        settings = server.settings("veloz");
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

    private static void live() throws IOException {
        server.sql("postgres", "CREATE DATABASE veloz OWNER veloz; COMMENT ON DATABASE veloz IS 'the old one'");
    }

    private static void staged() throws IOException {
        server.sql(
                "postgres",
                "CREATE DATABASE veloz_recovery_12 OWNER veloz; COMMENT ON DATABASE veloz_recovery_12 IS "
                        + Sql.literal(DatabaseNames.stagedComment(TOKEN, "the new one")));
        oids = DatabaseSwap.oids(settings, NAMES, own(TOKEN));
    }

    private static StagedDatabase own(String token) throws IOException {
        long id = Long.parseLong(server.sql("postgres", "SELECT system_identifier FROM pg_control_system()"));
        return new StagedDatabase(NAMES.staged(), id, token);
    }

    private static String state() throws IOException {
        return server.sql("postgres", STATE).replace(" (" + TOKEN + ")", "");
    }

    private static DatabaseSwap swap() {
        return new DatabaseSwap(settings, NAMES, oids);
    }

    private static PsqlSession.Hook cutAt(int count) {
        AtomicInteger left = new AtomicInteger(count);
        return (statement, done) -> {
            if (left.decrementAndGet() == 0) {
                throw new IllegalStateException("cut " + (done ? "after " : "before ") + statement);
            }
        };
    }

    private static boolean cut(int at, boolean back) throws IOException {
        DatabaseSwap swap = new DatabaseSwap(settings, NAMES, oids, cutAt(at));
        try {
            if (back) {
                swap.swapBack();
            } else {
                swap.swap();
            }
            return false;
        } catch (IllegalStateException e) {
            return true;
        }
    }

    @Test
    void swapKeepsTheLiveDatabaseClosedAndMarkedAndSwapBackIsItsReverse() throws IOException {
        live();
        staged();
        swap().swap();
        assertThat(state()).isEqualTo(NEW);
        swap().swap();
        assertThat(state()).isEqualTo(NEW);
        swap().swapBack();
        assertThat(state()).isEqualTo(OLD);
        swap().swapBack();
        assertThat(state()).isEqualTo(OLD);
        swap().swap();
        assertThat(state()).isEqualTo(NEW);
    }

    @Test
    void openSessionsAreEndedAndDoNotPreventTheSwap() throws IOException {
        live();
        staged();
        try (PsqlSession idle = PsqlSession.open(PostgresClient.forBackup(settings), "veloz");
                PsqlSession busy = PsqlSession.open(PostgresClient.forBackup(settings), "veloz");
                PsqlSession other = PsqlSession.open(PostgresClient.forBackup(settings), "veloz_recovery_12")) {
            busy.run("BEGIN; SELECT 1");
            swap().swap();
            assertThat(state()).isEqualTo(NEW);
            for (PsqlSession ended : new PsqlSession[] {idle, busy, other}) {
                assertThatThrownBy(() -> ended.run("SELECT 1"))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("terminating connection");
            }
        }
    }

    @Test
    void sessionOfASuperuserIsARefusalAndTheLiveDatabaseOpensAgain() throws IOException {
        live();
        staged();
        try (PsqlSession superuser = PsqlSession.open(server.superuser(), "veloz")) {
            assertThatThrownBy(() -> swap().swap())
                    .isInstanceOfSatisfying(
                            RecoveryException.class,
                            e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.POSTGRES_RIGHTS));
            superuser.run("SELECT 1");
        }
        swap().swapBack();
        assertThat(state()).isEqualTo(OLD);
    }

    @Test
    void databaseThatIsMissingNeedsOneRename() throws IOException {
        staged();
        swap().swap();
        assertThat(state()).isEqualTo("veloz:true:the new one");
        swap().swapBack();
        assertThat(state())
                .isEqualTo(
                        "veloz_recovery_12:false:veloz-wal: staged by a recovery, not in use. Original comment follows.");
        swap().swapBack();
        swap().swap();
        assertThat(state()).isEqualTo("veloz:true:the new one");
    }

    @Test
    void swapCutAtEachStatementIsResumed() throws IOException {
        cutAndFinish(false, false, NEW);
    }

    @Test
    void swapCutAtEachStatementIsSwappedBack() throws IOException {
        cutAndFinish(false, true, null);
    }

    @Test
    void swapBackCutAtEachStatementIsFinished() throws IOException {
        cutAndFinish(true, true, null);
    }

    @Test
    void swapBackCutAtEachStatementCanBeSwappedAgain() throws IOException {
        cutAndFinish(true, false, NEW);
    }

    /** Cuts one direction at each place, then goes one direction, itself cut at one place and repeated. */
    private static void cutAndFinish(boolean cutBack, boolean finishBack, @Nullable String expected)
            throws IOException {
        live();
        staged();
        int cuts = 0;
        for (int at = Cuts.first(); ; at += Cuts.step()) {
            if (cutBack) {
                swap().swap();
            }
            if (!cut(at, cutBack)) {
                break;
            }
            cuts += Cuts.step();
            // The session of a process that was killed ends a little later: the lock waits for it.
            cut(1 + at % 7, finishBack);
            if (finishBack) {
                swap().swapBack();
            } else {
                swap().swap();
            }
            String state = state();
            if (expected == null) {
                assertThat(state).as("cut " + at).startsWith("veloz:true:the old one veloz_recovery_12:");
            } else {
                assertThat(state).as("cut " + at).isEqualTo(expected);
            }
            assertThat(server.sql("veloz", "SELECT 1")).isEqualTo("1");
            swap().swapBack();
        }
        assertThat(cuts).isGreaterThanOrEqualTo(18);
    }

    @Test
    void serverThatDiesInTheTransactionLeavesTheOldNames() throws IOException {
        live();
        staged();
        PsqlSession.Hook crash = (statement, done) -> {
            if (done && statement.startsWith("COMMENT ON DATABASE \"veloz\"")) {
                try {
                    server.stopServer();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            }
        };
        assertThatThrownBy(() -> new DatabaseSwap(settings, NAMES, oids, crash).swap())
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> swap().swapBack()).isInstanceOf(IOException.class);
        server.startServer();
        swap().swap();
        assertThat(state()).isEqualTo(NEW);
    }

    @Test
    void databasesWithoutAMarkAreNotSwapped() throws IOException {
        live();
        ThrowingCallable oidsOf = () -> DatabaseSwap.oids(settings, NAMES, own(TOKEN));
        assertUnusable(oidsOf, "expected a staged database");
        server.sql("postgres", "CREATE DATABASE veloz_recovery_12 OWNER veloz");
        assertUnusable(oidsOf, "veloz_recovery_12 has no mark of a recovery");
        server.sql("postgres", "DROP DATABASE veloz_recovery_12");
        staged();
        server.sql("postgres", "CREATE DATABASE veloz_before_recovery_12 OWNER veloz");
        assertUnusable(oidsOf, "a database has the name veloz_before_recovery_12");
        assertUnusable(swap()::swap, "a database has the name veloz_before_recovery_12");
        server.sql("postgres", "DROP DATABASE veloz_before_recovery_12");
        swap().swap();
        server.sql("postgres", "COMMENT ON DATABASE veloz_before_recovery_12 IS 'renamed by hand'");
        assertUnusable(swap()::swapBack, "veloz_before_recovery_12 has no mark of a recovery");
    }

    @Test
    void stagedDatabaseThatWasDroppedDoesNotPassForOneThatWasSwapped() throws IOException {
        live();
        staged();
        server.sql("postgres", "DROP DATABASE veloz_recovery_12");
        assertUnusable(swap()::swap, "neither those before nor those after the switch");
        swap().swapBack();
        assertThat(state()).isEqualTo("veloz:true:the old one");
    }

    @Test
    void databaseThatAnotherHostHasStagedIsNotSwapped() throws IOException {
        live();
        staged();
        StagedDatabase own = own(TOKEN);
        String other = "f" + TOKEN.substring(1);
        assertUnusable(
                () -> DatabaseSwap.oids(settings, NAMES, own(other)), "is not the one that this recovery has staged");
        assertUnusable(
                () -> DatabaseSwap.oids(settings, NAMES, new StagedDatabase(NAMES.staged(), own.server() + 1, TOKEN)),
                "is not the one that this recovery has staged");
        assertThat(StagedDatabases.of(settings, List.of(own))).containsExactly(own);
        StagedDatabases.drop(
                settings, List.of(own(other), new StagedDatabase(NAMES.staged(), own.server() + 1, TOKEN)));
        assertThat(state())
                .isEqualTo("veloz:true:the old one veloz_recovery_12:true:" + OLD.substring(OLD.indexOf("veloz-wal")));
        StagedDatabases.drop(settings, List.of(own));
        assertThat(state()).isEqualTo("veloz:true:the old one");
    }

    /** The live database was lost after its OID was recorded: the staged one is all that is left to put in place. */
    @Test
    void liveDatabaseThatIsLostBeforeTheSwapDoesNotPreventIt() throws IOException {
        live();
        staged();
        server.sql("postgres", "DROP DATABASE veloz");
        assertUnusable(swap()::requireBack, "neither those before nor those after the switch");
        swap().swap();
        assertThat(state()).isEqualTo("veloz:true:the new one");
        swap().swap();
        swap().requireInPlace(false);
        swap().dropKept();
        assertThat(state()).isEqualTo("veloz:true:the new one");
    }

    @Test
    void keptDatabaseThatIsLostAfterTheSwapDoesNotPreventAResume() throws IOException {
        live();
        staged();
        swap().swap();
        server.sql("postgres", "DROP DATABASE veloz_before_recovery_12");
        swap().swap();
        assertThat(state()).isEqualTo("veloz:true:the new one");
        assertUnusable(swap()::swapBack, "neither those before nor those after the switch");
    }

    @Test
    void databaseThatAnotherProgramMadeUnderTheLiveNameIsNotReplaced() throws IOException {
        live();
        staged();
        server.sql("postgres", "DROP DATABASE veloz; CREATE DATABASE veloz");
        assertUnusable(swap()::swap, "neither those before nor those after the switch");
    }

    @Test
    void keptDatabaseThatWasReplacedIsNotPutBack() throws IOException {
        live();
        staged();
        swap().swap();
        server.sql("postgres", "DROP DATABASE veloz_before_recovery_12");
        server.sql(
                "postgres",
                "CREATE DATABASE veloz_before_recovery_12; COMMENT ON DATABASE veloz_before_recovery_12 IS "
                        + Sql.literal(DatabaseNames.keptComment("another one")));
        assertUnusable(swap()::swapBack, "neither those before nor those after the switch");
    }

    @Test
    void databaseOfAnotherServerIsRefused() throws IOException {
        live();
        staged();
        String before = state();
        DatabaseSwap.Oids other = new DatabaseSwap.Oids(oids.server() + 1, oids.staged(), oids.live());
        assertUnusable(() -> new DatabaseSwap(settings, NAMES, other).swap(), "the recovery began on server");
        assertThat(state()).isEqualTo(before);
    }

    private static void assertUnusable(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.PLACE_UNUSABLE))
                .hasMessageContaining(message);
    }

    @Test
    void unknownMaintenanceDatabaseIsRefused() throws IOException {
        DatabaseSettings missing = new DatabaseSettings(
                "veloz",
                settings.host(),
                settings.port(),
                "backup",
                "restorer",
                Optional.empty(),
                "nowhere",
                Optional.empty(),
                settings.rows(),
                true,
                settings.programs());
        assertUnusable(() -> new DatabaseSwap(missing, NAMES, oids).swap(), "database \"nowhere\" does not exist");
    }
}
