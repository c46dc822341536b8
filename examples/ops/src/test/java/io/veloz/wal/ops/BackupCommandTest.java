package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code backup} on a real log with its archive in a directory. */
@Timeout(120)
class BackupCommandTest {
    @TempDir
    Path scratch;

    private BackedUpEngine engine;

    @BeforeEach
    void createEngine() throws Exception {
        engine = new BackedUpEngine(scratch);
    }

    private Path points() {
        return scratch.resolve("archive/points");
    }

    @Test
    void pointIsMadeInTheArchiveOfTheProfile() {
        ToolRun run = engine.run("backup").exits(ExitCode.OK);
        assertThat(run.out())
                .contains("archive     file:///", "point       1, made ", "stored      configuration ", ", secrets ")
                .contains("taken at    record 5 of the log, which is archived up to record 5", "took        ");
        assertThat(run.err()).isEmpty();
        assertThat(points().resolve("00000000000000000001")).isRegularFile();
    }

    @Test
    void pointIsReportedAsJson() {
        JsonNode json = engine.run("backup", "--json").exits(ExitCode.OK).json();
        assertThat(json.get("outcome").asText()).isEqualTo("MADE");
        assertThat(json.get("exit_code").asInt()).isZero();
        assertThat(json.get("point").get("number").asLong()).isEqualTo(1);
        assertThat(json.get("point").get("up_to").asLong()).isEqualTo(5);
        assertThat(json.get("point").get("attachments")).hasSize(2);
        assertThat(json.get("stored")).extracting(JsonNode::asText).containsExactly("configuration", "secrets");
        assertThat(json.get("stored_bytes").asLong()).isPositive();
    }

    @Test
    void unchangedSourcesMakeNoPoint() {
        engine.run("backup").exits(ExitCode.OK);
        ToolRun run = engine.run("backup", "--if-changed").exits(ExitCode.OK);
        assertThat(run.out()).contains("point       none: nothing has changed", "unchanged   configuration, secrets");
        assertThat(engine.run("backup", "--json").json().get("outcome").asText())
                .isEqualTo("UNCHANGED");
        assertThat(points()).isDirectoryContaining("glob:**/*1").isDirectoryNotContaining("glob:**/*2");
    }

    @Test
    void commandOfOneKindStoresOnlyThat() {
        assertThat(engine.run("backup-secrets", "--json")
                        .exits(ExitCode.OK)
                        .json()
                        .get("stored"))
                .extracting(JsonNode::asText)
                .containsExactly("secrets");
        assertThat(engine.run("backup-config", "--json")
                        .exits(ExitCode.OK)
                        .json()
                        .get("stored"))
                .extracting(JsonNode::asText)
                .containsExactly("configuration");
    }

    @Test
    void kindsAreSelected() {
        JsonNode json = engine.run("backup", "--kinds", "secrets", "--json")
                .exits(ExitCode.OK)
                .json();
        assertThat(json.get("point").get("attachments")).hasSize(1);
    }

    @Test
    void dryRunStoresNothing() throws Exception {
        ToolRun run = engine.run("backup", "--dry-run").exits(ExitCode.OK);
        assertThat(run.out()).contains("point       1 would be made; nothing was stored", "would store configuration ");
        assertThat(points()).doesNotExist();
        assertThat(scratch.resolve("archive/attachments")).doesNotExist();
        assertThat(engine.run("backup", "--dry-run", "--json")
                        .json()
                        .get("outcome")
                        .asText())
                .isEqualTo("PLANNED");
        engine.run("backup").exits(ExitCode.OK);
    }

    @Test
    void secretThatOthersCanReadIsAFinding() throws Exception {
        Files.setPosixFilePermissions(engine.secret(), PosixFilePermissions.fromString("rw-r--r--"));
        ToolRun run = engine.run("backup").exits(ExitCode.WARNING);
        assertThat(run.out()).contains("- ", "venue.key has mode 644");
        assertThat(points()).isNotEmptyDirectory();
    }

