package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An archive of format 2: two epochs, of which the second took over from another directory, 67 segments, tails, a checkpoint
 * and a SUMMARY slot. Its files are never regenerated.
 */
@Timeout(60)
class GoldenSummariesTest {
    private static final int RECORDS = 116;
    private static final int EPOCH = 2;

    @TempDir
    Path dir;

    private String uri;

    @BeforeEach
    void copyArchive() throws IOException, URISyntaxException {
        Path golden = Path.of(Objects.requireNonNull(GoldenSummariesTest.class.getResource("/golden/archive-2"))
                .toURI());
        Path archive = dir.resolve("archive");
        ArchivedLog.copy(golden, archive);
        uri = archive.toUri().toString();
    }

    private RestoreReport restore() {
        return WalRecovery.restoreFrom(uri, RestoreOptions.into(dir.resolve("log")));
    }

    private ArchiveReport verified() {
        try (ObjectStore store = ObjectStores.open(uri)) {
            return new ArchiveVerifier(store).full(WalProgress.NONE);
        }
    }

    @Test
    void archiveIsSound() {
        ArchiveReport report = verified();
        assertThat(report.problems()).isEmpty();
        assertThat(report.isSound()).isTrue();
        assertThat(report.status().archivedSequence()).isEqualTo(RECORDS);
        assertThat(report.status().epoch()).isEqualTo(EPOCH);
        assertThat(report.status().segments()).isEqualTo(67);
        assertThat(report.status().checkpointSequence()).isEqualTo(60);
    }

    @Test
    void archiveIsReadThroughItsSummary() {
        try (ObjectStore store = ObjectStores.open(uri)) {
            ArchiveStatus status = ArchiveStatus.of(store);
            assertThat(status.archivedSequence()).isEqualTo(RECORDS);
            assertThat(status.segments()).isEqualTo(67);
            assertThat(status.slotsRead()).isLessThan(15);
        }
    }

    @Test
    void archiveIsRestored() {
        assertThat(restore().records()).isEqualTo(RECORDS);
        List<SmallLog.Entry> records = SmallLog.read(dir.resolve("log"));
        assertThat(records).hasSize(RECORDS);
        for (int i = 0; i < RECORDS; i++) {
            assertThat(records.get(i).sequence()).isEqualTo(i + 1);
            assertThat(records.get(i).payload().strip()).isEqualTo("record " + (i + 1));
        }
        assertThat(WalCheckpoint.newest(ReadOptions.of(dir.resolve("log")))
                        .orElseThrow()
                        .sequence())
                .isEqualTo(60);
    }

    @Test
    void archiveIsContinuedByADirectoryThatTakesOver() {
        long epoch = restore().plan().epoch();
        try (Wal wal = SmallLog.open(dir.resolve("log"));
                WalShipper shipper = WalShipper.start(
                        wal, ShipperConfig.builder(uri).takeOver(epoch).build())) {
            SmallLog.append(wal, 40);
            assertThat(shipper.awaitArchived(RECORDS + 40, Duration.ofSeconds(30)))
                    .isTrue();
        }
        ArchiveReport report = verified();
        assertThat(report.isSound()).isTrue();
        assertThat(report.status().archivedSequence()).isEqualTo(RECORDS + 40);
        assertThat(report.status().epoch()).isEqualTo(EPOCH + 1);
    }

    @Test
    void archiveIsNotContinuedByADirectoryThatDoesNotTakeOver() {
        restore();
        try (Wal wal = SmallLog.open(dir.resolve("log"));
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(uri).build())) {
            SmallLog.append(wal, 1);
            WalShippingRefusedException refused = catchThrowableOfType(
                    WalShippingRefusedException.class,
                    () -> shipper.awaitArchived(RECORDS + 1, Duration.ofSeconds(30)));
            assertThat(refused.reason()).isEqualTo(Reason.SUPERSEDED);
        }
        assertThat(verified().status().epoch()).isEqualTo(EPOCH);
    }
}
