package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.veloz.wal.testkit.CrashPoints;
import io.veloz.wal.testkit.HostileFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every command on manipulated directories: it terminates with one of its exit codes, prints errors of one line, and changes
 * nothing. {@code -Dwal.seed} and {@code -Dwal.rounds} as for {@link CrashPoints}.
 */
class HostileDirectoryTest {
    private static final Path RESOURCES =
            Path.of(System.getProperty("basedir", "."), "..", "..", "veloz-wal-core", "src", "test", "resources");

    private static final Path OLD_LOGS = Path.of(
            System.getProperty("basedir", "."), "..", "..", "veloz-wal-orders", "src", "test", "resources", "legacy");
    private static final Duration LONGEST = Duration.ofSeconds(120);

    @TempDir
    Path directory;

    private interface Target {
        void run(Path log, long seed);
    }

    private void forEachCase(int cases, List<Map<String, byte[]>> logs, Target target) {
        long first = Long.getLong("wal.seed", 1);
        long last = first + (long) cases * CrashPoints.rounds() - 1;
        System.out.println("cases " + first + " to " + last);
        for (long seed = first; seed <= last; seed++) {
            Random random = new Random(seed);
            HostileFiles files =
                    HostileFiles.of(logs.get(random.nextInt(logs.size())), logs.get(random.nextInt(logs.size())), seed);
            Path log = written(files.files(), "case" + seed);
            List<String> before = Logs.listing(log);
            long number = seed;
            assertTimeoutPreemptively(LONGEST, () -> target.run(log, number), files::toString);
            assertThat(Logs.listing(log)).as("changed: %s", files).isEqualTo(before);
            remove(log);
        }
    }

    private Path written(Map<String, byte[]> files, String name) {
        try {
            Path target = Files.createDirectory(directory.resolve(name));
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                Files.write(target.resolve(file.getKey()), file.getValue());
            }
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, byte[]> files(Path directory) {
        try (Stream<Path> list = Files.list(directory)) {
            Map<String, byte[]> files = new TreeMap<>();
            for (Path file : list.filter(Files::isRegularFile).toList()) {
                files.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void remove(Path directory) {
        try (Stream<Path> list = Files.walk(directory)) {
            for (Path file : list.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ToolRun runAndCheck(Object... args) {
        ToolRun run = ToolRun.of(args);
        assertThat(run.exitCode()).as("exit code; error: %s", run.err()).isIn(0, 1, 2);
        assertThat(run.err()).doesNotContain("internal error", "\tat ", "Exception");
        if (run.exitCode() == ExitCode.OK) {
            assertThat(run.err()).doesNotContain("error: ");
        }
        return run;
    }

    @Test
    void readOnlyCommandsTerminateOnAnyLog() {
        List<Map<String, byte[]>> logs = List.of(
                files(RESOURCES.resolve("golden/v1")),
                files(Logs.ofRecords(directory.resolve("records"), 12)),
                files(Logs.ofOrders(directory.resolve("orders"))));
        forEachCase(40, logs, (log, seed) -> {
            runAndCheck("inspect", log);
            runAndCheck("inspect", "--json", log).json();
            runAndCheck("verify", "--json", log).json();
            runAndCheck("verify", log);
            runAndCheck("dump", log);
            runAndCheck("dump", "--json", "--from", 1 + seed % 20, log);
            runAndCheck("dump", "--format", "crc", "--to", 1 + seed % 20, log);
            runAndCheck("orders", log);
        });
    }

    @Test
    void legacyOrdersTerminatesOnAnyOldLog() {
        forEachCase(20, oldLogs(), (log, seed) -> {
            for (String mode : List.of("default", "legacy-a", "legacy-b")) {
                runAndCheck("legacy-orders", "--mode", mode, log);
            }
        });
    }

    private static List<Map<String, byte[]>> oldLogs() {
        return Stream.of("d0-base", "a-small", "f3-restart-with-replay")
                .map(name -> files(OLD_LOGS.resolve(name).resolve("wal")))
                .toList();
    }

    /** Few cases, because each creates a log of the default size. */
    @Test
    void salvageAndImportTerminateAndCreateAnIntactLog() {
        List<Map<String, byte[]>> logs = List.of(files(RESOURCES.resolve("golden/v1")));
        forEachCase(1, logs, (log, seed) -> createsAnIntactLog("salvage", log));
        forEachCase(1, oldLogs(), (log, seed) -> createsAnIntactLog("import", log));
    }

    private void createsAnIntactLog(String command, Path log) {
        Path made = directory.resolve("made");
        runAndCheck(command, log, made);
        if (Files.exists(made)) {
            assertThat(ToolRun.of("verify", made).exitCode()).isIn(0, 1);
            remove(made);
        }
        if (Files.exists(directory.resolve("made.partial"))) {
            remove(directory.resolve("made.partial"));
        }
    }
}
