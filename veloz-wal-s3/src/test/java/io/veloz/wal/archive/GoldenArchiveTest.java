package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An archive from the version before slots had an origin: two epochs,
 * five segments, tails, a checkpoint. Its files are never regenerated.
 */
@Timeout(60)
class GoldenArchiveTest {
    private static final int RECORDS = 360;

    @TempDir
    Path dir;

    private Path archive;
    private String uri;

    @BeforeEach
    void copyArchive() throws IOException, URISyntaxException {
        Path golden = Path.of(Objects.requireNonNull(GoldenArchiveTest.class.getResource("/golden/archive-1"))
                .toURI());
        archive = dir.resolve("archive");
        ArchivedLog.copy(golden, archive);
        uri = archive.toUri().toString();
    }

    private Path restored() {
        RestoreReport report = WalRecovery.restoreFrom(uri, RestoreOptions.into(dir.resolve("log")));
        assertThat(report.records()).isEqualTo(RECORDS);
        return dir.resolve("log");
    }

    private ArchiveReport verified() {
        try (ObjectStore store = ObjectStores.open(uri)) {
            return new ArchiveVerifier(store).full(WalProgress.NONE);
        }
    }

    @Test
    void archiveWithoutOriginsIsSound() {
        ArchiveReport report = verified();
        assertThat(report.problems()).isEmpty();
        assertThat(report.isSound()).isTrue();
        assertThat(report.status().archivedSequence()).isEqualTo(RECORDS);
        assertThat(report.status().epoch()).isEqualTo(2);
        assertThat(report.status().segments()).isEqualTo(5);
        assertThat(report.status().checkpointSequence()).isEqualTo(100);
    }

    @Test
    void archiveWithoutOriginsIsRestored() {
        List<SmallLog.Entry> records = SmallLog.read(restored());
        assertThat(records).hasSize(RECORDS);
        for (int i = 0; i < RECORDS; i++) {
            assertThat(records.get(i).sequence()).isEqualTo(i + 1);
            assertThat(records.get(i).payload().strip()).isEqualTo("record " + (i + 1));
        }
        assertThat(WalCheckpoint.newest(ReadOptions.of(dir.resolve("log")))
                        .orElseThrow()
                        .sequence())
                .isEqualTo(100);
    }

    @Test
    void archiveWithoutOriginsIsContinuedWithOrigins() throws IOException {
        try (Wal wal = SmallLog.open(restored());
                WalShipper shipper = WalShipper.start(
                        wal,
                        ShipperConfig.builder(uri)
                                .flushInterval(Duration.ofMillis(50))
                                .build())) {
            SmallLog.append(wal, 40);
            assertThat(shipper.awaitArchived(RECORDS + 40, Duration.ofSeconds(30)))
                    .isTrue();
        }
        ArchiveReport report = verified();
        assertThat(report.isSound()).isTrue();
        assertThat(report.status().archivedSequence()).isEqualTo(RECORDS + 40);
        assertThat(report.status().epoch()).isEqualTo(3);
        Path log = archive.resolve("log.json");
        Files.writeString(log, Files.readString(log).replace("\"created\":\"2", "\"created\":\"3"));
        assertThat(catchThrowable(this::verified)).hasMessageContaining("created is ");
    }

    @Test
    void archiveOfFormat1IsSummarizedFromItsFirstEpochOfFormat2On() throws IOException {
        try (Wal wal = SmallLog.open(restored());
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(uri).build())) {
            for (int i = 0; i < 80; i++) {
                SmallLog.append(wal, 1);
                wal.roll();
            }
            ArchivedLog.awaitSegments(shipper, wal);
        }
        try (Stream<Path> slots = Files.list(archive.resolve("ship"))) {
            assertThat(slots).anyMatch(slot -> text(slot).contains("\"kind\":\"SUMMARY\""));
        }
        assertThat(verified().isSound()).isTrue();
        RestoreReport report = WalRecovery.restoreFrom(uri, RestoreOptions.into(dir.resolve("again")));
        assertThat(report.records()).isEqualTo(RECORDS + 80);
    }

    private static String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void changedLogJsonIsRefusedForAnArchiveWithoutOrigins() throws IOException {
        Path log = restored();
        Path json = archive.resolve("log.json");
        Files.writeString(json, Files.readString(json).replace("\"firstSegment\":1", "\"firstSegment\":2"));
        try (Wal wal = SmallLog.open(log);
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(uri).build())) {
            SmallLog.append(wal, 1);
            assertThat(catchThrowable(() -> shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(20))))
                    .isInstanceOf(WalShippingRefusedException.class)
                    .hasMessageContaining("begins with orders segment 2 record 1, but it begins with orders segment 1");
        }
    }
}
