package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalReader;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.storage.DiskStorage;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The process of a writer is stopped, its disk is cloned and shipped by another process, and then it is resumed. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "it stops and resumes a process by SIGSTOP and SIGCONT")
@Timeout(120)
class TwoProcessesTest {
    @TempDir
    Path dir;

    @Test
    void resumedProcessIsFencedAndKeepsItsRecordsAfterTheFork() throws Exception {
        String archive = dir.resolve("archive").toUri().toString();
        Process child = start(archive);
        try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
            long archived = 0;
            for (int i = 0; i < 60; i++) {
                archived = Long.parseLong(out.readLine().substring("archived ".length()));
            }
            signal("-STOP", child);
            cloneLog();
            try (Wal wal = TestShip.open(DiskStorage.open(dir.resolve("clone")));
                    WalShipper shipper = WalShipper.start(
                            wal,
                            ShipperConfig.builder(archive)
                                    .maxTailBytes(TestShip.MAX_TAIL)
                                    .build());
                    ObjectStore store = ObjectStores.open(archive)) {
                assertThat(wal.durableSequence()).isGreaterThanOrEqualTo(archived);
                TestShip.append(wal, 10, "ours");
                assertThat(shipper.awaitArchived(wal.durableSequence(), Duration.ofMinutes(1)))
                        .isTrue();
                signal("-CONT", child);
                assertFenced(out, shipper.status().epoch());
                assertThat(child.waitFor()).isZero();
                TestShip.append(wal, 10, "ours");
                assertThat(shipper.awaitArchived(wal.durableSequence(), Duration.ofMinutes(1)))
                        .isTrue();
                TestShip.assertArchiveIsLog(store, wal);
            }
        } finally {
            child.destroyForcibly();
        }
    }

    private void assertFenced(BufferedReader out, long epoch) throws IOException {
        String line = out.readLine();
        while (line.startsWith("archived")) {
            // Archived before it was stopped.
            line = out.readLine();
        }
        String[] words = line.split(" ");
        assertThat(words[0]).isEqualTo("fenced");
        assertThat(words[1]).isEqualTo(Long.toString(epoch));
        long first = Long.parseLong(words[2]);
        long last = Long.parseLong(words[3]);
        assertThat(last).isGreaterThanOrEqualTo(first);
        try (WalReader reader =
                WalReader.open(ReadOptions.of(dir.resolve("log")).fromSequence(first))) {
            long read = 0;
            while (reader.next()) {
                read++;
            }
            assertThat(read).isEqualTo(last - first + 1);
        }
    }

    private Process start(String archive) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-Xmx128m",
                        ShippingChild.class.getName(),
                        dir.resolve("log").toString(),
                        archive)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private void cloneLog() throws IOException {
        Files.createDirectories(dir.resolve("clone"));
        try (Stream<Path> files = Files.list(dir.resolve("log"))) {
            for (Path file : files.toList()) {
                Files.copy(file, dir.resolve("clone").resolve(file.getFileName()));
            }
        }
    }

    private static void signal(String signal, Process process) throws Exception {
        assertThat(new ProcessBuilder("kill", signal, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }
}
