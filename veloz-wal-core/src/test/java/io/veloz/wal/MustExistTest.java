package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A log that has to exist: the disk of an engine that starts again may not be mounted. */
@Timeout(60)
class MustExistTest {
    @TempDir
    Path dir;

    private Path log;

    @BeforeEach
    void name() {
        log = dir.resolve("log");
    }

    private WalConfig.Builder config() {
        return WalConfig.builder(log).mustExist(true);
    }

    private void begin() {
        try (Wal wal = Wal.open(log)) {
            TestLog.append(wal, 3);
        }
    }

    @Test
    void directoryThatIsMissingIsRefusedAndNotCreated() {
        assertThatThrownBy(() -> Wal.open(config().build()))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining(log.toString());
        assertThat(log).doesNotExist();
    }

    @Test
    void directoryWithoutALogIsRefusedAndStaysAsItIs() throws IOException {
        Files.createDirectory(log);
        Files.createFile(log.resolve("lost+found"));
        assertThatThrownBy(() -> Wal.open(config().build()))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining(log + " has no log with the prefix orders")
                .hasMessageContaining("mustExist");
        assertThat(log.toFile().list()).containsExactly("lost+found");
    }

    /** Such as after an open that was cut, or when only the segments were lost. The recovery would delete them. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                ".orders_preparing.tmp",
                ".orders_0000000000000001.wal.tmp",
                ".orders_0000000000000001.wal.fill.tmp",
                ".orders_checkpoint_a.tmp",
                ".orders_fill"
            })
    void filesThatHaveNoRecordsAreNoLog(String name) throws IOException {
        Files.createDirectory(log);
        Files.createFile(log.resolve(name));
        assertThatThrownBy(() -> Wal.open(config().build()))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining(log + " has no log with the prefix orders");
        assertThat(log.toFile().list()).containsExactly(name);
    }

    @Test
    void restoreThatHasNotEndedIsNamed() throws IOException {
        Files.createDirectory(log);
        Files.createFile(log.resolve(".orders_restoring"));
        assertThatThrownBy(() -> Wal.open(config().build()))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("restore");
    }

    @Test
    void logOfAnotherPrefixDoesNotCount() {
        begin();
        assertThatThrownBy(() -> Wal.open(config().prefix("audit").build())).isInstanceOf(WalOpenException.class);
    }

    @Test
    void existingLogIsOpened() {
        begin();
        try (Wal wal = Wal.open(config().build())) {
            assertThat(wal.lastSequence()).isEqualTo(3);
        }
    }

    /** The checkpoint shows that there was a log, and the recovery states which records are missing. */
    @Test
    void logWithoutItsSegmentsIsReportedAsDamaged() throws IOException {
        try (Wal wal = Wal.open(log)) {
            TestLog.append(wal, 3);
            wal.writeCheckpoint(3, out -> out.write(1));
        }
        for (String name : DiskStorage.open(log).list()) {
            if (name.endsWith(".wal")) {
                Files.delete(log.resolve(name));
            }
        }
        assertThatThrownBy(() -> Wal.open(config().build())).isInstanceOf(WalCorruptException.class);
    }
}
