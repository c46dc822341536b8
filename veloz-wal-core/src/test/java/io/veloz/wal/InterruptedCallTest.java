package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.child.Child;
import io.veloz.wal.child.ChildLog;
import io.veloz.wal.fault.Records;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * E9. Only strace can make a system call return EINTR. Without strace, or the permission to trace, the test is skipped.
 */
@Timeout(120)
@EnabledOnOs(OS.LINUX)
class InterruptedCallTest {
    private static final String CALLS = "fsync,fdatasync,pwrite64";
    private static final int ACKNOWLEDGED = 300;

    @TempDir
    Path directory;

    @Test
    void interruptedWritesAndForcesAreInvisible() throws Exception {
        Assumptions.assumeTrue(canTrace(), "strace is not here, or may not trace");
        Path trace = directory.resolve("trace.txt");
        Path log = directory.resolve("wal");
        Process process = new ProcessBuilder(List.of(
                        "strace",
                        "-f",
                        "-qq",
                        "-o",
                        trace.toString(),
                        "-e",
                        "trace=" + CALLS,
                        "-e",
                        "inject=" + CALLS + ":error=EINTR:when=2+3",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        Child.classPath(),
                        ChildLog.class.getName(),
                        "append",
                        log.toString()))
                .redirectErrorStream(true)
                .start();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line = lines.readLine();
            while (line != null && !line.equals("acked " + ACKNOWLEDGED)) {
                assertThat(line).doesNotStartWith("failed").doesNotStartWith("refused");
                line = lines.readLine();
            }
            assertThat(line).isNotNull();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.waitFor();
        }
        assertThat(Files.readString(trace).lines().filter(call -> call.contains("EINTR")))
                .hasSizeGreaterThan(10);
        SortedMap<Long, String> records = Records.of(ReadOptions.of(log));
        assertThat(records).hasSizeGreaterThanOrEqualTo(ACKNOWLEDGED);
        records.forEach((sequence, text) -> assertThat(text).isEqualTo(ChildLog.text(sequence)));
    }

    private static boolean canTrace() throws InterruptedException {
        try {
            return new ProcessBuilder("strace", "-f", "-qq", "-e", "inject=fsync:error=EINTR", "true")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
