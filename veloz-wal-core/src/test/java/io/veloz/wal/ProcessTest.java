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
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.net.InetAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.LongStream;
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

    // ---- kill -9

    @Test
    void everyAcknowledgedRecordSurvivesKill9AtAnyMoment() throws Exception {
        long seed = Long.getLong("wal.seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        int rounds = 8 * Integer.getInteger("wal.rounds", 1);
        long acked = 0;
        SortedMap<Long, String> before = new TreeMap<>();
        for (int round = 0; round < rounds; round++) {
            acked = Math.max(acked, liveAndDie(random, round % 3 == 2));
            long last = checkRecords(acked, before);
            assertThat(last).isGreaterThanOrEqualTo(acked);
        }
        try (Wal wal = Wal.open(config())) {
            assertThat(wal.lastSequence()).isGreaterThanOrEqualTo(acked);
            wal.appendDurable(1, payload(ChildLog.text(wal.lastSequence() + 1)));
        }
        checkRecords(acked, before);
    }

    /** Returns the last sequence that was acknowledged. */
    private long liveAndDie(Random random, boolean whileItRecovers) throws Exception {
        long acked = 0;
        try (Child child = Child.start("append", directory)) {
            child.lineWith("opening");
            List<String> lines = new ArrayList<>();
            if (whileItRecovers) {
                long spins = random.nextInt(2_000_000);
                for (long i = 0; i < spins; i++) {
                    Thread.onSpinWait();
                }
            } else {
                child.lineWith("open ");
                int count = random.nextInt(3_000);
                for (int i = 0; i < count; i++) {
                    lines.add(child.line());
                }
            }
            lines.addAll(child.kill());
            for (String line : lines) {
                // The last line may be cut anywhere; a shorter number is a smaller one.
                if (line.startsWith("acked ") && line.length() > 6) {
                    acked = Math.max(acked, Long.parseLong(line.substring(6)));
                }
            }
        }
        return acked;
    }

    private long checkRecords(long acked, SortedMap<Long, String> before) {
        SortedMap<Long, String> records = Records.of(ReadOptions.of(directory));
        assertThat(Records.of(ReadOptions.of(directory))).isEqualTo(records);
        long last = records.isEmpty() ? 0 : records.lastKey();
        assertThat(records.keySet())
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, last).boxed().toList());
        records.forEach((sequence, text) -> assertThat(text).isEqualTo(ChildLog.text(sequence)));
        assertThat(last).isGreaterThanOrEqualTo(acked);
        // What was shown once is there for ever.
        assertThat(records).containsAllEntriesOf(before);
        before.putAll(records);
        return last;
    }

    // ---- locks

    @Test
    void ofTwoProcessesThatStartTogetherOneIsRefusedByNameOfTheOther() throws Exception {
        try (Child one = Child.start("hold", directory);
                Child two = Child.start("hold", directory)) {
            String first = firstAnswer(one);
            String second = firstAnswer(two);

            Child winner = first.startsWith("open ") ? one : two;
            String refused = first.startsWith("open ") ? second : first;
            assertThat(List.of(first, second))
                    .filteredOn(line -> line.startsWith("open "))
                    .hasSize(1);
            assertThat(refused)
                    .startsWith("refused ")
                    .contains("process " + winner.pid())
                    .contains(InetAddress.getLocalHost().getHostName());
        }
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
    void stoppedProcessKeepsItsLockAndGoesOn() throws Exception {
        try (Child child = Child.start("append", directory)) {
            child.lineWith("acked ");
            child.signal("STOP");
            assertThatThrownBy(() -> Wal.open(config())).isInstanceOf(WalLockedException.class);
            child.signal("CONT");
            for (int i = 0; i < 2_000; i++) {
                assertThat(child.line()).startsWith("acked ");
            }
        }
    }

    @Test
    void lockOutlivesWhateverElseTheProcessOpensAndCloses() throws Exception {
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
    void directMemoryThatRunsOutIsToldAndNothingAcknowledgedIsLost() throws Exception {
        long acked = 0;
        try (Child child = Child.start("exhaust", directory, "-Xmx32m", "-XX:MaxDirectMemorySize=4m")) {
            List<String> lines = child.rest();
            assertThat(lines).last().asString().startsWith("failed ");
            for (String line : lines) {
                if (line.startsWith("acked ")) {
                    acked = Long.parseLong(line.substring(6));
                }
            }
        }
        assertThat(acked).isPositive();
        assertThat(checkRecords(acked, new TreeMap<>())).isGreaterThanOrEqualTo(acked);
        try (Wal wal = Wal.open(config())) {
            wal.appendDurable(1, payload("on"));
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
    void deletedDirectoryFailsTheLogAtTheNextRoll() throws Exception {
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

    private void deleteAll() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            files.forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        Files.delete(directory);
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
