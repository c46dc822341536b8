package io.veloz.wal.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class DemoTest {
    @TempDir
    Path dir;

    private final StringWriter shown = new StringWriter();

    private int run(String... arguments) {
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8);
        CommandLine line = Demo.commandLine(nowhere);
        return line.setOut(new PrintWriter(shown))
                .setErr(new PrintWriter(shown))
                .execute(arguments);
    }

    @Test
    void helpContainsOptionsAndExitCodes() {
        assertThat(run("--help")).isZero();
        assertThat(shown.toString())
                .contains("--dir=DIR", "--strict", "Exit codes:", "an acknowledged or archived event is lost");
    }

    @Test
    void invalidOptionsAreReportedByName() {
        assertThat(run("--kils=3")).isEqualTo(64);
        assertThat(run("--threads=0")).isEqualTo(64);
        assertThat(run("--kills=-1")).isEqualTo(64);
        assertThat(shown.toString())
                .contains("'--kils=3'", "--threads is 0, expected 1 to 256", "--kills is -1, expected 0 to 100");
    }

    @Test
    void directoryThatIsNotEmptyIsUnchanged() throws Exception {
        Files.writeString(dir.resolve("mine"), "x");
        assertThat(run("--dir", dir.toString())).isEqualTo(2);
        assertThat(shown.toString()).contains(dir + " is not empty; expected a new or an empty directory");
        assertThat(dir).isDirectoryContaining("glob:**mine");
    }
}