    @Test
    void nothingIsStoredInTheClear() throws Exception {
        engine.run("backup").exits(ExitCode.OK);
        try (Stream<Path> files = Files.walk(scratch.resolve("archive"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .doesNotContain(BackedUpEngine.MARKER);
            }
        }
    }

    // ---- exit code 5

    @Test
    void logThatIsNotArchivedInTimeEndsWithFive() {
        engine.append("late");
        ToolRun run = engine.run("backup", "--patience", "1ms").exits(ExitCode.UNREACHABLE);
        assertThat(run.err()).contains("the log is archived up to record 5", "the backup needs 6", "shipper");
        assertThat(points()).doesNotExist();
        JsonNode json = engine.run("backup", "--patience", "1ms", "--json").json();
        assertThat(json.get("reason").asText()).isEqualTo("LOG_NOT_ARCHIVED");
        assertThat(json.get("exit_code").asInt()).isEqualTo(ExitCode.UNREACHABLE);
    }

    // ---- exit code 4

    @Test
    void unknownKeyOfTheProfileIsRefused() throws Exception {
        engine.profile("configuration.excludes = secrets/**\n");
        engine.run("backup").isRefusedWith("configuration.excludes is not a key of a profile");
    }

    @Test
    void missingProfileIsRefused() throws Exception {
        Files.delete(engine.profile());
        engine.run("backup").isRefusedWith("backup.properties: no such file");
    }

    @Test
    void configurationThatContainsSecretsIsRefused() throws Exception {
        engine.profileWithout("exclude");
        engine.run("backup").isRefusedWith("which is a root of the secrets");
        JsonNode json = engine.run("backup", "--json").exits(ExitCode.REFUSED).json();
        assertThat(json.get("outcome").asText()).isEqualTo("REFUSED");
        assertThat(json.get("reason").asText()).isEqualTo("SECRETS_IN_CONFIGURATION");
    }

    @Test
    void missingSigningKeyIsRefused() throws Exception {
        Files.delete(scratch.resolve("keys/signer.key"));
        engine.run("backup").isRefusedWith("the signing key cannot be read");
    }

    @Test
    void kindThatTheProfileDoesNotHaveIsRefused() {
        engine.run("backup-database").isRefusedWith("has no database; it has configuration, secrets");
        engine.run("backup", "--kinds", "vault,secrets").isRefusedWith("has no vault;");
    }

    @Test
    void archiveOfAnotherLogIsRefused() throws Exception {
        BackedUpEngine.delete(engine.log());
        Logs.ofOrders(engine.log());
        engine.run("backup").isRefusedWith("is the archive of log ");
    }

    @Test
    void archiveThatDoesNotExistIsRefused() throws Exception {
        engine.run("backup", scratch.resolve("nowhere").toUri()).isRefusedWith("the log's archive cannot be read");
    }

    @Test
    void directoryWithoutALogIsRefused() throws Exception {
        engine.profileWithout("log.directory");
        engine.run("backup", "--log", scratch.resolve("etc")).isRefusedWith("does not contain a log");
    }

    // ---- exit code 2

    @Test
    void stateDirectoryThatOthersCanReadFails() throws Exception {
        Files.createDirectory(
                scratch.resolve("state"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        engine.run("backup").failsWith("has mode 755; expected a directory with mode 700");
    }

    // ---- usage

    @Test
    void logIsRequiredWithoutALogDirectoryInTheProfile() throws Exception {
        engine.profileWithout("log.directory");
        assertThat(engine.run("backup").exits(ExitCode.USAGE).err()).contains("--log is missing");
        engine.run("backup", "--log", engine.log()).exits(ExitCode.OK);
    }

    @Test
    void logThatContradictsTheProfileIsAUsageError() {
        assertThat(engine.run("backup", "--log", engine.log())
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("--log contradicts log.directory");
    }

    @Test
    void databaseContradictsIfChanged() throws Exception {
        engine.profile("database.name = veloz\n");
        assertThat(engine.run("backup", "--if-changed", "--kinds", "database")
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("--if-changed excludes the database");
        assertThat(engine.run("backup", "--if-changed", "--json")
                        .exits(ExitCode.OK)
                        .json()
                        .get("stored"))
                .hasSize(2);
    }

    @Test
    void archiveMustBeGivenOnce() throws Exception {
        engine.profileWithout("archive =");
        assertThat(engine.run("backup").exits(ExitCode.USAGE).err()).contains("the URI of the archive is missing");
        engine.run("backup", engine.archive()).exits(ExitCode.OK);
    }

    @Test
    void profileIsRequiredAndUnknownKindsAreListed() {
        assertThat(ToolRun.of("backup").exits(ExitCode.USAGE).err()).contains("--profile");
        assertThat(engine.run("backup", "--kinds", "databse")
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("kind \"databse\": expected one of [configuration, database");
        assertThat(ToolRun.of("backup-config", "--kinds", "secrets", "--profile", "x")
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("--kinds");
    }
}
