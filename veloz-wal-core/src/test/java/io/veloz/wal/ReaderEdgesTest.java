package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ReaderEdgesTest {
    @TempDir
    Path scratch;

    private Wal open() {
        return Wal.open(WalConfig.builder(scratch.resolve("log"))
                .segmentBytes(32 * 1024)
                .maxBatchBytes(16 * 1024)
                .build());
    }

    private ReadOptions options() {
        return ReadOptions.of(scratch.resolve("log"));
    }

    private void write(int records, int rollEvery) {
        try (Wal wal = open()) {
            for (int i = 1; i <= records; i++) {
                wal.appendDurable(7, ByteBuffer.wrap(("record " + i).getBytes(StandardCharsets.UTF_8)));
                if (i % rollEvery == 0) {
                    wal.roll();
                }
            }
        }
    }

    @Test
    void logWithoutARecordReadsAsEmpty() {
        open().close();
        try (WalReader reader = WalReader.open(options())) {
            assertThat(reader.next()).isFalse();
            assertThat(reader.hasTornTail()).isFalse();
        }
    }

    @Test
    void aRecordCanBeReadOnlyWhileTheReaderIsAtIt() {
        write(3, 5);
        WalReader reader = WalReader.open(options().untilSequence(2));
        assertNoRecord(reader, "the reader is not at a record");
        assertThat(reader.next()).isTrue();
        assertThat(reader.next()).isTrue();
        assertThat(reader.type()).isEqualTo(7);
        assertThat(reader.payload().remaining()).isEqualTo(8);
        assertThat(reader.next()).isFalse();
        // Not record 3, which is outside of the range, and not record 2, whose buffer may have other bytes now.
        assertNoRecord(reader, "the reader is not at a record");
        reader.close();
        assertNoRecord(reader, "the reader is closed");
    }

    private static void assertNoRecord(WalReader reader, String message) {
        List<ThrowingCallable> calls = List.of(
                reader::payload, reader::type, reader::timestampNanos, reader::timestamp, reader::groupContinues);
        for (ThrowingCallable call : calls) {
            assertThatThrownBy(call).isInstanceOf(IllegalStateException.class).hasMessageStartingWith(message);
        }
    }

    @Test
    void startAfterTheLastRecordReadsNothing() {
        write(12, 5);
        try (WalReader reader = WalReader.open(options().fromSequence(13))) {
            assertThat(reader.next()).isFalse();
        }
    }

    @Test
    void salvageReportsATornTailThoughThePreparedSegmentFollowsIt() throws Exception {
        write(3, 5);
        SegmentReport active = WalRecovery.inspect(options()).segments().get(0);
        try (RandomAccessFile file = new RandomAccessFile(
                scratch.resolve("log").resolve(active.file()).toFile(), "rw")) {
            file.seek(active.dataBytes());
            file.write("a batch that never became whole".getBytes(StandardCharsets.UTF_8));
        }
        SalvageReport report = WalRecovery.salvage(options(), scratch.resolve("salvaged"), WalProgress.NONE);
        assertThat(report.tornTail()).isTrue();
        assertThat(report.records()).isEqualTo(3);
        assertThat(report.lost()).isEmpty();
    }

    @Test
    void salvageOfALogWhoseLastSegmentIsMissingReportsAPossibleLoss() throws Exception {
        write(12, 5);
        Files.delete(scratch.resolve("log").resolve("orders_current.wal"));
        SalvageReport report = WalRecovery.salvage(options(), scratch.resolve("salvaged"), WalProgress.NONE);
        assertThat(report.records()).isEqualTo(12);
        assertThat(report.lost()).isNotEmpty();
    }
}
