package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands about recovery points: {@code points}, {@code verify --points}, {@code retention}, {@code schedule}. */
@Timeout(120)
class PointsCommandTest {
    @TempDir
    Path scratch;

    private BackedUpEngine engine;

    @BeforeEach
    void createEngine() throws Exception {
        engine = new BackedUpEngine(scratch);
    }

    private void makePoint() {
        engine.run("backup").exits(ExitCode.OK);
    }

    private void makeTwoPoints() throws Exception {
        makePoint();
        Files.writeString(engine.config(), "depth: 6\n");
        makePoint();
    }

    private void damage(String kind) throws Exception {
        Path chunk = engine.object("attachments", kind);
        byte[] bytes = Files.readAllBytes(chunk);
        bytes[bytes.length / 2]++;
        Files.write(chunk, bytes);
    }

    // ---- points

    @Test
    void pointsAreListed() throws Exception {
        makeTwoPoints();
        ToolRun run = engine.run("points").exits(ExitCode.OK);
        assertThat(run.out()).contains("point  age", "configuration ", ", secrets ");
        assertThat(run.lines()).hasSize(4);
        JsonNode json = engine.run("points", "--json").exits(ExitCode.OK).json();
        assertThat(json.get("points")).hasSize(2);
        assertThat(json.get("points").get(1).get("number").asLong()).isEqualTo(2);
        assertThat(json.get("points").get(1).get("whole").asBoolean()).isTrue();
    }

    @Test
    void chunksAreNamedByTheirKeys() throws Exception {
        makePoint();
        JsonNode attachments = engine.run("points", "--json")
                .exits(ExitCode.OK)
                .json()
                .get("points")
                .get(0)
                .get("attachments");
        assertThat(attachments).hasSize(2);
        for (JsonNode attachment : attachments) {
            assertThat(attachment.get("chunks")).hasSize(1);
            assertThat(scratch.resolve("archive")
                            .resolve(attachment.get("chunks").get(0).asText()))
                    .isRegularFile();
        }
    }

    @Test
    void archiveWithoutPointsIsAWarning() {
        assertThat(engine.run("points").exits(ExitCode.WARNING).out()).contains("points      none");
    }

    @Test
    void missingChunkIsListed() throws Exception {
        makePoint();
        Files.delete(engine.object("attachments", "secrets_"));
        assertThat(engine.run("points").exits(ExitCode.FAILED).out())
                .contains("- point 1: attachments/secrets_", "is missing");
    }

    @Test
    void damagedChainFails() throws Exception {
        makePoint();
        Path point = engine.object("points", "1");
        byte[] bytes = Files.readAllBytes(point);
        bytes[100] ^= 1;
        Files.write(point, bytes);
        engine.run("points").failsWith("points/00000000000000000001");
    }

    // ---- verify

    @Test
    void pointsAreVerifiedBySizeByDigestAndByDecryption() {
        makePoint();
        assertThat(ToolRun.of("verify", "--points", engine.archive())
                        .exits(ExitCode.OK)
                        .out())
                .contains("1 point, 2 attachments, ", "sizes only", "verdict: sound");
        assertThat(ToolRun.of("verify", "--points", "--full", engine.archive())
                        .exits(ExitCode.OK)
                        .out())
                .contains(", read\n");
        JsonNode json = ToolRun.of(
                        "verify",
                        "--points",
                        "--full",
                        "--json",
                        engine.archive(),
                        "--key",
                        scratch.resolve("keys/operations.key"),
                        "--signer",
                        scratch.resolve("keys/signer.asc"))
                .exits(ExitCode.OK)
                .json();
        assertThat(json.get("decrypted").asBoolean()).isTrue();
    }

    @Test
    void pointsAreVerifiedInTheArchiveOfTheProfile() throws Exception {
        makePoint();
        assertThat(engine.run("verify", "--points").exits(ExitCode.OK).out()).contains("verdict: sound");
        assertThat(engine.run("verify", engine.log()).exits(ExitCode.USAGE).err())
                .contains("--profile is of use only with --points");
        assertThat(ToolRun.of("verify").exits(ExitCode.USAGE).err()).contains("Missing required parameter: 'DIR|URI'");
        engine.profileWithout("archive =");
        assertThat(engine.run("verify", "--points").exits(ExitCode.USAGE).err())
                .contains("the URI of the archive is missing: ");
    }

