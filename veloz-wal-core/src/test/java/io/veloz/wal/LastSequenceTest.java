package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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

    /** Each time the log is closed before another call of the reader, so names change between the calls. */
    @ParameterizedTest
    @EnumSource(
            value = Operation.class,
            names = {"LIST", "OPEN_FOR_READING", "READ", "SIZE"})
    void everyAcknowledgedRecordIsCountedAlthoughACloseRenamesFiles(Operation operation) {
        boolean closes = true;
        for (int call = 1; closes; call++) {
            HeapStorage heap = new HeapStorage();
            FaultStorage reads = new FaultStorage(heap);
            Wal wal = Wal.open(Logs.small(heap).build());
            for (int i = 1; i <= 8; i++) {
                wal.appendDurable(1, ByteBuffer.wrap(new byte[3]));
                if (i == 5) {
                    wal.roll();
                }
            }
            AtomicInteger left = new AtomicInteger(call);
            reads.before(operation, () -> {
                if (left.decrementAndGet() == 0) {
                    wal.close();
                }
            });
            assertThat(WalRecovery.lastSequence(ReadOptions.of(reads)))
                    .as("closed before call %d", call)
                    .isEqualTo(8);
            closes = left.get() <= 0;
            wal.close();
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
