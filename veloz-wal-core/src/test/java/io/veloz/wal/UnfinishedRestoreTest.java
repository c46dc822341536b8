package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SegmentReader;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory with an unfinished restore, whose files may be a shorter log. */
class UnfinishedRestoreTest {
    private static final String EXPECTED = "a restore into it has not ended";

    @TempDir
    Path log;

    @BeforeEach
    void leaveARestoreUnfinished() throws IOException {
        try (Wal wal = Wal.open(log)) {
            wal.appendDurable(1, ByteBuffer.allocate(10));
        }
        Files.writeString(log.resolve(".orders_restoring"), "a restore");
    }

    @Test
    void openIsRefused() {
        assertThatThrownBy(() -> Wal.open(log))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining(EXPECTED);
    }

    @Test
    void readerIsRefused() {
        assertThatThrownBy(() -> WalReader.open(ReadOptions.of(log)))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining(EXPECTED);
    }

    @Test
    void readerOfSegmentsIsRefused() {
        LogFiles files = LogFiles.of(DiskStorage.open(log), "orders");
        assertThatThrownBy(() -> SegmentReader.open(files, 0, 0, 0))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining(EXPECTED);
    }

    @Test
    void logOpensWhenTheRestoreHasEnded() throws IOException {
        Files.delete(log.resolve(".orders_restoring"));
        try (WalReader reader = WalReader.open(ReadOptions.of(log))) {
            assertThat(reader.next()).isTrue();
        }
    }
}
