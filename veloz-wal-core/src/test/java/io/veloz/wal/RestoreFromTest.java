package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A restore without the archive module on the class path. */
class RestoreFromTest {
    @Test
    void missingModuleIsNamedAndOfTheUriOnlyTheScheme() {
        RestoreOptions options = RestoreOptions.into(Path.of("never-made"));
        WalRestoreException refused = catchThrowableOfType(
                WalRestoreException.class, () -> WalRecovery.restoreFrom("s3://bucket/secret", options));
        assertThat(refused.reason()).isEqualTo(WalRestoreException.Reason.UNKNOWN_ARCHIVE);
        assertThat(refused)
                .hasMessageContaining("\"s3:\"")
                .hasMessageContaining("io.veloz:veloz-wal-s3")
                .message()
                .doesNotContain("secret");
        assertThat(Path.of("never-made")).doesNotExist();
    }

    @Test
    void directoryIsTakenFromTheEnvironment() {
        assertThat(WalRecovery.directoryOf(Map.of("VELOZ_WAL_DIR", " data/wal ")))
                .isEqualTo(Path.of("data/wal"));
        assertThatThrownBy(() -> WalRecovery.directoryOf(Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("VELOZ_WAL_DIR is not set; expected a directory");
    }

    @Test
    void timeThatDoesNotFitNanosecondsIsRefused() {
        assertThatThrownBy(() -> RestoreOptions.into(Path.of("x")).untilTime(Instant.MAX))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z");
        assertThatThrownBy(() -> RestoreOptions.into(Path.of("x")).atLeast(0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void directoryWhoseRestoreHasNotEndedDoesNotOpen(@TempDir Path directory) throws IOException {
        try (Wal wal = Wal.open(directory)) {
            wal.appendDurable(1, ByteBuffer.wrap(new byte[] {1}));
        }
        LogFiles files = LogFiles.of(directory);
        files.beginRestore();
        assertThat(files.isRestoring()).isTrue();
        assertThatThrownBy(() -> Wal.open(directory).close())
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("run the same restore again");
        assertThatThrownBy(() -> WalRecovery.inspect(ReadOptions.of(directory))).isInstanceOf(WalOpenException.class);
        files.endRestore();
        files.endRestore();
        try (Wal wal = Wal.open(directory)) {
            assertThat(wal.lastSequence()).isEqualTo(1);
        }
    }

    @Test
    void everyFileOfTheLogIsItsOwnExceptTheLock(@TempDir Path directory) throws IOException {
        try (Wal wal = Wal.open(directory)) {
            wal.appendDurable(1, ByteBuffer.wrap(new byte[] {1}));
            wal.writeCheckpoint(1, out -> out.write(1));
            wal.roll();
        }
        LogFiles files = LogFiles.of(directory);
        for (String name : files.storage().list()) {
            assertThat(files.isOwn(name)).as(name).isEqualTo(!name.equals(files.lockName()));
        }
        assertThat(files.isOwn(".orders_trimmed.tmp")).isTrue();
        assertThat(files.isOwn("orders_eu_current.wal")).isFalse();
        assertThat(files.isOwn("notes.txt")).isFalse();
    }
}
