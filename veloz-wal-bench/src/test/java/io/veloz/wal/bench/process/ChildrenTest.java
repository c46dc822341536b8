package io.veloz.wal.bench.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(value = OS.LINUX, disabledReason = "the children are scripts, and their state is read in /proc")
class ChildrenTest {
    private static final Duration LONG = Duration.ofMinutes(2);

    private final Children children = new Children();

    private Outcome sh(String script, Duration timeout) throws IOException, InterruptedException {
        return children.run(List.of("sh", "-c", script), timeout);
    }

    /** Returns when a process has ended; one that its parent has not waited for yet has ended, too. */
    private static void awaitEnd(long pid) throws IOException {
        Path stat = Path.of("/proc", Long.toString(pid), "stat");
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            try {
                String state = Files.readString(stat).replaceAll("(?s)^.*\\) (.).*$", "$1");
                if (state.equals("Z") || state.equals("X")) {
                    return;
                }
                assertThat(System.nanoTime()).as("process %s ends", pid).isLessThan(end);
            } catch (NoSuchFileException e) {
                return;
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void exitCodeAndOutputAreReturned() throws Exception {
        Outcome outcome = sh("echo out; echo err >&2; exit 3", LONG);

        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.stdout()).isEqualTo("out\n");
        assertThat(outcome.stderr()).isEqualTo("err\n");
        assertThat(outcome.failure()).contains("exit code 3: err");
    }

    @Test
    void childThatEndsWithZeroHasNotFailed() throws Exception {
        assertThat(sh("exit 0", LONG).failure()).isEmpty();
    }

    @Test
    void reasonIsTheUncaughtExceptionAndItsLastCause() throws Exception {
        Outcome outcome = sh(
                "echo 'warning' >&2; echo 'Exception in thread \"main\" a.B: top' >&2; echo '  at x' >&2;"
                        + " echo 'Caused by: c.D: middle' >&2; echo 'Caused by: e.F: bottom' >&2; exit 1",
                LONG);

        assertThat(outcome.failure()).contains("exit code 1: a.B: top; e.F: bottom");
    }

    @Test
    void timeoutKillsTheChildAndItsChildren() throws Exception {
        Outcome outcome = sh("sleep 600 & echo $$ $!; wait", Duration.ofSeconds(2));

        assertThat(outcome.timedOut()).isTrue();
        assertThat(outcome.failure()).contains("did not end within 2 s");
        List<String> pids = List.of(outcome.stdout().strip().split(" ", -1));
        assertThat(pids).hasSize(2);
        for (String pid : pids) {
            awaitEnd(Long.parseLong(pid));
        }
    }

    @Test
    void onlyTheLastPartOfTheOutputIsKept() throws Exception {
        Outcome outcome = sh("yes line | head -n 100000; echo last", LONG);

        assertThat(outcome.stdout()).hasSizeLessThanOrEqualTo(64 * 1024).endsWith("line\nlast\n");
    }

    @Test
    void closeEndsTheRunningChild(@TempDir Path directory) throws Exception {
        Path started = directory.resolve("started");
        var thread = Executors.newSingleThreadExecutor();
        try {
            CompletableFuture<Outcome> running = new CompletableFuture<>();
            thread.execute(() -> {
                try {
                    running.complete(sh("touch " + started + "; exec sleep 600", LONG));
                } catch (Exception e) {
                    running.completeExceptionally(e);
                }
            });
            while (!Files.exists(started)) {
                assertThat(running).isNotDone();
                LockSupport.parkNanos(1_000_000);
            }

            children.close();

            assertThatThrownBy(() -> running.get(60, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
        } finally {
            thread.shutdown();
        }
    }

    @Test
    void noChildStartsAfterClose() {
        children.close();

        assertThatThrownBy(() -> sh("exit 0", LONG))
                .isInstanceOf(CancellationException.class)
                .hasMessage("the program ends");
    }
}
