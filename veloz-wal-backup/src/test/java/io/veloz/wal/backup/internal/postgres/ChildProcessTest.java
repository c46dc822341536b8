package io.veloz.wal.backup.internal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.RunningProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChildProcessTest {
    private static ChildProcess shell(Duration limit, String script) throws IOException {
        return shell("psql", limit, script);
    }

    private static ChildProcess shell(String program, Duration limit, String script) throws IOException {
        return ChildProcess.start(program, new ProcessBuilder("/bin/sh", "-c", script), limit);
    }

    private static String line(InputStream out) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = out.read(); c >= 0 && c != '\n'; c = out.read()) {
            line.append((char) c);
        }
        return line.toString();
    }

    private static ProcessHandle process(String pid) {
        return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
    }

    /** SIGKILL was sent; the kernel ends the process soon after. */
    private static void assertEnds(ProcessHandle process) throws IOException {
        while (RunningProcess.runs(String.valueOf(process.pid()))) {
            Thread.onSpinWait();
        }
    }

    /** The JDK reports the end of a pipe that no thread reads when the process ends, also if another process has it open. */
    private static void awaitARead() {
        while (Thread.getAllStackTraces().entrySet().stream()
                .noneMatch(thread -> thread.getKey().getName().equals("veloz-backup-pg_dump-output")
                        && thread.getValue().length > 0
                        && thread.getValue()[0].getMethodName().startsWith("readBytes"))) {
            Thread.onSpinWait();
        }
    }

    @Test
    void outputIsReadToItsEnd() throws IOException {
        try (ChildProcess child = shell(Duration.ofMinutes(1), "seq 1 200000")) {
            byte[] out = child.out().readAllBytes();
            assertThat(new String(out, StandardCharsets.US_ASCII))
                    .startsWith("1\n")
                    .endsWith("\n200000\n");
            assertThat(child.waitFor()).isZero();
        }
    }

    @Test
    void outputThatAGrandchildKeepsOpenIsNotTakenForComplete() throws Exception {
        try (ChildProcess child = shell("pg_dump", Duration.ofMinutes(1), "sleep 300 & echo $!; read end")) {
            ProcessHandle grandchild = process(line(child.out()));
            try {
                // The shell ends while its output is read, as a program does that is killed.
                awaitARead();
                child.in().close();
                assertThatThrownBy(() -> child.out().readAllBytes())
                        .isInstanceOf(IOException.class)
                        .hasMessage(
                                "pg_dump has ended, and a process that it started keeps its output open: the output may"
                                        + " lack its end");
            } finally {
                grandchild.destroyForcibly();
            }
        }
    }

    @Test
    void limitAlsoEndsWhatTheProgramStarted() throws Exception {
        try (ChildProcess child = shell(Duration.ofSeconds(1), "sleep 300 & echo $!; wait")) {
            ProcessHandle grandchild = process(line(child.out()));
            assertThat(child.out().readAllBytes()).isEmpty();
            assertThat(child.failure(child.waitFor())).contains("it ran longer than 1 s and was ended");
            assertEnds(grandchild);
        }
    }

    @Test
    void closeAlsoEndsWhatTheProgramStarted() throws Exception {
        ProcessHandle grandchild;
        try (ChildProcess child = shell(Duration.ofMinutes(1), "sleep 300 & echo $!; wait")) {
            grandchild = process(line(child.out()));
        }
        assertEnds(grandchild);
    }

    @Test
    void interruptEndsTheRead() throws IOException {
        try (ChildProcess child = shell(Duration.ofMinutes(1), "sleep 300")) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> child.out().read()).isInstanceOf(InterruptedIOException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
