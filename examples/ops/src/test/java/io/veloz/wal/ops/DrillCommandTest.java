package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code drill} on a real log, with an engine that is a process. */
@Timeout(180)
class DrillCommandTest {
    @TempDir
    Path scratch;

    private BackedUpEngine engine;

    @BeforeEach
    void makePoint() throws Exception {
        engine = new BackedUpEngine(scratch);
        engine.run("backup").exits(ExitCode.OK);
    }

    private ToolRun drill(Object... options) {
        Object[] all = new Object[options.length + 3];
        all[0] = "drill";
        all[1] = "--directory";
        all[2] = scratch.resolve("drill");
        System.arraycopy(options, 0, all, 3, options.length);
        return engine.runWithKeys(all);
    }

    private void withEngine() throws Exception {
        engine.profile("engine.start-timeout = 60s\ndrill.engine = "
                + Path.of(System.getProperty("java.home"), "bin", "java") + " -cp "
                + System.getProperty("java.class.path")
                + " io.veloz.wal.ops.TestEngine {log} {port}\n");
    }

    @Test
    void passedDrillHasAReportAndAMetric() throws Exception {
        withEngine();
        Path report = scratch.resolve("drill.html");
        Path metrics = scratch.resolve("drill.prom");
        ToolRun run = drill("--report", report, "--metrics-file", metrics).exits(ExitCode.OK);
        assertThat(run.out())
                .contains("- passed: log is restored and complete (", "- passed: secrets are decrypted (")
                .contains("RPO         ", "RTO         ", "result: PASSED");
        assertThat(report).content().contains("<svg", "PASSED").doesNotContain(BackedUpEngine.MARKER);
        assertThat(metrics).content().contains("veloz_backup_drill_last_success_timestamp_seconds ");
        assertThat(scratch.resolve("drill")).doesNotExist();
        assertThat(engine.config()).hasContent("depth: 5");
    }

    @Test
    void drillWithoutAnEngineIsInconclusive() {
        Path metrics = scratch.resolve("drill.prom");
        JsonNode json = drill("--json", "--metrics-file", metrics)
                .exits(ExitCode.UNREACHABLE)
                .json();
        assertThat(json.get("outcome").asText()).isEqualTo("INCONCLUSIVE");
        assertThat(json.get("point").asLong()).isEqualTo(1);
        assertThat(json.get("last_sequence").asLong()).isEqualTo(5);
        assertThat(json.get("rto_ns").asLong()).isPositive();
        assertThat(json.get("checks").get(0).get("result").asText()).isEqualTo("PASSED");
        assertThat(metrics).doesNotExist();
    }

    @Test
    void damagedSecretsFailTheDrill() throws Exception {
        Path chunk = engine.object("attachments", "secrets_");
        byte[] bytes = Files.readAllBytes(chunk);
        bytes[bytes.length / 2]++;
        Files.write(chunk, bytes);
        assertThat(drill().exits(ExitCode.FAILED).out())
                .contains("- failed: secrets are decrypted (", "result: FAILED");
    }

    @Test
    void directoryOfProductionIsRefused() {
        engine.runWithKeys("drill", "--directory", scratch.resolve("etc/veloz/drill"))
                .isRefusedWith("which the profile names: use another directory");
    }

    @Test
    void reportThatCannotBeWrittenIsRefusedBeforeTheDrill() {
        drill("--report", scratch.resolve("none/drill.html")).isRefusedWith("drill.html cannot be written");
        assertThat(scratch.resolve("archive/receipts")).doesNotExist();
    }

    @Test
    void directoryIsKeptOnRequest() {
        drill("--keep", "--point", 1).exits(ExitCode.UNREACHABLE);
        assertThat(scratch.resolve("drill/wal")).isDirectory();
    }

    @Test
    void keysAreRequired() {
        assertThat(engine.run("drill").exits(ExitCode.USAGE).err()).contains("--key is missing");
        assertThat(engine.run("drill", "--key", "x").exits(ExitCode.USAGE).err())
                .contains("--signer is missing");
    }
}
