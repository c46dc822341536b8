package io.veloz.wal;

import static io.veloz.wal.TestLog.CURRENT;
import static io.veloz.wal.TestLog.PREPARED;
import static io.veloz.wal.TestLog.read;
import static io.veloz.wal.TestLog.sealed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SegmentReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two files of one segment, left by a copy of an open log or an interrupted recovery: all readers use the same one. */
@Timeout(60)
class SameSegmentTest {
    @TempDir
    Path scratch;

    /** The prepared file was copied while it was blank, and again after a roll, under the current name. */
    private static MemoryStorage copiedDuringARoll() {
        MemoryStorage storage = new MemoryStorage();
        byte[] blank;
        MemoryStorage copy;
        try (Wal wal = TestLog.open(storage)) {
            TestLog.append(wal, 3);
            Logs.await("the next segment", () -> storage.has(PREPARED));
            blank = storage.bytes(PREPARED);
            wal.roll();
            TestLog.append(wal, 4);
            copy = storage.copy();
        }
        return copy.put(PREPARED, blank);
    }

    private static int segmentReaderLast(MemoryStorage storage) throws IOException {
        long last = 0;
        try (SegmentReader reader = SegmentReader.open(LogFiles.of(storage, "orders"), 0, 0, 0)) {
            while (reader.next()) {
                last = reader.lastSequence();
            }
        }
        return (int) last;
    }

    private void assertAllReadersReturnAll(MemoryStorage log, int records) throws IOException {
        assertThat(read(log)).hasSize(records);
        assertThat(read(ReadOptions.of(log).salvage())).hasSize(records);
        assertThat(segmentReaderLast(log)).isEqualTo(records);
        RecoveryReport verified = WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE);
        assertThat(verified.isSound()).isTrue();
        assertThat(verified.records()).isEqualTo(records);
        SalvageReport salvaged =
                WalRecovery.salvage(ReadOptions.of(log), scratch.resolve("salvaged"), WalProgress.NONE);
        assertThat(salvaged.lost()).isEmpty();
        assertThat(salvaged.records()).isEqualTo(records);
        TestLog.recover(log);
        assertThat(read(log)).hasSize(records);
    }

    @Test
    void blankPreparedFileOfTheCurrentSegmentIsIgnored() throws IOException {
        assertAllReadersReturnAll(copiedDuringARoll(), 7);
    }

    @Test
    void originalOfASealedCopyIsIgnored() throws IOException {
        MemoryStorage log = copiedDuringARoll();
        byte[] original = log.bytes(CURRENT);
        MemoryStorage sealed = log.copy();
        TestLog.recover(sealed);
        assertAllReadersReturnAll(
                log.put(sealed(2), sealed.bytes(sealed(2)))
                        .put(CURRENT, original)
                        .put(PREPARED, sealed.bytes(CURRENT)),
                7);
    }

    @Test
    void blankNumberedFileOfAnExistingSegmentIsIgnored() throws IOException {
        MemoryStorage log = copiedDuringARoll();
        assertAllReadersReturnAll(log.put(sealed(2), log.bytes(PREPARED)).remove(PREPARED), 7);
    }

    @Test
    void readThatFailsWhileTheTwoAreComparedLeavesNoFileOpen() {
        MemoryStorage log = copiedDuringARoll();
        int failed = 0;
        for (int reads = 0; reads < 60; reads++) {
            FaultStorage storage = new FaultStorage(log.copy());
            storage.fail(Operation.READ, () -> new IOException("no read"))
                    .after(reads)
                    .times(1);
            try {
                read(storage);
            } catch (WalOpenException | UncheckedIOException e) {
                failed++;
            }
            assertThat(storage.openFiles()).as("after %d reads", reads).isZero();
        }
        assertThat(failed).isGreaterThan(20);
    }

    @Test
    void twoFilesWithRecordsAreRefusedByAllReaders() {
        MemoryStorage log = copiedDuringARoll();
        byte[] earlier = log.bytes(CURRENT);
        Arrays.fill(earlier, 4096 + 200, earlier.length, (byte) 0);
        log.put(PREPARED, earlier);
        List<org.assertj.core.api.ThrowableAssert.ThrowingCallable> readings =
                List.of(() -> read(log), () -> segmentReaderLast(log), () -> TestLog.recover(log));
        for (var reading : readings) {
            assertThatThrownBy(reading).isInstanceOf(WalCorruptException.class).hasMessageContaining("and so does");
        }
        assertThat(WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE).isSound())
                .isFalse();
    }
}
