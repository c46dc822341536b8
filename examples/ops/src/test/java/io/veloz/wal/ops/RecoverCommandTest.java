package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalRecovery;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code recover} on a real log with its archive in a directory. */
@Timeout(120)
class RecoverCommandTest {
    @TempDir
    Path scratch;

    private BackedUpEngine engine;

    @BeforeEach
    void makePoint() throws Exception {
        engine = new BackedUpEngine(scratch);
        engine.run("backup").exits(ExitCode.OK);
    }

    private long lastSequence() {
        return WalRecovery.lastSequence(ReadOptions.of(engine.log()));
    }

    private Path kept(String place) {
        return scratch.resolve(place + ".before-recovery-1");
    }

    // ---- plan

    @Test
    void planIsPrintedAndChangesNothing() throws Exception {
        Files.writeString(engine.config(), "depth: 6\n");
        ToolRun run = engine.run("recover", "--plan").exits(ExitCode.OK);
        assertThat(run.out())
                .contains("point       1, made ", "fetches     configuration ", "oldest      ", "steps\n  stage ")
                .contains("keep what is in " + scratch.resolve("etc/veloz"), "restore records 1 to 5");
        assertThat(engine.config()).hasContent("depth: 6");
        assertThat(engine.run("recover", "--plan", "--json")
                        .json()
                        .get("outcome")
                        .asText())
                .isEqualTo("PLANNED");
    }

    @Test
    void planOfAMissingPointIsRefused() {
        engine.run("recover", "--plan", "--point", 7).isRefusedWith("has recovery points 1 to 1, and not 7");
        engine.run("recover", "--plan", "--until-time", "2001-01-01T00:00:00Z")
                .isRefusedWith("no recovery point that was made until 2001");
    }

    @Test
    void planToStartWithoutAStartCommandIsRefused() {
        engine.run("recover", "--plan", "--start").isRefusedWith("engine.start or engine.url is missing");
    }

    // ---- run

