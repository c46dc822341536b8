package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.child.Child;
import io.veloz.wal.child.ChildLog;
import io.veloz.wal.fault.Records;
import io.veloz.wal.storage.DiskStorage;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.InetAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ProcessTest {
    @TempDir
    Path directory;

    private WalConfig config() {
        return small(DiskStorage.createOrOpen(directory)).build();
    }

    // ---- locks

    @Test
    void oneOfTwoConcurrentOpensIsRefusedWithTheNameOfTheOtherProcess() throws Exception {
        int rounds = 10 * Integer.getInteger("wal.rounds", 1);
        try (Child one = Child.start("fight", directory);
                Child two = Child.start("fight", directory)) {
            one.lineWith("ready");
            two.lineWith("ready");
            for (int round = 1; round <= rounds; round++) {
                one.send("open");
                two.send("open");
                String first = String.valueOf(one.line());
                String second = String.valueOf(two.line());

                assertThat(List.of(first, second))
                        .filteredOn(("open " + round)::equals)
                        .hasSize(1);
                boolean firstWon = first.startsWith("open ");
                Child winner = firstWon ? one : two;
                Child loser = firstWon ? two : one;
                assertThat(firstWon ? second : first).startsWith("refused ");
                // Again, as the winner has certainly written its name by now.
                loser.send("open");
                assertThat(loser.line())
                        .startsWith("refused ")
                        .contains("process " + winner.pid())
                        .contains(InetAddress.getLocalHost().getHostName());
                winner.send("close");
                assertThat(winner.line()).isEqualTo("closed");
            }
        }
        System.out.printf(Locale.ROOT, "tried %,7d times: two processes open one log%n", rounds);
        assertThat(Records.of(ReadOptions.of(directory))).hasSize(rounds);
        Wal.open(config()).close();
    }

    private static String firstAnswer(Child child) throws IOException {
        String line = child.line();
        return line != null && line.equals("opening") ? String.valueOf(child.line()) : String.valueOf(line);
    }

    @Test
    void lockOfAKilledProcessIsFree() throws Exception {
        try (Child child = Child.start("hold", directory)) {
            child.lineWith("open ");
            assertThatThrownBy(() -> Wal.open(config()))
                    .isInstanceOf(WalLockedException.class)
                    .hasMessageContaining("process " + child.pid());
            child.kill();
        }
        Wal.open(config()).close();
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void stoppedProcessKeepsItsLockAndContinues() throws Exception {
        try (Child child = Child.start("append", directory)) {
            child.lineWith("acked ");
            String acked = "";
            for (int stop = 0; stop < 5; stop++) {
                child.signal("STOP");
                assertThatThrownBy(() -> Wal.open(config()))
                        .isInstanceOf(WalLockedException.class)
                        .hasMessageContaining("process " + child.pid());
                child.signal("CONT");
                for (int i = 0; i < 500; i++) {
                    acked = String.valueOf(child.line());
                    assertThat(acked).startsWith("acked ");
                }
            }
            child.kill();
            checkRecords(Long.parseLong(acked.substring(6)));
        }
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void stoppedProcessThatIsKilledReleasesTheLock() throws Exception {
        try (Child child = Child.start("append", directory)) {
            String acked = child.lineWith("acked ");
            child.signal("STOP");
            assertThatThrownBy(() -> Wal.open(config())).isInstanceOf(WalLockedException.class);
            child.kill();
            Wal.open(config()).close();
            checkRecords(Long.parseLong(acked.substring(6)));
        }
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void processThatOutlivesTheOneThatStartedItHoldsNoLock() throws Exception {
        long sleeper = 0;
        try (Child child = Child.start("fork", directory)) {
            sleeper = Long.parseLong(child.lineWith("forked ").substring(7));
            // Not to the end of its output, because the sleeping process has inherited the streams, but nothing else.
            child.kill();

            assertThat(ProcessHandle.of(sleeper)).get().matches(ProcessHandle::isAlive);
            try (Wal wal = Wal.open(config())) {
                wal.appendDurable(1, payload("a"));
            }
        } finally {
            ProcessHandle.of(sleeper).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    @Test
    void lockSurvivesOtherFilesThatTheProcessOpensAndCloses() throws Exception {
        try (Wal wal = Wal.open(config())) {
            wal.appendDurable(1, payload("a"));
            Records.of(ReadOptions.of(directory));
            try (WalReader reader = wal.reader()) {
                assertThat(reader.next()).isTrue();
            }
            assertThatThrownBy(() -> Wal.open(config())).isInstanceOf(WalLockedException.class);
            WalRecovery.inspect(ReadOptions.of(directory));
            WalRecovery.verify(ReadOptions.of(directory), WalProgress.NONE);
            var unused = WalCheckpoint.newest(ReadOptions.of(directory));
            assertThat(DiskStorage.open(directory).isLocked("orders.lock")).isTrue();

            try (Child child = Child.start("hold", directory)) {
                assertThat(firstAnswer(child))
                        .startsWith("refused ")
                        .contains("process " + ProcessHandle.current().pid());
            }
            wal.appendDurable(1, payload("b"));
        }
    }

    @Test
    void sameDirectoryByAnotherNameIsRefused(@TempDir Path elsewhere) throws Exception {
        Path link = Files.createSymbolicLink(elsewhere.resolve("link"), directory);
        Path detour = Files.createDirectory(directory.resolve("sub")).resolve("..");
        try (Wal wal = Wal.open(config())) {
            for (Path other : List.of(link, detour, directory.resolve("."))) {
                assertThatThrownBy(() -> Wal.open(other)).isInstanceOf(WalLockedException.class);
            }
            wal.appendDurable(1, payload("a"));
        }
        Wal.open(link).close();
    }

    @Test
    void otherClassLoaderIsRefused() throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String entry : Child.classPath().split(File.pathSeparator, -1)) {
            urls.add(Path.of(entry).toUri().toURL());
        }
        try (Wal wal = Wal.open(config());
                URLClassLoader loader =
                        new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            Class<?> other = loader.loadClass(Wal.class.getName());
            assertThat(other).isNotSameAs(Wal.class);
            assertThatThrownBy(() -> other.getMethod("open", Path.class).invoke(null, directory))
                    .isInstanceOf(InvocationTargetException.class)
                    .satisfies(thrown -> assertThat(thrown.getCause().getClass().getName())
                            .isEqualTo(WalLockedException.class.getName()));
            wal.appendDurable(1, payload("a"));
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void childProcessInheritsNoFile() throws Exception {
        try (Wal wal = Wal.open(config())) {
            wal.appendDurable(1, payload("a"));
            Process child = new ProcessBuilder("ls", "-l", "/proc/self/fd").start();
            String files = new String(child.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            child.waitFor();

            assertThat(files).contains("->").doesNotContain("orders");
        }
    }

    // ---- memory, directory, handles

    @Test
    void directMemoryThatRunsOutIsReportedAndNothingAcknowledgedIsLost() throws Exception {
        try (Child child = Child.start("exhaust", directory, "-Xmx32m", "-XX:MaxDirectMemorySize=4m")) {
            List<String> lines = child.rest();
            assertThat(lines).last().asString().containsPattern("^(failed|survived) ");
            long acked = lastAcked(lines);
            assertThat(acked).isPositive();
            checkRecords(acked);
        }
        try (Wal wal = Wal.open(config())) {
            wal.appendDurable(1, payload("on"));
        }
    }

    /** Any thread may run out of memory. Whatever it does then, no acknowledged record is lost. */
    @Test
    void heapThatRunsOutLosesNothingAcknowledged() throws Exception {
        try (Child child = Child.start("exhaust-heap", directory, "-Xmx24m", "-XX:MaxDirectMemorySize=8m")) {
            long acked = lastAcked(child.rest());
            checkRecords(acked);
        }
        try (Wal wal = Wal.open(config())) {
            wal.appendDurable(1, payload("on"));
        }
    }

    @Test
    void logWorksWithASmallHeapAndTheDirectMemoryOfItsBuffers() throws Exception {
        try (Child child = Child.start("plain", directory, "-Xmx24m", "-XX:MaxDirectMemorySize=16m")) {
            assertThat(child.rest()).containsExactly("opening", "open 0", "read 4000");
        }
        try (Child child = Child.start("plain", directory, "-Xmx24m", "-XX:MaxDirectMemorySize=8m")) {
            assertThat(child.rest()).last().asString().startsWith("memory ");
        }
        assertThat(Records.of(ReadOptions.of(directory)).lastKey()).isEqualTo(4000);
    }

    private static long lastAcked(List<String> lines) {
        return lines.stream()
                .filter(line -> line.matches("acked \\d+"))
                .mapToLong(line -> Long.parseLong(line.substring(6)))
                .max()
                .orElse(0);
    }

    /** Checks that the log has all records up to the acknowledged one, without a gap, with the appended bytes. */
    private void checkRecords(long acked) {
        SortedMap<Long, String> records = Records.of(ReadOptions.of(directory));
        assertThat((long) records.size()).isGreaterThanOrEqualTo(acked);
        long expected = 0;
        for (var record : records.entrySet()) {
            assertThat(record.getKey()).isEqualTo(++expected);
            assertThat(record.getValue()).isEqualTo(ChildLog.text(expected));
        }
    }

    @Test
    void openWithoutMemoryForItsBufferFailsAndLeavesNothingLocked() throws Exception {
        try (Child child = Child.start("hold", directory, "-Xmx32m", "-XX:MaxDirectMemorySize=8k")) {
            assertThat(child.rest()).last().asString().startsWith("memory ");
        }
        Wal.open(config()).close();
    }

    @Test
    void deletedDirectoryFailsTheLog() throws Exception {
        Wal wal = Wal.open(config());
        wal.appendDurable(1, payload("a"));
        deleteAll();

        assertThatThrownBy(() -> {
                    while (true) {
                        wal.appendDurable(1, payload(io.veloz.wal.fault.Logs.kilobyte(1)));
                    }
                })
                .isInstanceOf(WalFailedException.class);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
        Files.createDirectories(directory);
    }

    /** The log makes and renames its next segment meanwhile. */
    private void deleteAll() throws IOException {
        while (true) {
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.toList()) {
                    Files.deleteIfExists(file);
                }
            }
            try {
                Files.delete(directory);
                return;
            } catch (DirectoryNotEmptyException e) {
                // A file was made after the listing.
            }
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void opensClosesAndFailedOpensLeakNoHandle() throws Exception {
        Wal.open(config()).close();
        int before = handles();
        for (int i = 0; i < 20; i++) {
            try (Wal wal = Wal.open(config())) {
                wal.append(1, payload("a"));
                wal.roll();
                assertThatThrownBy(() -> Wal.open(config())).isInstanceOf(WalLockedException.class);
                try (WalReader reader = wal.reader()) {
                    assertThat(reader.next()).isTrue();
                }
            }
        }
        assertThat(handles()).isLessThanOrEqualTo(before + 5);
    }

    private static int handles() {
        return java.util.Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }
}
