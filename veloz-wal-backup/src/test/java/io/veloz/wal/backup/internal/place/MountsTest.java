package io.veloz.wal.backup.internal.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.veloz.wal.backup.RecoveryException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MountsTest {
    private static final Path PROC = Path.of("/proc");

    @TempDir
    Path dir;

    @BeforeEach
    void requireTable() {
        assumeTrue(
                Files.isReadable(Path.of("/proc/self/mountinfo")), "needs the table of mounts that Linux has in /proc");
    }

    @Test
    void mountPointAndWhatIsMountedBelowAreFound() throws IOException {
        assertThat(Mounts.atOrBelow(PROC)).contains("/proc");
        assertThat(Mounts.atOrBelow(Path.of("/"))).contains("/proc");
        assertThat(Mounts.atOrBelow(dir)).isEmpty();
    }

    @Test
    void linkToAMountPointIsOne() throws IOException {
        assertThat(Mounts.atOrBelow(Files.createSymbolicLink(dir.resolve("link"), PROC)))
                .contains("/proc");
    }

    /** A process with {@code LANG=C} cannot make a path of every name that another program mounts. */
    @Test
    void mountsWithNamesOfAnotherEncodingAreFoundAndThrowNothing() throws Exception {
        Path table = Files.writeString(
                dir.resolve("mountinfo"),
                "1 0 0:1 / / rw - proc proc rw\n"
                        + "2 1 0:1 / /media/\u00fcbung rw - proc proc rw\n"
                        + "3 1 0:1 / " + dir.toRealPath() + "/b\u00e4ume\\040\\134x rw - proc proc rw\n"
                        + "4 1 0:1 / " + dir.toRealPath() + "-next rw - proc proc rw\n"
                        + "5 1 0:1 / /media/\\9zz rw - proc proc rw\n",
                StandardCharsets.UTF_8);
        Path output = dir.resolve("output");
        ProcessBuilder child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        MountsTest.class.getName(),
                        dir.toString(),
                        table.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        child.environment().put("LC_ALL", "C");
        int exitCode = child.start().waitFor();
        String printed = Files.readString(output, StandardCharsets.UTF_8);
        assertThat(exitCode).as(printed).isZero();
        assertThat(printed).isEqualTo("[" + dir.toRealPath() + "/b\u00e4ume \\x]\n");
    }

    /** The process of the test before. Arguments: directory, table of mounts. */
    public static void main(String[] arguments) throws IOException {
        List<String> found = Mounts.atOrBelow(Path.of(arguments[0]), Path.of(arguments[1]));
        new PrintStream(System.out, true, StandardCharsets.UTF_8).println(found);
    }

    @Test
    void directoryWithCharactersThatTheTableEscapesIsCompared() throws IOException {
        Path directory = Files.createDirectory(dir.resolve("50% \\x"));
        Path table = Files.writeString(
                dir.resolve("mountinfo"),
                "3 1 0:1 / " + dir.toRealPath() + "/50%\\040\\134x/below rw - proc proc rw\n",
                StandardCharsets.UTF_8);
        assertThat(Mounts.atOrBelow(directory, table)).containsExactly(directory.toRealPath() + "/below");
    }

    @Test
    void whatIsMountedIsNotRenamed() {
        assertThatThrownBy(() -> Places.requireMovable(PROC))
                .isInstanceOf(RecoveryException.class)
                .hasMessageContaining("mounted at or below");
    }
}
