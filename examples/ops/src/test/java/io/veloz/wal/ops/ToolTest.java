package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ToolTest {
    @TempDir
    Path scratch;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "inspect",
                "verify",
                "dump",
                "orders",
                "history",
                "legacy-orders",
                "import",
                "salvage",
                "ship",
                "restore",
                "status",
                "probe",
                "doctor",
                "stress",
                "backup",
                "backup-config",
                "backup-secrets",
                "backup-database",
                "backup-vault",
                "recover",
                "recover-config",
                "recover-secrets",
                "recover-database",
                "recover-vault",
                "recover-log",
                "drill",
                "assess",
                "points",
                "retention",
                "hold",
                "keys",
                "schedule",
                "completion"
            })
    void helpContainsExamplesAndExitCodes(String command) {
        ToolRun run = ToolRun.of(command, "--help").exits(ExitCode.OK);
        assertThat(run.out()).contains("Usage: veloz-wal " + command, "Examples and exit codes:", "64  usage");
        assertThat(run.err()).isEmpty();
        assertThat(ToolRun.of("--help").out()).contains("  " + command + " ");
    }

    @Test
    void versionIsThatOfTheBuild() {
        ToolRun run = ToolRun.of("--version").exits(ExitCode.OK);
        assertThat(run.out()).matches("veloz-wal \\d+\\.\\d+\\.\\d+\\S*\\R");
        assertThat(ToolRun.of("dump", "--version").out()).isEqualTo(run.out());
    }

    @Test
    void noCommandIsAUsageErrorThatShowsTheHelp() {
        ToolRun run = ToolRun.of().exits(ExitCode.USAGE);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("Usage: veloz-wal");
    }

    @Test
    void unknownCommandIsAUsageError() {
        assertThat(ToolRun.of("frob").exits(ExitCode.USAGE).err()).contains("'frob'");
    }

    @Test
    void mistypedCommandGetsASuggestion() {
        assertThat(ToolRun.of("verfy", "x").exits(ExitCode.USAGE).err()).contains("verify");
    }

    @Test
    void helpIsACommandToo() {
        assertThat(ToolRun.of("help", "restore").exits(ExitCode.OK).out()).contains("Usage: veloz-wal restore");
        assertThat(ToolRun.of("help").exits(ExitCode.OK).out()).contains("Usage: veloz-wal", "  restore ");
    }

    @Test
    void completionKnowsCommandsAndOptions() {
        assertThat(ToolRun.of("completion").exits(ExitCode.OK).out()).contains("verify", "--take-over", "complete -F");
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "verify", "dump", "orders", "legacy-orders", "status"})
    void errorIsAnObjectWithJson(String command) {
        ToolRun run = ToolRun.of(command, "--json", scratch.resolve("nowhere")).exits(ExitCode.REFUSED);
        assertThat(run.json().get("outcome").asText()).isEqualTo("REFUSED");
        assertThat(run.json().get("exit_code").asInt()).isEqualTo(ExitCode.REFUSED);
        assertThat(run.json().get("message").asText()).contains("nowhere: no such directory");
        assertThat(run.err()).startsWith("error: ");
    }

    @Test
    void missingLogAndMissingArchiveHaveTheSameExitCode() {
        ToolRun.of("verify", scratch.resolve("none")).exits(ExitCode.REFUSED);
        ToolRun.of("verify", scratch.resolve("none").toUri()).exits(ExitCode.REFUSED);
    }

    @Test
    void processPrintsNothingToStandardErrorWithoutAProblem() throws Exception {
        Path log = scratch.resolve("log");
        Path legacy = LegacyCase.of("a-small", scratch).wal();
        List<Object[]> runs = new ArrayList<>();
        runs.add(new Object[] {"stress", log, "--records", 2});
        runs.add(new Object[] {"dump", log});
        runs.add(new Object[] {"verify", log});
        runs.add(new Object[] {"import", legacy, scratch.resolve("imported")});
        runs.add(new Object[] {"orders", scratch.resolve("imported")});
        runs.add(new Object[] {"legacy-orders", legacy});
        URI archive = scratch.resolve("archive").toUri();
        runs.add(new Object[] {"ship", "--once", log, archive});
        runs.add(new Object[] {"restore", archive, scratch.resolve("restored")});
        for (Object[] run : runs) {
            try (ChildTool child = ChildTool.start(run)) {
                assertThat(child.linesLeft()).isNotEmpty();
                assertThat(child.errors()).as("standard error of %s", run[0]).isEmpty();
                assertThat(child.exitCode()).isZero();
            }
        }
    }

    @Test
    void processExitsWithTheCodeOfItsCommand() throws Exception {
        try (ChildTool child = ChildTool.start("dump", scratch.resolve("nowhere"))) {
            assertThat(child.linesLeft()).isEmpty();
            assertThat(child.errors()).isEqualTo("error: " + scratch.resolve("nowhere") + ": no such directory\n");
            assertThat(child.exitCode()).isEqualTo(ExitCode.REFUSED);
        }
    }
}
