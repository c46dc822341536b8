package io.veloz.wal;

import static io.veloz.wal.TestLog.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.ReportedStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reading a log in a storage that states its segments. */
@Timeout(60)
class ReportedStorageTest {
    private static final int RECORDS = 12;

    private final MemoryStorage files = new MemoryStorage();
    private Reported storage;

    /** The same files, with a report. Notes which files are opened. */
    private static final class Reported implements ReportedStorage {
        final Storage files;
        final List<String> opened = new ArrayList<>();
        RecoveryReport report;

        Reported(Storage files) {
            this.files = files;
            this.report = WalRecovery.inspect(ReadOptions.of(files));
        }

        @Override
        public RecoveryReport report() {
            return report;
        }

        @Override
        public WalCorruptException explain(WalCorruptException damage) {
            return new WalCorruptException(
                    damage.file(),
                    damage.position(),
                    damage.firstSequence(),
                    damage.lastSequence(),
                    "explained: " + damage.getMessage());
        }

        @Override
        public String describe() {
            return files.describe();
        }

        @Override
        public List<String> list() throws IOException {
            return files.list();
        }

        @Override
        public StorageFile openForReading(String name) throws IOException {
            StorageFile file = files.openForReading(name);
            opened.add(name);
            return file;
        }

        @Override
        public boolean isLocked(String name) {
            throw new AssertionError("no writer has such a log open");
        }

        @Override
        public StorageFile create(String name) {
            throw new AssertionError(name);
        }

        @Override
        public StorageFile open(String name) {
            throw new AssertionError(name);
        }

        @Override
        public void rename(String from, String to) {
            throw new AssertionError(from);
        }

        @Override
        public void delete(String name) {
            throw new AssertionError(name);
        }

        @Override
        public void forceDirectory() {
            throw new AssertionError();
        }

        @Override
        public long usableBytes() {
            throw new AssertionError();
        }

        @Override
        public StorageLock lock(String name) {
            throw new AssertionError(name);
        }
    }

    /** Three records in each segment. */
    @BeforeEach
    void write() {
        try (Wal wal = TestLog.open(files)) {
            for (int i = 0; i < RECORDS / 3; i++) {
                TestLog.append(wal, 3);
                wal.roll();
            }
            TestLog.append(wal, 2);
        }
        storage = new Reported(files);
    }

    private static String sealed(int number) {
        return LogFiles.of(new MemoryStorage(), "orders").sealedName(number);
    }

    /** Replaces the ranges of one segment, and the end of the log, in the report. */
    private void state(int segment, long first, long last, long lastSequence) {
        List<SegmentReport> segments = new ArrayList<>(storage.report.segments());
        segments.set(
                segment - 1,
                SegmentReport.builder(sealed(segment), segment, Verdict.SEALED)
                        .records(first, last, last - first + 1)
                        .timestampNanos(0, Long.MAX_VALUE)
                        .build());
        storage.report = RecoveryReport.builder(storage.report.directory())
                .logId(storage.report.logId())
                .segments(segments)
                .firstSequence(1)
                .lastSequence(lastSequence)
                .build();
    }

    @Test
    void recordsAreThoseOfTheLog() {
        assertThat(read(ReadOptions.of(storage))).isEqualTo(read(files));
        for (long from = 1; from <= RECORDS + 2; from++) {
            assertThat(read(ReadOptions.of(storage).fromSequence(from)))
                    .isEqualTo(read(ReadOptions.of(files).fromSequence(from)));
        }
    }

    @Test
    void onlyTheSegmentsInTheRangeAreOpened() {
        assertThat(read(ReadOptions.of(storage).fromSequence(5).untilSequence(9)))
                .hasSize(5);
        assertThat(storage.opened).containsOnly(sealed(2), sealed(3));
    }

    @Test
    void inspectionReturnsTheReport() {
        assertThat(WalRecovery.inspect(ReadOptions.of(storage))).isSameAs(storage.report);
        assertThat(WalRecovery.lastSequence(ReadOptions.of(storage))).isEqualTo(RECORDS + 2);
        assertThat(storage.opened).isEmpty();
    }

    @Test
    void firstSegmentThatIsMissingIsDamage() throws IOException {
        files.delete(sealed(2));
        assertThatThrownBy(() -> WalReader.open(ReadOptions.of(storage).fromSequence(5)))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining("explained: ")
                .hasMessageContaining("the file is missing, or its header is damaged");
    }

    @Test
    void laterSegmentThatIsMissingIsDamage() throws IOException {
        files.delete(sealed(3));
        assertThatThrownBy(() -> read(ReadOptions.of(storage)))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining("explained: ")
                .hasMessageContaining("expected record 7");
    }

    @Test
    void segmentThatBeginsWithAnotherRecordThanReportedIsDamage() {
        state(2, 3, 6, RECORDS + 2);
        assertThatThrownBy(() -> read(ReadOptions.of(storage).fromSequence(5)))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining("batch with first sequence 4; expected 3");
    }

    @Test
    void logThatEndsBeforeTheReportedRecordIsDamage() {
        state(1, 1, 3, RECORDS + 3);
        assertThatThrownBy(() -> read(ReadOptions.of(storage)))
                .isInstanceOf(WalCorruptException.class)
                .hasMessageContaining("expected record " + (RECORDS + 3));
    }

    @Test
    void salvageContinuesAfterAMissingSegment() throws IOException {
        files.delete(sealed(3));
        try (WalReader reader = WalReader.open(ReadOptions.of(storage).salvage())) {
            long count = 0;
            while (reader.next()) {
                count++;
            }
            assertThat(count).isEqualTo(RECORDS + 2 - 3);
            assertThat(reader.lost()).singleElement().satisfies(lost -> {
                assertThat(lost.firstSequence()).isEqualTo(7);
                assertThat(lost.lastSequence()).isEqualTo(9);
            });
        }
    }
}
