package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.HeapStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Readers of an archive whose first records are retired, before they are opened or while they are open. */
@Timeout(60)
class RetiredReadTest {
    @TempDir
    static Path shared;

    private static CaredArchive archive;
    private static List<SmallLog.Entry> records;
    private HeapStore store;

    @BeforeAll
    static void make() throws IOException {
        archive = CaredArchive.make(shared.resolve("log")).verified();
        records = SmallLog.read(shared.resolve("log"));
    }

    @BeforeEach
    void copy() {
        store = archive.newStore();
    }

    /** Retires the records before the last 42 days. Returns the first one that stays. */
    private long retire() {
        ArchiveRetentionOptions options = CaredArchive.options()
                .keepFor(Duration.ofDays(42))
                .grace(Duration.ZERO)
                .build();
        long first = ArchiveRetention.apply(archive.care(store), options).firstSequence();
        assertThat(first).isGreaterThan(1);
        return first;
    }

    private ArchiveReader open() {
        ArchiveReadOptions options = ArchiveReadOptions.defaults().aheadBytes(0).cacheBytes(0);
        return ArchiveReader.open(store, options, new Retries(attempt -> {}));
    }

    private static List<SmallLog.Entry> from(long sequence) {
        return records.subList((int) sequence - 1, records.size());
    }

    private static WalRestoreException refusal(ReadOptions options) {
        return catchThrowableOfType(WalRestoreException.class, () -> SmallLog.read(options));
    }

    // ---- retired before

    @Test
    void readingBeginsAtTheFloor() {
        long first = retire();
        try (ArchiveReader reader = open()) {
            assertThat(SmallLog.read(reader.options())).isEqualTo(from(first));
            assertThat(SmallLog.read(reader.options().fromSequence(first + 60))).isEqualTo(from(first + 60));
            assertThat(SmallLog.read(reader.options().fromTime(1))).isEqualTo(from(first));
            assertThat(reader.notes())
                    .containsExactly("the records before " + first + " were retired by care record "
                            + ArchiveCare.of(store).retiredBy() + "; reading begins with record " + first);
        }
    }

    @Test
    void damagedCareRecordIsANoteAndTheFloorOfTheOneBeforeCounts() throws IOException {
        long first = retire();
        String newest = "care/"
                + String.format(Locale.ROOT, "%020d", ArchiveCare.of(store).record());
        store.damage(newest, new byte[10]);
        try (ArchiveReader reader = open()) {
            assertThat(reader.notes()).hasSize(2);
            assertThat(reader.notes().get(0)).contains(newest);
            assertThat(SmallLog.read(reader.options())).isEqualTo(from(first));
        }
    }

    @Test
    void reportIsWithoutRetiredSegments() {
        long first = retire();
        try (ArchiveReader reader = open()) {
            RecoveryReport report = WalRecovery.inspect(reader.options());
            assertThat(report.firstSequence()).isEqualTo(first);
            assertThat(report.expectedFirstSequence()).isEqualTo(first);
            assertThat(report.segments().get(0).firstSequence()).isEqualTo(first);
            assertThat(report.isSound()).isTrue();
        }
    }

    @Test
    void retiredRecordIsRefusedWithTheFirstReadableOne() {
        long first = retire();
        try (ArchiveReader reader = open()) {
            assertThatThrownBy(() -> WalReader.open(reader.options().fromSequence(first - 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("which begins with " + first);
        }
    }

    // ---- retired while a reader is open

    @Test
    void recordsThatAreRetiredWhileAReaderIsOpenAreReportedAsRetired() {
        try (ArchiveReader reader = open()) {
            long first = retire();
            WalRestoreException refused = refusal(reader.options());
            assertThat(refused.reason()).isEqualTo(Reason.RETIRED);
            assertThat(refused.firstSequence()).isEqualTo(1);
            assertThat(refused.lastSequence()).isEqualTo(first - 1);
            assertThat(refused)
                    .hasMessageContaining("were retired by care record "
                            + ArchiveCare.of(store).retiredBy())
                    .hasMessageContaining("read from record " + first + " on")
                    .hasMessageNotContaining("put the object back");
            assertThat(SmallLog.read(reader.options().fromSequence(first))).isEqualTo(from(first));
        }
    }

    @Test
    void otherMissingObjectIsDamageAlsoAfterARetention() throws IOException {
        long first = retire();
        Segment missing = CaredArchive.proof(store).segments().stream()
                .filter(segment -> segment.firstSequence() > first)
                .findFirst()
                .orElseThrow();
        store.remove(missing.key());
        try (ArchiveReader reader = open()) {
            WalRestoreException refused = refusal(reader.options());
            assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
            assertThat(refused.key()).contains(missing.key());
        }
    }
}
