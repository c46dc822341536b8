package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LastSequenceTest {
    @TempDir
    Path dir;

    @Test
    void everyAcknowledgedRecordIsCountedAtOnceWhileTheLogIsOpen() {
        try (Wal wal = Wal.open(WalConfig.builder(dir).segmentBytes(2 << 20).build())) {
            for (int i = 0; i < 200; i++) {
                long acknowledged = wal.appendDurable(1, ByteBuffer.wrap(new byte[20_000]));
                assertThat(WalRecovery.lastSequence(ReadOptions.of(dir))).isGreaterThanOrEqualTo(acknowledged);
            }
        }
    }

    @Test
    void emptyLogEndsAtZero() {
        Wal.open(WalConfig.builder(dir).build()).close();
        assertThat(WalRecovery.lastSequence(ReadOptions.of(dir))).isZero();
    }

    @Test
    void closedLogEndsAtItsLastRecord() {
        try (Wal wal = Wal.open(WalConfig.builder(dir).build())) {
            wal.appendDurable(1, ByteBuffer.wrap(new byte[3]));
            wal.appendDurable(1, ByteBuffer.wrap(new byte[3]));
        }
        assertThat(WalRecovery.lastSequence(ReadOptions.of(dir))).isEqualTo(2);
    }

    @Test
    void logThatMissesASegmentIsRefused() throws IOException {
        try (Wal wal = Wal.open(WalConfig.builder(dir).build())) {
            wal.appendDurable(1, ByteBuffer.wrap(new byte[3]));
            wal.roll();
            wal.appendDurable(1, ByteBuffer.wrap(new byte[3]));
        }
        Files.delete(dir.resolve(
                LogFiles.of(dir).sealedName(LogFiles.of(dir).sealed().get(0))));
        ReadOptions damaged = ReadOptions.of(dir);
        assertThatThrownBy(() -> WalRecovery.lastSequence(damaged)).isInstanceOf(WalCorruptException.class);
    }

    @Test
    void missingDirectoryIsRefused() {
        ReadOptions missing = ReadOptions.of(dir.resolve("missing"));
        assertThatThrownBy(() -> WalRecovery.lastSequence(missing)).isInstanceOf(WalOpenException.class);
    }
}