    @Test
    void changedChunkIsFoundByReading() throws Exception {
        makePoint();
        damage("secrets_");
        ToolRun.of("verify", "--points", engine.archive()).exits(ExitCode.OK);
        assertThat(ToolRun.of("verify", "--points", "--full", engine.archive())
                        .exits(ExitCode.FAILED)
                        .out())
                .contains("- point 1: secrets ", "verdict: damaged");
    }

    @Test
    void verificationOfPointsRequiresAnArchive() {
        assertThat(ToolRun.of("verify", "--points", engine.log())
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("--points requires a URI");
        assertThat(ToolRun.of("verify", engine.archive(), "--key", "x")
                        .exits(ExitCode.USAGE)
                        .err())
                .contains("keys are of use only with --points and --full");
    }

    // ---- retention

    @Test
    void retentionPlansAndAppliesNothingWithinItsTime() throws Exception {
        makeTwoPoints();
        assertThat(engine.run("retention").exits(ExitCode.OK).out())
                .contains(
                        "plan        1, made ",
                        "keeps       point 1: ",
                        "drops       no point",
                        "deletable   0 chunks");
        JsonNode json =
                engine.run("retention", "--apply", "--json").exits(ExitCode.OK).json();
        assertThat(json.get("outcome").asText()).isEqualTo("APPLIED");
        assertThat(json.get("applied").get("deleted")).isEmpty();
    }

    @Test
    void droppedPointIsDeletedAfterItsGrace() throws Exception {
        engine.profile("keep.within = 1s\nkeep.at-least = 1\nkeep.monthly = 0\nkeep.grace = 1s\n");
        makeTwoPoints();
        // The times of the profile are in seconds at least, so this waits for the clock.
        JsonNode json;
        do {
            json = engine.run("retention", "--apply", "--json")
                    .exits(ExitCode.OK)
                    .json();
        } while (json.get("applied").get("deleted").isEmpty());
        assertThat(json.get("plan").get("dropped").get(0).asLong()).isEqualTo(1);
        assertThat(engine.run("points").exits(ExitCode.OK).out()).contains("dropped by retention plan ");
        assertThat(ToolRun.of("verify", "--points", engine.archive())
                        .exits(ExitCode.OK)
                        .out())
                .contains("dropped     1 point by retention, not checked");
    }

    @Test
    void retentionWithoutPointsIsRefused() {
        JsonNode json =
                engine.run("retention", "--json").exits(ExitCode.REFUSED).json();
        assertThat(json.get("reason").asText()).isEqualTo("NO_POINT");
    }

    // ---- schedule

    @ParameterizedTest
    @ValueSource(strings = {"systemd", "cron", "compose"})
    void scheduleIsPrinted(String format) {
        ToolRun run = engine.run("schedule", format, "--jar", "/opt/veloz/veloz-wal.jar")
                .exits(ExitCode.OK);
        assertThat(run.out())
                .contains("/opt/veloz/veloz-wal.jar", engine.profile().toString(), "backup");
        assertThat(run.err())
                .startsWith(
                        "warning: veloz-backup-drill is left out: the profile has no drill.key and no drill.signer; ");
        assertThat(engine.run("schedule", format, "--json")
                        .exits(ExitCode.OK)
                        .json()
                        .get("files"))
                .isNotEmpty();
    }

    @Test
    void scheduleIsWrittenAsFiles() throws Exception {
        Path units = Files.createDirectory(scratch.resolve("units"));
        ToolRun run =
                engine.run("schedule", "systemd", "--output-directory", units).exits(ExitCode.OK);
        assertThat(run.lines())
                .hasSizeGreaterThan(3)
                .allSatisfy(file -> assertThat(Path.of(file)).isNotEmptyFile());
    }

    @Test
    void scheduleIsRefusedWithoutAnArchive() throws Exception {
        engine.profileWithout("archive =");
        engine.run("schedule", "cron").isRefusedWith("archive is missing; a schedule needs it");
        assertThat(engine.run("schedule", "launchd").exits(ExitCode.USAGE).err())
                .contains("launchd");
    }
}
