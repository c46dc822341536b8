package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.backup.internal.place.StagingRecord;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What assess finds in each state of an engine, and the command that it prints next. */
@Timeout(900)
class AssessmentTest extends EngineWithDatabase {
    @Test
    void assessmentNamesTheCaseAndTheCommand() throws Exception {
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTART);
        Trees.delete(dir.resolve("wal"));
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTORE_LOG);
        assertThat(assess().next())
                .isEqualTo("veloz-wal recover-log " + uri() + " --profile " + profile.file() + " --plan");
        psql("postgres", "DROP DATABASE veloz");
        assertThat(assess().result()).isEqualTo(Assessment.Case.FULL_RECOVERY);
        assertThat(assess().next()).endsWith(" --key FILE --signer FILE --plan");
        psql("postgres", "DROP ROLE veloz");
        assertThat(assess().next()).endsWith(" --key FILE --signer FILE --create-roles --plan");
        psql("postgres", "CREATE ROLE veloz LOGIN");
        recover(RecoveryOptions.ofLog(uri(), Map.of()));
        assertThat(assess().result()).isEqualTo(Assessment.Case.RECOVER_DATABASE);
        // A complete recovery prevents another one.
        assertNext(
                Assessment.Case.RECOVER_DATABASE, tool("--clean-up") + "   (then assess again)", tool("--roll-back"));
        new Recovery(profile).cleanUp(NO_OPTIONS);
        recover(RecoveryOptions.of(Set.of(Kind.DATABASE)));
        new Recovery(profile).cleanUp(RecoveryOptions.of(Set.of()));
        Trees.delete(dir.resolve("etc/veloz/secrets"));
        assertThat(assess().result()).isEqualTo(Assessment.Case.RECOVER_FILES);
        assertThat(assess().next()).startsWith("veloz-wal recover --no-log --kinds secrets " + uri());
        profile = profile("", "/nowhere");
        assertThat(assess().result()).isEqualTo(Assessment.Case.UNCLEAR);
        assertThat(assess().facts()).anyMatch(fact -> fact.name().equals("database") && !fact.intact());
    }

    @Test
    void assessmentLeadsAnInterruptedRecoveryToItsEnd() throws Exception {
        assertThat(dies(3)).isTrue();
        assertThat(assess().result()).isEqualTo(Assessment.Case.HALF_DONE);
        assertThat(assess().next()).isEqualTo("veloz-wal recover --resume --profile " + profile.file());
        assertThat(assess().alternative()).contains("veloz-wal recover --roll-back --profile " + profile.file());
        // Every step is done, and only the name of the journal still prevents a start of the engine.
        rollBackAndCleanUp();
        assertThat(dies(11)).isTrue();
        assertThat(dir.resolve("state/recovery.journal")).exists();
        assertThat(assess().result()).isEqualTo(Assessment.Case.HALF_DONE);
        new Recovery(profile).resume(whole(), RecoveryProgress.NONE);
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTART);
        assertThat(assess().facts())
                .filteredOn(fact -> fact.name().equals("earlier recovery"))
                .singleElement()
                .satisfies(fact ->
                        assertThat(fact.found()).startsWith("complete; ").contains("recover --clean-up"));
    }

    @Test
    void assessmentListsStagingThatAnInterruptedRecoveryHasLeft() throws Exception {
        Path files = Files.createDirectory(dir.resolve("etc/.veloz.recovery-7"));
        Path log = Files.createDirectory(dir.resolve(".wal.recovery-7"));
        Files.createDirectory(dir.resolve("etc/.other.recovery-7"));
        psql("postgres", "CREATE DATABASE veloz_recovery_7");
        psql(
                "postgres",
                "COMMENT ON DATABASE veloz_recovery_7 IS E'veloz-wal: staged by a recovery (" + "7".repeat(32)
                        + "), not in use. Original comment follows.\\n'");
        String server = psql("postgres", "SELECT system_identifier FROM pg_control_system()");
        psql("postgres", "CREATE DATABASE veloz_recovery_8");
        new StagingRecord(StateDirectory.open(dir.resolve("state")))
                .write(List.of(
                        files.toString(),
                        log.toString(),
                        "database " + server + " " + "7".repeat(32) + " veloz_recovery_7",
                        "database " + server + " " + "8".repeat(32) + " veloz_recovery_8"));
        assertThat(assess().facts())
                .filteredOn(fact -> fact.name().equals("staging"))
                .singleElement()
                .satisfies(fact -> assertThat(fact.found())
                        .startsWith("[" + files + ", " + log + ", database veloz_recovery_7] are of a recovery")
                        .contains("`veloz-wal recover --clean-up --profile " + profile.file() + "`"));
    }

    @Test
    void assessmentOfAReadOnlyEngineMakesItLive() throws Exception {
        profile = profile("engine.url = http://127.0.0.1:" + port + "\n");
        HttpServer readOnly = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        readOnly.start();
        try {
            assertThat(assess().result()).isEqualTo(Assessment.Case.READ_ONLY);
            assertThat(assess().next()).isEqualTo("curl -f -X POST http://127.0.0.1:" + port + "/api/admin/live");
            assertThat(assess().facts()).anyMatch(fact -> fact.found().contains(" answers: it runs read-only"));
        } finally {
            readOnly.stop(0);
        }
    }

    @Test
    void assessmentOfAnEngineThatCannotBeExaminedReportsThat() throws Exception {
        profile = profile("engine.url = https://engine.invalid:8443\n");
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTART);
        assertThat(fact("engine"))
                .startsWith("no process has the log open; whether a process accepts connections at"
                        + " https://engine.invalid:8443 is not known (");
    }

    @Test
    void assessmentWithoutPointsRestoresTheLogOrMakesABackup() throws Exception {
        Trees.delete(dir.resolve("archive/points"));
        profile = profile("");
        try (OrderLog running =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            assertThat(assess().result()).isEqualTo(Assessment.Case.NO_POINTS);
            assertThat(assess().next()).isEqualTo("veloz-wal backup " + uri() + " --profile " + profile.file());
            assertThat(running.wal().lastSequence()).isEqualTo(5);
        }
        Trees.delete(dir.resolve("wal"));
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTORE_LOG);
        assertThat(assess().next()).isEqualTo("veloz-wal restore " + uri() + " " + dir.resolve("wal"));
        Trees.delete(dir.resolve("etc/veloz"));
        assertThat(assess().result()).isEqualTo(Assessment.Case.UNCLEAR);
        assertThat(assess().next()).startsWith("find the archive that has recovery points");
    }

    @Test
    void assessmentOfANewEngineDoesNotRestoreFromAnArchiveThatDoesNotExist() throws Exception {
        Trees.delete(dir.resolve("wal"));
        store = new DirectoryStore(dir.resolve("new"));
        profile = profile("");
        assertThat(assess().result()).isEqualTo(Assessment.Case.UNCLEAR);
        assertThat(assess().next()).startsWith("start the engine if it is new");
        assertThat(fact("recovery points")).endsWith("to which no log was shipped yet");
    }

    private String tool(String options) {
        return "veloz-wal recover " + options + " --profile " + profile.file();
    }

    private void assertNext(Assessment.Case result, String next, String... alternative) throws IOException {
        Assessment found = assess();
        assertThat(found.result()).as("%s", found).isEqualTo(result);
        assertThat(found.next()).isEqualTo(next);
        assertThat(found.alternative().stream()).containsExactly(alternative);
    }

    private String fact(String name) throws IOException {
        return assess().facts().stream()
                .filter(fact -> fact.name().equals(name))
                .map(Assessment.Fact::found)
                .findFirst()
                .orElseThrow();
    }

    private void rollBack() throws IOException {
        new Recovery(profile).rollBack(RecoveryOptions.of(Set.of()));
    }

    @Test
    void assessmentAfterARollbackStartsTheEngineByItsOwnCommand() throws Exception {
        recover(whole());
        rollBack();
        String remark = "   (`" + tool("--clean-up") + "` deletes what the rollback has set aside)";
        assertNext(Assessment.Case.RESTART, "start the engine" + remark);
        profile = profile("engine.start = /opt/veloz/start --read-only\nengine.url = http://127.0.0.1:" + port + "\n");
        assertNext(Assessment.Case.RESTART, "/opt/veloz/start --read-only" + remark);
        assertThat(fact("earlier recovery")).startsWith("rolled back; what it had put in place is kept until `");
        try (OrderLog running =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            assertNext(Assessment.Case.HEALTHY, tool("--clean-up"));
            assertThat(running.wal().lastSequence()).isEqualTo(5);
        }
    }

    @Test
    void assessmentOfAReadOnlyEngineResumesACompleteRecoveryButNotARolledBackOne() throws Exception {
        profile = profile("engine.url = http://127.0.0.1:" + port + "\n");
        recover(whole());
        HttpServer readOnly = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        readOnly.start();
        try {
            assertNext(Assessment.Case.READ_ONLY, tool("--resume --go-live"));
        } finally {
            readOnly.stop(0);
        }
        rollBack();
        readOnly = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        readOnly.start();
        try {
            assertNext(Assessment.Case.READ_ONLY, "curl -f -X POST http://127.0.0.1:" + port + "/api/admin/live");
        } finally {
            readOnly.stop(0);
        }
    }

    /** Begins a clean-up, and ends it after the given number of steps. */
    private void cutCleanUp(int at) {
        int[] left = {at};
        assertThatThrownBy(() -> new Recovery(profile, Clock.systemUTC(), () -> {
                            if (--left[0] == 0) {
                                throw new Died();
                            }
                        })
                        .cleanUp(NO_OPTIONS))
                .isInstanceOf(Died.class);
    }

    @Test
    void assessmentCompletesACleanUpThatWasCut() throws Exception {
        recover(whole());
        cutCleanUp(4);
        assertNext(Assessment.Case.HALF_DONE, tool("--clean-up"));
        assertThat(fact("earlier recovery"))
                .isEqualTo("its clean-up was interrupted: a part of [" + dir.resolve("etc/veloz.before-recovery-1")
                        + ", database veloz_before_recovery_1, " + dir.resolve("wal.before-recovery-1")
                        + "] is deleted, and nothing of it can be put back");
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertNext(Assessment.Case.RESTART, "start the engine");
    }

    @Test
    void assessmentOfALossDuringACleanUpKeepsTheCopiesThatAreLeft() throws Exception {
        recover(whole());
        cutCleanUp(2);
        psql("postgres", "DROP DATABASE veloz");
        assertNext(Assessment.Case.HALF_DONE, tool("--clean-up --without-database"));
        Trees.delete(dir.resolve("etc/veloz/secrets"));
        Path kept = dir.resolve("etc/veloz.before-recovery-1");
        assertNext(
                Assessment.Case.HALF_DONE,
                "mv " + kept.resolve("secrets") + " " + kept + ".secrets.saved && "
                        + tool("--clean-up --without-database"));
        Trees.delete(kept);
        Trees.delete(dir.resolve("wal"));
        Path copy = dir.resolve("wal.before-recovery-1");
        assertNext(
                Assessment.Case.HALF_DONE,
                "mv " + copy + " " + copy + ".saved && " + tool("--clean-up --without-database"));
    }

    @Test
    void assessmentOfADatabaseThatIsLostAfterARecoveryKeepsTheLastCopy() throws Exception {
        recover(whole());
        psql("postgres", "DROP DATABASE veloz");
        String puts =
                "   (puts back veloz_before_recovery_1, from before the recovery; the archive has the other copy)";
        String keeps = tool("--clean-up --without-database")
                + "   (keeps database veloz_before_recovery_1; then assess again)";
        assertNext(Assessment.Case.RECOVER_DATABASE, tool("--roll-back") + puts, keeps);
        assertThat(fact("database")).endsWith("; veloz_before_recovery_1, from before the recovery, exists");
        try (OrderLog written =
                OrderLog.open(OrderLogConfig.builder(dir.resolve("wal")).build())) {
            append(written, 6, 6);
        }
        assertNext(Assessment.Case.RECOVER_DATABASE, tool("--roll-back --set-aside-changes") + puts, keeps);
        psql("postgres", "DROP DATABASE veloz_before_recovery_1");
        assertNext(
                Assessment.Case.RECOVER_DATABASE,
                tool("--clean-up --without-database") + "   (then assess again)",
                tool("--roll-back --without-database --set-aside-changes"));
    }

    @Test
    void assessmentOfRootsThatAreLostAfterARecoveryCopiesWhatTheRecoveryKept() throws Exception {
        recover(whole());
        Path root = dir.resolve("etc/veloz");
        Path kept = dir.resolve("etc/veloz.before-recovery-1");
        String remark = "   (from before the recovery; the archive has the other copy; then assess again)";
        Trees.delete(root.resolve("secrets"));
        assertNext(
                Assessment.Case.RECOVER_FILES,
                "cp -a " + kept.resolve("secrets") + " " + root.resolve("secrets") + remark);
        Trees.delete(root);
        assertNext(Assessment.Case.RECOVER_FILES, "cp -a " + kept + " " + root + remark);
        assertThat(new ProcessBuilder("cp", "-a", kept.toString(), root.toString())
                        .start()
                        .waitFor())
                .isZero();
        assertNext(Assessment.Case.RESTART, "start the engine");
        rollBack();
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
    }

    @Test
    void assessmentOfALogThatIsLostAfterARecoveryKeepsTheOneFromBefore() throws Exception {
        recover(whole());
        Path log = dir.resolve("wal");
        Path kept = dir.resolve("wal.before-recovery-1");
        Trees.delete(log);
        assertNext(
                Assessment.Case.RESTORE_LOG,
                "cp -a " + kept + " " + log
                        + "   (from before the recovery; the archive has the records that were shipped; then assess again)");
        Files.createDirectory(log);
        assertNext(
                Assessment.Case.RESTORE_LOG,
                "mv " + kept + " " + kept + ".saved && " + tool("--clean-up") + "   (" + kept
                        + ".saved is the log from before the recovery; the archive has the records that were shipped; then assess again)",
                tool("--roll-back --set-aside-changes"));
        Files.move(kept, dir.resolve("wal.before-recovery-1.saved"));
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertNext(
                Assessment.Case.RESTORE_LOG,
                "veloz-wal recover-log " + uri() + " --profile " + profile.file() + " --plan");
    }

    @Test
    void assessmentOfALossAfterARecoveryThatReplacedNothingCleansUpFirst() throws Exception {
        loseEverything();
        recover(whole().createRoles());
        Path root = dir.resolve("etc/veloz");
        Trees.delete(root.resolve("secrets"));
        assertNext(Assessment.Case.RECOVER_FILES, tool("--clean-up") + "   (then assess again)", tool("--roll-back"));
        Trees.delete(root);
        assertNext(Assessment.Case.RECOVER_FILES, tool("--clean-up") + "   (then assess again)", tool("--roll-back"));
        rollBack();
        assertThat(root).doesNotExist();
    }

    @Test
    void assessmentOfALossAfterARollbackCleansUpFirst() throws Exception {
        loseEverything();
        recover(whole().createRoles());
        rollBack();
        assertNext(
                Assessment.Case.FULL_RECOVERY,
                tool("--clean-up") + "   (deletes [" + dir.resolve("etc/.veloz.recovery-1")
                        + ", database veloz_recovery_1, " + dir.resolve(".wal.recovery-1")
                        + "], which the recovery had put in place; the archive has the records that were shipped; then assess again)");
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertThat(assess().next()).endsWith(" --key FILE --signer FILE --plan");
    }

    private void shell(String next) throws Exception {
        String command = next.split("   \\(")[0];
        assertThat(new ProcessBuilder("sh", "-c", command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor())
                .as(command)
                .isZero();
    }

    @Test
    void assessmentOfRootsThatAreLostAfterARollbackCopiesWhatTheRollbackSetAside() throws Exception {
        recover(whole());
        rollBack();
        Path root = dir.resolve("etc/veloz");
        Path setAside = dir.resolve("etc/.veloz.recovery-1");
        String remark = "   (what the recovery had put in place; the archive has the other copy; then assess again)";
        Trees.delete(root.resolve("secrets"));
        assertNext(
                Assessment.Case.RECOVER_FILES,
                "cp -a " + setAside.resolve("secrets") + " " + root.resolve("secrets") + remark);
        Trees.delete(root);
        assertNext(Assessment.Case.RECOVER_FILES, "cp -a " + setAside + " " + root + remark);
        shell(assess().next());
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTART);
        new Recovery(profile).cleanUp(NO_OPTIONS);
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
    }

    @Test
    void assessmentOfALogThatIsLostAfterARollbackKeepsTheOneThatWasSetAside() throws Exception {
        recover(whole());
        rollBack();
        Path log = dir.resolve("wal");
        Path setAside = dir.resolve(".wal.recovery-1");
        Trees.delete(log);
        Files.createDirectory(log);
        assertNext(
                Assessment.Case.RESTORE_LOG,
                "mv " + setAside + " " + setAside + ".saved && " + tool("--clean-up") + "   (" + setAside
                        + ".saved is the log that the recovery had put in place; the archive has the records that were"
                        + " shipped; then assess again)");
        Files.delete(log);
        shell(assess().next());
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTART);
    }

    @Test
    void assessmentOfADatabaseThatIsLostAfterARollbackPutsTheOneInPlaceThatWasSetAside() throws Exception {
        recover(whole());
        psql("veloz", "UPDATE accounts SET balance = 7 WHERE id = 1");
        rollBack();
        psql("postgres", "DROP DATABASE veloz");
        Assessment found = assess();
        assertThat(found.result()).isEqualTo(Assessment.Case.RECOVER_DATABASE);
        assertThat(found.next())
                .endsWith(
                        "   (puts back veloz_recovery_1, which the recovery had put in place; the archive has the other"
                                + " copy; then assess again)");
        assertThat(found.alternative())
                .contains(tool("--clean-up --without-database")
                        + "   (keeps database veloz_recovery_1; then assess again)");
        shell(found.next());
        assertThat(psql("veloz", "SELECT balance FROM accounts WHERE id = 1")).isEqualTo("7");
        assertThat(assess().result()).isEqualTo(Assessment.Case.RESTART);
        assertThat(new Recovery(profile).cleanUp(NO_OPTIONS)).doesNotContain("database veloz_recovery_1");
        assertThat(psql("veloz", "SELECT balance FROM accounts WHERE id = 1")).isEqualTo("7");
    }

    @Test
    void assessmentAfterARollbackDeletesNothingThatTheArchiveDoesNotHave() throws Exception {
        loseEverything();
        recover(whole().createRoles());
        rollBack();
        Trees.delete(dir.resolve("archive/points"));
        Path setAside = dir.resolve("etc/.veloz.recovery-1");
        Assessment found = assess();
        assertThat(found.result()).isEqualTo(Assessment.Case.FULL_RECOVERY);
        assertThat(found.next()).startsWith("cp -a ").contains(setAside + " " + dir.resolve("etc/veloz"));
        shell(found.next());
        found = assess();
        assertThat(found.next()).contains("ALTER DATABASE").contains("(puts back veloz_recovery_1, ");
        shell(found.next());
        assertThat(assess().facts())
                .filteredOn(fact ->
                        Set.of("configuration", "secrets", "database", "log").contains(fact.name()))
                .allMatch(Assessment.Fact::intact);
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
    }

    @Test
    void assessmentLeavesLostDatabasesOutOfAnInterruptedRecovery() throws Exception {
        assertThat(dies(3)).isTrue();
        profile = profile("", "/nowhere");
        assertNext(Assessment.Case.HALF_DONE, tool("--resume"), tool("--roll-back"));
        assertThat(fact("database"))
                .endsWith(
                        ". If the server is lost, --without-database leaves it out of recover --resume, --roll-back and"
                                + " --clean-up");
        profile = profile("");
        psql("postgres", "DROP DATABASE veloz");
        psql("postgres", "DROP DATABASE veloz_recovery_1");
        assertNext(
                Assessment.Case.HALF_DONE, tool("--resume --without-database"), tool("--roll-back --without-database"));
    }

    @Test
    void assessmentResumesWithTheStagedDatabaseIfTheLiveOneIsLost() throws Exception {
        assertThat(dies(3)).isTrue();
        psql("postgres", "DROP DATABASE veloz");
        assertNext(Assessment.Case.HALF_DONE, tool("--resume"), tool("--roll-back --without-database"));
        new Recovery(profile).resume(whole(), RecoveryProgress.NONE);
        assertThat(inPlace()).containsAllEntriesOf(OF_THE_POINT);
    }

    @Test
    void assessmentRollsBackToADatabaseThatDidNotExist() throws Exception {
        psql("postgres", "DROP DATABASE veloz");
        assertThat(dies(3)).isTrue();
        assertNext(Assessment.Case.HALF_DONE, tool("--resume"), tool("--roll-back"));
        rollBack();
        assertThat(psql("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'veloz'"))
                .isEqualTo("0");
    }

    private Assessment assess() throws IOException {
        return Assessment.of(profile, Optional.of(store), uri());
    }
}
