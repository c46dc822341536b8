package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.Records;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files of an idle open log are deleted or moved. The log detects this by itself, and writes nothing more. */
@Timeout(60)
class LostLockTest {
    @TempDir
    Path parent;

    @FunctionalInterface
    private interface Accident {
        void happen(Path directory) throws IOException;
    }

    /** Returns the records of the log after an accident. */
    private SortedMap<Long, String> afterwards(Accident accident, String reported, Path later) throws IOException {
        Path directory = parent.resolve("wal");
        Wal wal = Wal.open(small(DiskStorage.createOrOpen(directory)).build());
        wal.appendDurable(1, payload("one"));
        Logs.await("the next segment", () -> Files.exists(directory.resolve(".orders_prepared.wal")));
        // So that the log makes no call during the accident.
        Logs.awaitIdleHousekeepers();

        accident.happen(directory);

        Logs.await("failed", () -> wal.stats().failed());
        assertThatThrownBy(() -> wal.appendDurable(1, payload("two")))
                .isInstanceOf(WalFailedException.class)
                .hasMessageContaining(reported);
        assertThat(wal.durableSequence()).isEqualTo(1);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
        return Records.of(DiskStorage.open(later));
    }

    @Test
    void removedLockFileFailsTheLogAndTheNextOwnerFindsItWhole() throws Exception {
        Path directory = parent.resolve("wal");
        assertThat(afterwards(wal -> Files.delete(wal.resolve("orders.lock")), "orders.lock does not exist", directory))
                .hasSize(1);
        try (Wal wal = Wal.open(small(DiskStorage.open(directory)).build())) {
            assertThat(wal.appendDurable(1, payload("two"))).isEqualTo(2);
        }
    }

    @Test
    void replacedLockFileFailsTheLog() throws Exception {
        Accident replaced = wal -> {
            Path other = Files.createFile(wal.resolve("other"));
            Files.move(other, wal.resolve("orders.lock"), StandardCopyOption.REPLACE_EXISTING);
        };
        assertThat(afterwards(replaced, "orders.lock is not the file", parent.resolve("wal")))
                .hasSize(1);
    }

    @Test
    void directoryThatWasMovedAwayFailsTheLog() throws Exception {
        Path moved = parent.resolve("moved");
        assertThat(afterwards(wal -> Files.move(wal, moved), "an open begins a new log where there is none", moved))
                .hasSize(1);
        assertThat(parent.resolve("wal")).doesNotExist();
    }

    @Test
    void deletedDirectoryFailsTheLog() throws Exception {
        Accident deleted = wal -> {
            try (var files = Files.list(wal)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(wal);
            Files.createDirectory(parent.resolve("empty"));
        };
        assertThat(afterwards(deleted, "orders.lock does not exist", parent.resolve("empty")))
                .isEmpty();
    }
}
