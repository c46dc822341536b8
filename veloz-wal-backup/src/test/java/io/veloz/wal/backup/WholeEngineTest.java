package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.veloz.wal.backup.DrillReceipt.Result;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Configuration, secrets, database and log of an engine are lost together, and come back as of one recovery point. */
@Timeout(900)
class WholeEngineTest extends EngineWithDatabase {
    @Test
    void databaseThatIsAheadOfTheLogIsRefused() throws IOException {
        psql("veloz", "UPDATE applied SET sequence = 900");
        Backup backup = new Backup(store, profile, () -> 5);
        assertThatThrownBy(() -> backup.run(Set.of(Kind.DATABASE)))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(BackupRefusedException.Reason.DATABASE_AHEAD))
                .hasMessageContaining("has applied record 900 (database.applied-query), and the log ends at record 5");
        assertThat(RecoveryPoints.list(store)).hasSize(1);
    }

    @Test
    void valuesOfSettingsAndTheCommentOfTheDatabaseAreNotInThePoint() throws IOException {
        psql("postgres", "ALTER DATABASE veloz SET app.api_key = 'marker-secret-4711'");
        psql("postgres", "COMMENT ON DATABASE veloz IS 'password marker-secret-4711'");
        new Backup(store, profile, () -> 5).run(Set.of(Kind.DATABASE));
        try (Stream<Path> files = Files.walk(dir.resolve("archive"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain("marker-secret-4711");
            }
        }
        assertThat(dir.resolve("archive/points/00000000000000000002"))
                .content(StandardCharsets.ISO_8859_1)
                .contains("app.api_key");
    }

    /** Puts a point after the genuine one that names the same attachments, with other facts of the database. */
    private void forge(UnaryOperator<DatabaseFacts.Builder> change) throws Exception {
        PointChain chain = new PointChain(store);
        PointChain.Stored before = chain.read(chain.newest()).orElseThrow();
        RecoveryPoint point = before.point();
        List<Attachment> attachments = new ArrayList<>();
        for (Attachment genuine : point.attachments()) {
            Attachment.Builder attachment = Attachment.builder(genuine.kind(), genuine.id())
                    .taken(genuine.taken())
                    .bracket(genuine.bracket())
                    .plainBytes(genuine.plainBytes())
                    .contentMac(genuine.contentMac())
                    .roots(genuine.roots())
                    .recipients(genuine.recipients())
                    .signer(genuine.signer())
                    .chunks(genuine.chunks());
            genuine.database()
                    .ifPresent(facts ->
                            attachment.database(change.apply(facts.toBuilder()).build()));
            attachments.add(attachment.build());
        }
        assertThat(chain.put(RecoveryPoint.of(
                        point.number() + 1,
                        point.logId(),
                        before.sha256(),
                        point.made(),
                        point.host(),
                        point.tip(),
                        attachments)))
                .isTrue();
    }

    private void assertRefusedAndNothingChanged(String fact) throws Exception {
        write("etc/veloz/config.yaml", "in place");
        psql("veloz", "DELETE FROM accounts WHERE id = 1");
        Map<String, String> before = filesAndOwner();
        assertThatThrownBy(() -> recover(whole()))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.DAMAGED))
                .hasMessageContaining("the recovery point has the fact " + fact);
        assertThat(filesAndOwner()).isEqualTo(before);
    }

    private Map<String, String> filesAndOwner() throws IOException {
        return Map.of(
                "configuration",
                Files.readString(dir.resolve("etc/veloz/config.yaml")),
                "accounts",
                psql("veloz", "SELECT count(*), sum(balance) FROM accounts"),
                "owner",
                psql(
                        "postgres",
                        "SELECT pg_get_userbyid(datdba), datacl, datconnlimit FROM pg_database WHERE datname = 'veloz'"));
    }

    @Test
    void forgedPointCannotGiveTheDatabaseToAnotherOwner() throws Exception {
        String other = psql("postgres", "SELECT current_user").strip();
        forge(facts -> facts.owner(other));
        assertRefusedAndNothingChanged("owner");
    }

    @Test
    void forgedPointCannotGrantPrivilegesOnTheDatabase() throws Exception {
        forge(facts -> facts.acl("{postgres=CTc/veloz,=CTc/veloz}"));
        assertRefusedAndNothingChanged("acl");
    }

    @Test
    void forgedPointCannotClaimThatTheDatabaseHasAppliedMoreOfTheLog() throws Exception {
        forge(facts -> facts.applied(OptionalLong.of(3)));
        assertRefusedAndNothingChanged("applied");
    }

    @Test
    void everythingIsRecoveredFromNothing() throws Exception {
        loseEverything();
        RecoveryReport report = recover(whole().createRoles());
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
        assertThat(psql(
                        "postgres",
                        "SELECT r.rolname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba"
                                + " WHERE datname = 'veloz'"))
                .isEqualTo("veloz");
        assertThat(report.gates()).allMatch(gate -> gate.startsWith("passed"));
        assertThat(report.findings()).anyMatch(finding -> finding.contains("without passwords"));
        assertThat(report.lastSequence()).isEqualTo(5);
    }

    @Test
    void missingRoleIsRefusedBeforeAnythingIsFetched() throws Exception {
        loseEverything();
        Recovery recovery = new Recovery(profile);
        assertThatThrownBy(() -> recovery.plan(store, whole()))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.ROLE_MISSING))
                .hasMessageContaining("veloz");
    }

    @Test
    void recoveredEngineIsStartedOnceComparedAndMadeLive() throws Exception {
        profile = profile("engine.start = " + dir.resolve("start.sh") + "\nengine.stop = " + dir.resolve("stop.sh")
                + "\nengine.url = http://127.0.0.1:" + port + "\nengine.start-timeout = 60s\n");
        script("start.sh", engine("") + " & echo $! > " + dir.resolve("pid"));
        script("stop.sh", "kill $(cat " + dir.resolve("pid") + ")");
        loseEverything();
        try {
            RecoveryReport report = recover(whole().createRoles().goLive());
            assertThat(report.started()).isTrue();
            assertThat(report.live()).isTrue();
            assertThat(report.gates()).allMatch(gate -> gate.startsWith("passed"));
            assertThat(report.took()).containsKeys("start", "verify", "go live");
        } finally {
            new ProcessBuilder(dir.resolve("stop.sh").toString()).start().waitFor();
        }
    }

    @Test
    void engineWithOtherOrdersIsStoppedAndEverythingCanBeRolledBack() throws Exception {
        profile = profile("engine.start = " + dir.resolve("start.sh") + "\nengine.stop = " + dir.resolve("stop.sh")
                + "\nengine.url = http://127.0.0.1:" + port + "\nengine.start-timeout = 60s\n");
        script("start.sh", engine("--forget-an-order") + " & echo $! > " + dir.resolve("pid"));
        script("stop.sh", "kill $(cat " + dir.resolve("pid") + "); echo stopped > " + dir.resolve("stopped"));
        write("etc/veloz/config.yaml", "newer");
        Map<String, String> before = inPlace();
        assertThatThrownBy(() -> recover(whole().start()))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.NOT_VERIFIED))
                .hasMessageContaining("4 orders; the log has 5");
        assertThat(dir.resolve("stopped")).exists();
        rollBackAndCleanUp();
        assertThat(inPlace()).isEqualTo(before);
    }

    @Test
    void engineThatAnswersIsNotReplaced() throws Exception {
        profile = profile("engine.url = http://127.0.0.1:" + port + "\n");
        HttpServer running = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        running.start();
        try {
            assertThatThrownBy(() -> recover(whole()))
                    .isInstanceOfSatisfying(
                            RecoveryException.class,
                            e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.ENGINE_RUNS))
                    .hasMessageContaining("a process accepts connections at");
        } finally {
            running.stop(0);
        }
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
    }

    @Test
    void switchThatIsCutAnywhereIsResumedOrRolledBackTogetherWithTheDatabase() throws Exception {
        write("etc/veloz/config.yaml", "newer");
        psql("veloz", "UPDATE accounts SET balance = 0");
        Map<String, String> old = inPlace();
        int at = Cuts.first();
        while (dies(at)) {
            if (at % 2 == 0) {
                new Recovery(profile).resume(whole(), RecoveryProgress.NONE);
                assertThat(inPlace()).as("resumed after cut %d", at).containsAllEntriesOf(OF_THE_POINT);
            }
            rollBackAndCleanUp();
            assertThat(inPlace()).as("rolled back after cut %d", at).isEqualTo(old);
            at += Cuts.step();
        }
        // Two renames for the configuration with the secrets in it, one step for the database, two renames for the log,
        // and the name of the journal: 11 cuts.
        assertThat(at).isBetween(12, 14);
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
        new Recovery(profile).cleanUp(RecoveryOptions.of(Set.of()));
        assertThat(inPlace().get("databases")).isEqualTo("postgres template0 template1 veloz");
    }

    @Test
    void whatWasWrittenToTheRecoveredDatabaseIsSetAsideByTheRollback() throws Exception {
        recover(whole());
        psql("veloz", "UPDATE accounts SET balance = 7 WHERE id = 1");
        assertThat(new Recovery(profile).rollBack(RecoveryOptions.of(Set.of()))).contains("database veloz_recovery_1");
        assertThat(psql("veloz", "SELECT balance FROM accounts WHERE id = 1")).isEqualTo("10");
        psql("postgres", "ALTER DATABASE veloz_recovery_1 ALLOW_CONNECTIONS true");
        assertThat(psql("veloz_recovery_1", "SELECT balance FROM accounts WHERE id = 1"))
                .isEqualTo("7");
        assertThat(new Recovery(profile).cleanUp(RecoveryOptions.of(Set.of()))).contains("database veloz_recovery_1");
        assertThat(inPlace().get("databases")).isEqualTo("postgres template0 template1 veloz");
    }

    /** Runs an action when a step begins. */
    private void recoverWhile(String step, Runnable action) throws IOException {
        RecoveryProgress progress = new RecoveryProgress() {
            @Override
            public void onStep(String name) {
                if (name.equals(step)) {
                    action.run();
                }
            }

            @Override
            public void onBytes(String what, long done, long total) {}
        };
        Recovery recovery = new Recovery(profile);
        recovery.run(store, recovery.plan(store, whole()), keys.recovery(), progress);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void dieAfterStaging() {
        assertThatThrownBy(() -> recoverWhile("gates", () -> {
                    throw new Died();
                }))
                .isInstanceOf(Died.class);
    }

    private void markAsStaged(String database) throws IOException {
        psql(
                "postgres",
                "COMMENT ON DATABASE " + database + " IS E'veloz-wal: staged by a recovery, not in use."
                        + " Original comment follows.\\n'");
    }

    @Test
    void databaseThatARunHasStagedIsRemovedByTheCleanUpAndNoOther() throws Exception {
        psql("postgres", "CREATE DATABASE veloz_recovery_9");
        markAsStaged("veloz_recovery_9");
        dieAfterStaging();
        assertThat(inPlace().get("databases")).contains("veloz_recovery_1 ");
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS))
                .contains("database veloz_recovery_1")
                .doesNotContain("database veloz_recovery_9");
        assertThat(inPlace().get("databases")).isEqualTo("postgres template0 template1 veloz veloz_recovery_9");
    }

    /** The name is the same on all hosts, and the server may have been replaced by another one. */
    @Test
    void databaseThatAnotherHostStagedSinceIsNotRemoved() throws Exception {
        dieAfterStaging();
        psql("postgres", "DROP DATABASE veloz_recovery_1");
        psql("postgres", "CREATE DATABASE veloz_recovery_1");
        markAsStaged("veloz_recovery_1");
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS)).doesNotContain("database veloz_recovery_1");
        assertThat(inPlace().get("databases")).isEqualTo("postgres template0 template1 veloz veloz_recovery_1");
    }

    @Test
    void databaseThatAnotherHostStagesMeanwhileIsNotReplaced() throws Exception {
        assertThatThrownBy(() -> recoverWhile("stage database", () -> {
                    try {
                        psql("postgres", "CREATE DATABASE veloz_recovery_1");
                        markAsStaged("veloz_recovery_1");
                        psql("veloz_recovery_1", "CREATE TABLE of_another_host ()");
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                }))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.PLACE_UNUSABLE));
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertThat(psql("veloz_recovery_1", "SELECT count(*) FROM of_another_host"))
                .isEqualTo("0");
    }

    @Test
    void cleanUpWithoutDatabaseNeedsNoServerAndLeavesTheStagedDatabaseToALaterOne() throws Exception {
        dieAfterStaging();
        profile = profile("", "/nowhere");
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS.withoutDatabase()))
                .isNotEmpty()
                .doesNotContain("database veloz_recovery_1");
        profile = profile("");
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS)).containsExactly("database veloz_recovery_1");
    }

    @Test
    void recoveryOfFilesNeedsNoServerAndLeavesTheStagedDatabaseToALaterCleanUp() throws Exception {
        dieAfterStaging();
        write("etc/veloz/config.yaml", "newer");
        profile = profile("", "/nowhere");
        recover(RecoveryOptions.of(Set.of(Kind.CONFIGURATION, Kind.SECRETS)));
        assertThat(dir.resolve("etc/veloz/config.yaml")).content().startsWith("of the point");
        profile = profile("");
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS)).contains("database veloz_recovery_1");
    }

    @Test
    void setAsideDatabaseIsNotTakenForAStagedOne() throws Exception {
        Path record = dir.resolve("state/recovery.staging");
        AtomicReference<String> staged = new AtomicReference<>("");
        recoverWhile("gates", () -> staged.set(read(record)));
        // As if the recovery was cut after its journal was made, and before the record was deleted.
        assertThat(staged.get()).contains("veloz_recovery_1");
        Files.writeString(record, staged.get());
        new Recovery(profile).rollBack(NO_OPTIONS);
        new Recovery(profile).cleanUp(NO_OPTIONS.withoutDatabase());
        assertThat(inPlace().get("databases")).contains("veloz_recovery_1");
    }

    @Test
    void rollbackBringsTheOldDatabaseBackThoughTheRecoveredOneIsLost() throws Exception {
        Map<String, String> old = inPlace();
        recover(whole());
        psql("postgres", "DROP DATABASE veloz");
        assertThatThrownBy(() -> new Recovery(profile).cleanUp(NO_OPTIONS))
                .isInstanceOf(RecoveryException.class)
                .hasMessageContaining("live missing");
        new Recovery(profile).rollBack(NO_OPTIONS);
        assertThat(inPlace()).isEqualTo(old);
    }

    @Test
    void rollbackLeavesTheLiveDatabaseThoughTheStagedOneIsLost() throws Exception {
        Map<String, String> old = inPlace();
        assertThat(dies(5)).isTrue();
        psql("postgres", "DROP DATABASE veloz_recovery_1");
        assertThatThrownBy(() -> new Recovery(profile).resume(NO_OPTIONS, RecoveryProgress.NONE))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.HALF_DONE));
        rollBackAndCleanUp();
        assertThat(inPlace()).isEqualTo(old);
    }

    @Test
    void rollbackIsRefusedBeforeItBeginsIfTheOldDatabaseIsLostAndLeavesItOutOnRequest() throws Exception {
        write("etc/veloz/config.yaml", "newer");
        recover(whole());
        psql("postgres", "DROP DATABASE veloz_before_recovery_1");
        assertThatThrownBy(() -> new Recovery(profile).rollBack(NO_OPTIONS))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.PLACE_UNUSABLE));
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
        new Recovery(profile).rollBack(NO_OPTIONS.withoutDatabase());
        assertThat(inPlace()).containsEntry("configuration", "newer").containsEntry("accounts", "100|50500");
        new Recovery(profile).cleanUp(NO_OPTIONS.withoutDatabase());
        assertThat(inPlace().get("databases")).isEqualTo("postgres template0 template1 veloz");
    }

    @Test
    void rollbackOfADatabaseAloneIsRefusedAfterTheEngineWrote() throws Exception {
        recover(RecoveryOptions.of(Set.of(Kind.DATABASE)));
        try (OrderLog orders =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            append(orders, 6, 6);
        }
        assertThatThrownBy(() -> new Recovery(profile).rollBack(NO_OPTIONS))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.LOG_DIVERGED));
        assertThat(new Recovery(profile).rollBack(NO_OPTIONS.setAsideChanges()))
                .containsExactly("database veloz_recovery_1");
    }

    @Test
    void stagedDatabaseOfAnotherHostIsNotDropped() throws Exception {
        psql("postgres", "CREATE DATABASE veloz_recovery_1");
        psql(
                "postgres",
                "COMMENT ON DATABASE veloz_recovery_1 IS E'veloz-wal: staged by a recovery, not in use."
                        + " Original comment follows.\\n'");
        assertThatThrownBy(() -> recover(whole()))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.PLACE_UNUSABLE))
                .hasMessageContaining("another host stages there");
        assertThat(inPlace().get("databases")).contains("veloz_recovery_1");
    }

    /** It may have been live before: what this run cannot examine it does not stop. */
    @Test
    void engineThatCannotBeExaminedIsStartedAndNotStopped() throws Exception {
        recover(whole());
        profile = profile("engine.start = " + dir.resolve("start.sh") + "\nengine.stop = " + dir.resolve("stop.sh")
                + "\nengine.url = https://engine.invalid:8443\nengine.start-timeout = 1s\n");
        script("start.sh", "echo started > " + dir.resolve("started"));
        script("stop.sh", "echo stopped > " + dir.resolve("stopped"));
        assertThatThrownBy(() -> new Recovery(profile).resume(NO_OPTIONS.start(), RecoveryProgress.NONE))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.NOT_VERIFIED))
                .hasMessageContaining(
                        "it was not stopped, because it may have been running before, and be live (whether"
                                + " a process accepts connections at https://engine.invalid:8443 is not known");
        assertThat(dir.resolve("started")).exists();
        assertThat(dir.resolve("stopped")).doesNotExist();
    }

    @Test
    void engineThatRunsAlreadyIsComparedAndNeverStoppedByAResume() throws Exception {
        profile = profile("engine.start = " + dir.resolve("start.sh") + "\nengine.stop = " + dir.resolve("stop.sh")
                + "\nengine.url = http://127.0.0.1:" + port + "\nengine.start-timeout = 60s\n");
        script("start.sh", engine("--forget-an-order") + " & echo $! > " + dir.resolve("pid"));
        script("stop.sh", "kill $(cat " + dir.resolve("pid") + "); echo stopped > " + dir.resolve("stopped"));
        recover(whole());
        new ProcessBuilder(dir.resolve("start.sh").toString()).start().waitFor();
        try {
            assertThatThrownBy(() -> {
                        while (true) {
                            // The engine is starting: until it answers, a resume would start another one.
                            if (answers()) {
                                new Recovery(profile).resume(whole().start(), RecoveryProgress.NONE);
                            }
                            LockSupport.parkNanos(50_000_000);
                        }
                    })
                    .isInstanceOf(RecoveryException.class)
                    .hasMessageContaining("it was running before, and was not stopped");
            assertThat(dir.resolve("stopped")).doesNotExist();
            assertThat(answers()).isTrue();
        } finally {
            new ProcessBuilder(dir.resolve("stop.sh").toString()).start().waitFor();
        }
    }

    @Test
    void drillRestoresTheDatabaseIntoItsOwnServer() throws Exception {
        for (String program : List.of("psql", "pg_restore")) {
            script(
                    "programs/" + program,
                    "cat /proc/$$/environ >> " + dir.resolve("environment") + "; exec " + program + " \"$@\"");
        }
        profile = profile("drill.engine = " + Path.of(System.getProperty("java.home"), "bin", "java") + " -cp "
                + System.getProperty("java.class.path")
                + " io.veloz.wal.backup.TestEngine --wal {log} --http {port}\ndatabase.programs = programs\n");
        Map<String, String> before = inPlace();
        DrillReceipt receipt = new Drill(profile)
                .run(store, uri(), DrillOptions.in(dir.resolve("drill")), keys.recovery(), RecoveryProgress.NONE);
        assertThat(receipt.checks())
                .as("%s", receipt)
                .allSatisfy(check -> assertThat(check.result()).isEqualTo(Result.PASSED));
        assertThat(receipt.checks()).anyMatch(check -> check.name().equals("database is accessible and equal"));
        assertThat(receipt.versions()).containsKeys("PostgreSQL server of the dump", "PostgreSQL server of the drill");
        assertThat(dir.resolve("environment"))
                .content()
                .contains("HOME=" + dir.resolve("drill/pg"))
                .doesNotContain("\0PG");
        assertThat(inPlace()).isEqualTo(before);
        assertThat(dir.resolve("drill")).doesNotExist();
    }
}