    @Test
    void lostEngineIsRecoveredWithOneCommand() throws Exception {
        engine.loseEverything();
        ToolRun run = engine.runWithKeys("recover").exits(ExitCode.OK);
        assertThat(engine.config()).hasContent("depth: 5");
        assertThat(engine.secret()).hasContent(BackedUpEngine.MARKER);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(engine.secret())))
                .isEqualTo("rw-------");
        assertThat(lastSequence()).isEqualTo(5);
        assertThat(run.out())
                .containsSubsequence(
                        "steps\n", "outcome     recovered from point 1", "log         up to record 5, written ")
                .contains("engine      not started", "reconcile   with the venue: ")
                .contains("next        veloz-wal recover --resume --start --profile " + engine.profile())
                .contains("or          veloz-wal recover --roll-back --profile " + engine.profile());
        assertThat(run.err()).isEmpty();
    }

    @Test
    void recoveryIsReportedAsOneJsonObject() throws Exception {
        engine.loseEverything();
        JsonNode json =
                engine.runWithKeys("recover", "--json").exits(ExitCode.OK).json();
        assertThat(json.get("outcome").asText()).isEqualTo("RECOVERED");
        assertThat(json.get("point").asLong()).isEqualTo(1);
        assertThat(json.get("last_sequence").asLong()).isEqualTo(5);
        assertThat(json.get("started").asBoolean()).isFalse();
        assertThat(json.get("reconcile_from").asText())
                .isEqualTo(json.get("last_record").asText());
        assertThat(json.get("took_ns").get("switch").asLong()).isPositive();
        assertThat(json.get("plan").get("attachments")).hasSize(2);
        assertThat(json.get("next").asText()).startsWith("veloz-wal recover --resume --start ");
    }

    @Test
    void recoveryIsRolledBack() throws Exception {
        Files.writeString(engine.config(), "depth: 6\n");
        engine.runWithKeys("recover", "--no-log").exits(ExitCode.OK);
        assertThat(engine.config()).hasContent("depth: 5");
        assertThat(engine.run("recover", "--roll-back").exits(ExitCode.OK).out())
                .startsWith("rolled back: ");
        assertThat(engine.config()).hasContent("depth: 6");
        assertThat(engine.run("recover", "--clean-up").exits(ExitCode.OK).out())
                .startsWith("cleaned up")
                .contains("- deleted: ");
        assertThat(engine.run("recover", "--clean-up").exits(ExitCode.OK).out()).startsWith("nothing to clean up");
        engine.run("recover", "--roll-back").isRefusedWith("no recovery is recorded in ");
    }

    @Test
    void recoveryIsCleanedUp() throws Exception {
        engine.runWithKeys("recover").exits(ExitCode.OK);
        assertThat(kept("etc/veloz")).isDirectory();
        assertThat(engine.run("recover", "--clean-up", "--json")
                        .json()
                        .get("outcome")
                        .asText())
                .isEqualTo("CLEANED_UP");
        assertThat(kept("etc/veloz")).doesNotExist();
        assertThat(engine.config()).hasContent("depth: 5");
    }

    @Test
    void rollbackAfterTheEngineWroteIsRefusedUnlessTheChangesAreSetAside() throws Exception {
        engine.runWithKeys("recover").exits(ExitCode.OK);
        engine.append("late");
        engine.run("recover", "--roll-back").isRefusedWith("use --set-aside-changes");
        assertThat(engine.run("recover", "--roll-back", "--set-aside-changes")
                        .exits(ExitCode.OK)
                        .out())
                .contains("- set aside: ");
        engine.run("recover", "--clean-up").isRefusedWith("which the engine wrote after the recovery");
    }

    @Test
    void secondRecoveryIsRefusedUntilTheFirstIsCleanedUp() {
        engine.runWithKeys("recover", "--no-log").exits(ExitCode.OK);
        JsonNode json =
                engine.runWithKeys("recover", "--json").exits(ExitCode.REFUSED).json();
        assertThat(json.get("reason").asText()).isEqualTo("HALF_DONE");
        assertThat(json.get("message").asText())
                .contains("run `recover` with --resume, --roll-back or --clean-up first");
    }

    @Test
    void commandsOfOneKindLeaveTheRest() throws Exception {
        engine.write("etc/veloz/secrets/venue.key", "newer", "rw-------");
        Files.writeString(engine.config(), "depth: 6\n");
        engine.append("late");
        engine.runWithKeys("recover-config").exits(ExitCode.OK);
        assertThat(engine.config()).hasContent("depth: 5");
        assertThat(engine.secret()).hasContent("newer");
        assertThat(lastSequence()).isEqualTo(6);
        engine.run("recover", "--clean-up").exits(ExitCode.OK);
        engine.runWithKeys("recover-secrets").exits(ExitCode.OK);
        assertThat(engine.secret()).hasContent(BackedUpEngine.MARKER);
    }

    @Test
    void logAloneNeedsNoKeys() throws Exception {
        BackedUpEngine.delete(engine.log());
        ToolRun run = engine.run("recover-log").exits(ExitCode.OK);
        assertThat(run.out()).contains("log         up to record 5");
        assertThat(lastSequence()).isEqualTo(5);
    }

    @Test
    void recordsThatAreNotArchivedAreKeptUnlessTheyAreDiscarded() {
        engine.append("late");
        assertThat(engine.run("recover-log").exits(ExitCode.WARNING).out())
                .contains("has all archived records, and 1 more");
        assertThat(lastSequence()).isEqualTo(6);
        engine.run("recover", "--roll-back").exits(ExitCode.OK);
        engine.run("recover", "--clean-up").exits(ExitCode.OK);
        engine.run("recover-log", "--discard-local-log").exits(ExitCode.OK);
        assertThat(lastSequence()).isEqualTo(5);
    }

    @Test
    void logEndsAtThePointOnRequest() {
        engine.append("late");
        engine.ship();
        engine.run("recover-log", "--point", 1, "--log-to-the-point").exits(ExitCode.WARNING);
        assertThat(lastSequence()).isEqualTo(5);
    }

    // ---- start

    /** Writes scripts that start and stop an engine as a process, and names them in the profile. */
    private void startable(String more) throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Path pid = scratch.resolve("pid");
        engine.write(
                "start.sh",
                "#!/bin/sh\n" + java + " -cp " + System.getProperty("java.class.path") + " "
                        + TestEngine.class.getName() + " " + engine.log() + " " + port + " " + more
                        + " > /dev/null 2>&1 < /dev/null &\necho $! > " + pid + "\n",
                "rwx------");
        engine.write("stop.sh", "#!/bin/sh\nif test -f " + pid + "; then kill $(cat " + pid + "); fi\n", "rwx------");
        engine.profile("engine.start = " + scratch.resolve("start.sh") + "\nengine.stop = " + scratch.resolve("stop.sh")
                + "\nengine.url = http://127.0.0.1:" + port + "\nengine.start-timeout = 60s\n");
    }

    @AfterEach
    void stopEngine() throws Exception {
        if (Files.exists(scratch.resolve("pid"))) {
            new ProcessBuilder(scratch.resolve("stop.sh").toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        }
    }

    @Test
    void engineIsStartedComparedAndMadeLive() throws Exception {
        startable("");
        engine.loseEverything();
        ToolRun started = engine.runWithKeys("recover", "--start").exits(ExitCode.OK);
        assertThat(started.out())
                .contains("engine      started, its state equals the log", "reconcile   with the venue: ")
                .contains("next        veloz-wal recover --resume --go-live --profile ");
        assertThat(engine.run("assess").exits(ExitCode.OK).out())
                .contains("case  read only\nnext  veloz-wal recover --resume --go-live --profile " + engine.profile());
        ToolRun live = engine.run("recover", "--resume", "--go-live").exits(ExitCode.OK);
        assertThat(live.out())
                .contains("engine      started, its state equals the log, accepts orders")
                .contains("next        veloz-wal recover --clean-up --profile ")
                .doesNotContain("reconcile", "--roll-back");
    }

    @Test
    void engineWithAnotherStateFails() throws Exception {
        startable("--forgetful");
        ToolRun run = engine.runWithKeys("recover", "--start", "--json").exits(ExitCode.FAILED);
        assertThat(run.json().get("reason").asText()).isEqualTo("NOT_VERIFIED");
        assertThat(run.err())
                .contains(
                        "the engine is not as the log says",
                        "run `recover --resume --start`, or `recover --roll-back`");
    }

    // ---- refusals and failures

    @Test
    void runningEngineIsRefused() {
        try (Wal open = Wal.open(engine.log())) {
            ToolRun run = engine.runWithKeys("recover").exits(ExitCode.REFUSED);
            assertThat(run.err()).contains("has the order log in ", "stop the engine");
            assertThat(open.lastSequence()).isEqualTo(5);
        }
    }

    @Test
    void damagedAttachmentFails() throws Exception {
        Path chunk = engine.object("attachments", "secrets_");
        byte[] bytes = Files.readAllBytes(chunk);
        bytes[bytes.length / 2]++;
        Files.write(chunk, bytes);
        JsonNode json =
                engine.runWithKeys("recover", "--json").exits(ExitCode.FAILED).json();
        assertThat(json.get("reason").asText()).isEqualTo("DAMAGED");
        assertThat(json.get("outcome").asText()).isEqualTo("FAILED");
        assertThat(kept("etc/veloz")).doesNotExist();
    }

    @Test
    void missingChunkFails() throws Exception {
        Files.delete(engine.object("attachments", "configuration_"));
        assertThat(engine.runWithKeys("recover", "--json")
                        .exits(ExitCode.FAILED)
                        .json()
                        .get("reason")
                        .asText())
                .isEqualTo("INCOMPLETE");
    }

    @Test
    void keyOfAStrangerIsRefused() throws Exception {
        engine.write("keys/operations.key", BackedUpEngine.strangersKey(), "rw-------");
        assertThat(engine.runWithKeys("recover", "--json")
                        .exits(ExitCode.REFUSED)
                        .json()
                        .get("reason")
                        .asText())
                .isEqualTo("KEY_MISSING");
        assertThat(kept("etc/veloz")).doesNotExist();
    }

    @Test
    void anotherLogInTheDirectoryIsRefused() throws Exception {
        BackedUpEngine.delete(engine.log());
        Logs.ofOrders(engine.log());
        JsonNode json =
                engine.run("recover-log", "--json").exits(ExitCode.REFUSED).json();
        assertThat(json.get("reason").asText()).isEqualTo("LOG_DIVERGED");
        assertThat(json.get("message").asText()).contains("use --discard-local-log");
    }

    @Test
    void archiveWithoutPointsIsRefused() throws Exception {
        BackedUpEngine.delete(scratch.resolve("archive/points"));
        engine.run("recover", "--plan").isRefusedWith("has no recovery points");
    }

    @Test
    void profileWithoutALogDirectoryIsRefusedUnlessTheLogIsLeft() throws Exception {
        engine.profileWithout("log.directory");
        engine.run("recover", "--plan").isRefusedWith("--no-log recovers the rest");
        engine.run("recover", "--plan", "--no-log").exits(ExitCode.OK);
    }

    @Test
    void refusalNamesNothingThatWasTypedIntoAFile() throws Exception {
        Files.write(scratch.resolve("keys/signer.asc"), BackedUpEngine.MARKER.getBytes(StandardCharsets.UTF_8));
        assertThat(engine.runWithKeys("recover").exits(ExitCode.REFUSED).err()).contains("the keys cannot be read");
    }

    // ---- usage

    @ParameterizedTest
    @CsvSource({
        "--no-log --discard-local-log, contradicts --discard-local-log",
        "--no-log --log-to-the-point, contradicts --log-to-the-point",
        "--resume --roll-back, contradicts --roll-back",
        "--roll-back --start, contradicts --start",
        "--clean-up --point 1, contradicts --point",
        "--point 1 --set-aside-changes, contradicts --set-aside-changes",
        "--without-database --no-log, contradicts --without-database",
        "--resume --plan, contradicts --plan",
        "--kinds secrets --create-roles, contradicts --create-roles",
        "--point 1 --until-time 2026-01-01T00:00:00Z, mutually exclusive",
        "--kinds frob, expected one of"
    })
    void optionsThatContradictAreAUsageError(String options, String message) {
        Object[] words = ("recover " + options).split(" ");
        assertThat(engine.run(words).exits(ExitCode.USAGE).err()).contains(message);
    }

    @Test
    void keysAreRequiredToDecrypt() {
        assertThat(engine.run("recover").exits(ExitCode.USAGE).err()).contains("--key is missing");
        assertThat(engine.run("recover-log", "--key", "x").exits(ExitCode.USAGE).err())
                .contains("--key");
    }
}
