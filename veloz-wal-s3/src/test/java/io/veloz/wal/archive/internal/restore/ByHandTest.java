package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the shell commands of docs/archive.md, "Restoring by hand", exactly as documented. */
@Timeout(120)
class ByHandTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "archive.md");
    private static final Pattern BLOCK = Pattern.compile("^```sh$(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path source;

    @BeforeEach
    void findTools() throws Exception {
        source = dir.resolve("source");
        assumeTrue(isInstalled("lz4") && isInstalled("sh"), "this test needs sh and the tool lz4: apt-get install lz4");
    }

    private static boolean isInstalled(String tool) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(tool, tool.equals("sh") ? "-c" : "--version", "true")
                    .redirectErrorStream(true)
                    .start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private void log(int records) throws IOException {
        SmallLog.idle(source, wal -> SmallLog.append(wal, records));
    }

    /** Runs the commands, checks that they succeed, and returns the directory that they create. */
    private Path byHand() throws Exception {
        String page = Files.readString(DOCUMENT);
        String section = page.substring(page.indexOf("## Restoring by hand"), page.indexOf("## Rights"));
        String script = BLOCK.matcher(section)
                .results()
                .map((MatchResult block) -> block.group(1))
                .collect(Collectors.joining());
        for (Map.Entry<String, byte[]> object : store.objects().entrySet()) {
            Path file = dir.resolve("archive").resolve(object.getKey());
            Files.createDirectories(file.getParent());
            Files.write(file, object.getValue());
        }
        Path out = dir.resolve("out.txt");
        Process shell = new ProcessBuilder("sh", "-e", "-c", script)
                .directory(dir.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        assertThat(shell.waitFor()).as(Files.readString(out)).isZero();
        return dir.resolve("wal");
    }

    private void assertTheSameLog(Path log) {
        List<SmallLog.Entry> expected = SmallLog.read(source);
        assertThat(WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE).isSound())
                .isTrue();
        assertThat(SmallLog.read(log)).isEqualTo(expected);
        try (Wal wal = SmallLog.open(log)) {
            assertThat(wal.recovery().lost()).isEmpty();
            long last = expected.get(expected.size() - 1).sequence();
            assertThat(wal.appendDurable(1, SmallLog.bytes("next"))).isEqualTo(last + 1);
        }
        assertThat(SmallLog.read(log).subList(0, expected.size())).isEqualTo(expected);
    }

    @Test
    void segmentsAndTails() throws Exception {
        log(300);
        int sealed = LogFiles.of(source).sealed().size();
        new TestArchive(store, source).segments(1, sealed).tails(2000, Long.MAX_VALUE);
        assertTheSameLog(byHand());
    }

    @Test
    void segmentsInParts() throws Exception {
        HeapStore plain = store.with(EncryptionKeys.NONE);
        try (Wal wal = SmallLog.open(source, 64 * 1024);
                DirectShip.Shipper shipper = new DirectShip.Shipper(wal, plain, 4096)) {
            for (int i = 1; i <= 500; i++) {
                wal.append(1, SmallLog.bytes("record " + i + " ".repeat(250)));
            }
            wal.sync();
            SmallLog.awaitSealed(wal, 1);
            shipper.ship();
        }
        assertThat(plain.objects().keySet()).anyMatch(key -> key.endsWith("of0016"));
        Path log = byHand();
        assertThat(WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE).isSound())
                .isTrue();
        assertThat(SmallLog.read(log)).isEqualTo(SmallLog.read(source));
    }

    @Test
    void tailsOfTwoSegments() throws Exception {
        log(300);
        int sealed = LogFiles.of(source).sealed().size();
        assertThat(sealed).isGreaterThan(1);
        new TestArchive(store, source).segments(1, sealed - 1).tails(2000, Long.MAX_VALUE);
        assertTheSameLog(byHand());
    }

    @Test
    void tailsOfMoreSegmentsAreSalvaged() throws Exception {
        log(500);
        assertThat(LogFiles.of(source).sealed().size()).isGreaterThan(2);
        new TestArchive(store, source).tails(2000, Long.MAX_VALUE);
        Path salvaged = dir.resolve("salvaged");
        var report = WalRecovery.salvage(ReadOptions.of(byHand()), salvaged, WalProgress.NONE);
        assertThat(report.lost()).isEmpty();
        assertThat(SmallLog.read(salvaged)).isEqualTo(SmallLog.read(source));
    }

    @Test
    void archiveThatEndsWithASealedSegment() throws Exception {
        log(300);
        long sealed = LogFiles.of(source).sealed().size();
        new TestArchive(store, source)
                .segments(1, sealed - 1)
                .tails(1000, Long.MAX_VALUE)
                .segment(sealed)
                .dropTails();
        Path log = byHand();
        assertThat(WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE).isSound())
                .isTrue();
        assertThat(SmallLog.read(log)).isEqualTo(SmallLog.read(source));
    }

    /** Returns the first segment. */
    private long trim(long older, long newer) throws IOException {
        log(400);
        try (Wal wal = SmallLog.open(source)) {
            wal.writeCheckpoint(older, out -> out.write(1));
            wal.writeCheckpoint(newer, out -> out.write(1));
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
        }
        return WalRecovery.inspect(ReadOptions.of(source)).segments().get(0).number();
    }

    private TestArchive trimmedArchive(long first) throws IOException {
        long sequence = WalRecovery.inspect(ReadOptions.of(source)).expectedFirstSequence();
        return new TestArchive(store, source, first, sequence);
    }

    @Test
    void trimmedArchiveOfTails() throws Exception {
        long first = trim(398, 399);
        log(10);
        assertThat(LogFiles.of(source).sealed()).hasSize(1);
        trimmedArchive(first).tails(1000, Long.MAX_VALUE).checkpoint(source, 398);
        assertTheSameLog(byHand());
    }

    @Test
    void trimmedArchiveOfSegmentsAndTailsOfTwoSegments() throws Exception {
        long first = trim(200, 250);
        List<Long> sealed = LogFiles.of(source).sealed();
        trimmedArchive(first)
                .segments(first, sealed.get(sealed.size() - 1) - 1)
                .tails(1000, Long.MAX_VALUE)
                .checkpoint(source, 200);
        Path log = byHand();
        assertThat(WalCheckpoint.newest(ReadOptions.of(log))).isPresent();
        assertTheSameLog(log);
    }
}
