package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.restore.RestoreOptions;
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
 * An archive of format 2 whose segments are stored in parts of 8 KiB: two epochs, tails and a checkpoint. Its files are never
 * regenerated.
 */
@Timeout(60)
class GoldenPartsTest {
    private static final int RECORDS = 1400;

    @TempDir
    Path dir;

    private String uri;

    @BeforeEach
    void copyArchive() throws IOException, URISyntaxException {
        Path golden = Path.of(Objects.requireNonNull(GoldenPartsTest.class.getResource("/golden/archive-2-parts"))
                .toURI());
        ArchivedLog.copy(golden, dir.resolve("archive"));
        uri = dir.resolve("archive").toUri().toString();
    }

    private ArchiveReport verified() {
        try (ObjectStore store = ObjectStores.open(uri)) {
            return new ArchiveVerifier(store).full(WalProgress.NONE);
        }
    }

    @Test
    void archiveInPartsIsSound() throws IOException {
        ArchiveReport report = verified();
        assertThat(report.isSound()).as(report.toString()).isTrue();
        assertThat(report.orphans()).isEmpty();
        assertThat(report.status().archivedSequence()).isEqualTo(RECORDS);
        assertThat(report.status().checkpointSequence()).isEqualTo(500);
        try (ObjectStore store = ObjectStores.open(uri)) {
            List<Segment> segments = CaredArchive.proof(store).segments();
            assertThat(segments)
                    .hasSize(3)
                    .anyMatch(segment -> segment.objectKeys().size() == 8);
        }
    }

    @Test
    void archiveInPartsIsRestoredAndContinued() {
        Path log = dir.resolve("log");
        WalRecovery.restoreFrom(uri, RestoreOptions.into(log));
        List<SmallLog.Entry> records = SmallLog.read(log);
        assertThat(records).hasSize(RECORDS);
        for (int i = 0; i < RECORDS; i++) {
            assertThat(records.get(i).payload().strip()).isEqualTo("record " + (i + 1));
        }
        try (Wal wal = SmallLog.open(log);
                WalShipper shipper = WalShipper.start(
                        wal, ShipperConfig.builder(uri).takeOver(2).build())) {
            SmallLog.append(wal, 10);
            assertThat(shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(30)))
                    .isTrue();
        }
        assertThat(verified().isSound()).isTrue();
    }
}
