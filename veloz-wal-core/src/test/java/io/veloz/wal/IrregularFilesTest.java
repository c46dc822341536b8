package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An irregular file, or one that is far too large for a log, is refused with its name and kind, and not read. */
@Timeout(60)
class IrregularFilesTest {
    private static final List<String> NAMES = List.of(
            "orders_0000000000000001.wal",
            "orders_current.wal",
            ".orders_prepared.wal",
            ".orders_trimmed",
            ".orders_checkpoint_a");

    @TempDir
    Path directory;

    private interface Maker {
        void make(Path path) throws Exception;
    }

    @BeforeEach
    void writeLog() {
        try (Wal wal = Wal.open(TestLog.config(DiskStorage.open(directory)).build())) {
            TestLog.append(wal, 2);
            wal.roll();
            TestLog.append(wal, 2);
            wal.writeCheckpoint(2, out -> out.write(1));
        }
    }

    private void assertRefused(String name, String kind) {
        ReadOptions options = ReadOptions.of(directory);
        List<org.assertj.core.api.ThrowableAssert.ThrowingCallable> ways = List.of(
                () -> Wal.open(TestLog.config(DiskStorage.open(directory)).build())
                        .close(),
                () -> TestLog.read(options));
        for (var way : ways) {
            assertThatThrownBy(way)
                    .as("%s as %s", name, kind)
                    .isInstanceOf(WalException.class)
                    .hasMessageContaining(name)
                    .hasMessageContaining(kind);
        }
        for (RecoveryReport report :
                List.of(WalRecovery.inspect(options), WalRecovery.verify(options, WalProgress.NONE))) {
            assertThat(report.isSound()).isFalse();
            assertThat(report.segments())
                    .anySatisfy(segment ->
                            assertThat(segment.file() + segment.detail()).contains(name, kind));
        }
    }

    private void eachIs(String kind, Maker maker) throws Exception {
        for (String name : NAMES) {
            Path path = directory.resolve(name);
            Path aside = directory.resolve("aside");
            if (Files.exists(path)) {
                Files.move(path, aside);
            }
            maker.make(path);
            assertRefused(name, kind);
            Files.delete(path);
            if (Files.exists(aside)) {
                Files.move(aside, path);
            }
        }
        Wal.open(TestLog.config(DiskStorage.open(directory)).build()).close();
    }

    @Test
    void directoryUnderANameOfTheLogIsRefused() throws Exception {
        eachIs("is a directory", Files::createDirectory);
    }

    @Test
    void linkToADeviceUnderANameOfTheLogIsRefused() throws Exception {
        eachIs("is a symbolic link", path -> Files.createSymbolicLink(path, Path.of("/dev/zero")));
    }

    @Test
    void fifoUnderANameOfTheLogIsRefusedAndNothingBlocks() throws Exception {
        eachIs("is a FIFO", path -> {
            try {
                assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor())
                        .isZero();
            } catch (IOException noTool) {
                assumeTrue(false, "no mkfifo");
            }
        });
    }

    @Test
    void fileOfATerabyteIsRefusedWithItsSizeAndNotRead() throws Exception {
        for (String name : List.of("orders_0000000000000001.wal", "orders_current.wal")) {
            Path path = directory.resolve(name);
            long size = Files.size(path);
            try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
                file.setLength(1L << 40);
                assertRefused(name, "file of 1099511627776 bytes");
                file.setLength(size);
            }
        }
    }

    @Test
    void checkpointOfManyGigabytesIsNotReadAndNotUsed() throws Exception {
        Path path = directory.resolve(".orders_checkpoint_a");
        assertThat(WalCheckpoint.newest(ReadOptions.of(directory))).isPresent();
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(1L << 40);
        }
        assertThat(WalCheckpoint.newest(ReadOptions.of(directory))).isEmpty();
        Wal.open(TestLog.config(DiskStorage.open(directory)).build()).close();
    }
}
