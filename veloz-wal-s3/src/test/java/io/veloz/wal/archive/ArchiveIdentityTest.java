package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An archive whose log.json was changed or lost is never treated as that of another log, or as a new one. */
@Timeout(60)
class ArchiveIdentityTest {
    @TempDir
    Path dir;

    private Path log;
    private Path archive;
    private String uri;

    @BeforeEach
    void ship() throws IOException {
        log = dir.resolve("log");
        archive = dir.resolve("archive");
        uri = archive.toUri().toString();
        SmallLog.idle(log, wal -> SmallLog.append(wal, 300));
        Files.createDirectories(archive);
        try (ObjectStore store = ObjectStores.open(uri)) {
            new TestArchive(store, log)
                    .segments(1, LogFiles.of(log).sealed().size())
                    .tails(1000, Long.MAX_VALUE);
        }
    }

    private WalRestoreException verificationRefused() {
        try (ObjectStore store = ObjectStores.open(uri)) {
            return catchThrowableOfType(
                    WalRestoreException.class, () -> new ArchiveVerifier(store).full(WalProgress.NONE));
        }
    }

    private WalRestoreException restoreRefused() {
        return catchThrowableOfType(
                WalRestoreException.class,
                () -> WalRecovery.restoreFrom(uri, RestoreOptions.into(dir.resolve("target"))));
    }

    private WalShippingRefusedException shippingRefused() {
        try (Wal wal = SmallLog.open(log);
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(uri).build())) {
            SmallLog.append(wal, 1);
            return catchThrowableOfType(
                    WalShippingRefusedException.class,
                    () -> shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(20)));
        }
    }

    private void replace(String from, String to) throws IOException {
        Path file = archive.resolve("log.json");
        String text = Files.readString(file);
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
    }

    @ParameterizedTest
    @CsvSource({
        "'\"prefix\":\"orders\"', '\"prefix\":\"trades\"', prefix is trades",
        "'\"firstSegment\":1', '\"firstSegment\":2', firstSegment is 2",
        "'\"firstSequence\":1', '\"firstSequence\":2', firstSequence is 2",
        "'\"created\":\"1970', '\"created\":\"1971', created is 1971"
    })
    void changedFieldIsRefusedAndNamed(String from, String to, String named) throws IOException {
        replace(from, to);
        assertThat(verificationRefused().reason()).isEqualTo(Reason.OTHER_LOG);
        assertThat(verificationRefused()).hasMessageContaining(named);
        assertThat(restoreRefused().reason()).isEqualTo(Reason.OTHER_LOG);
        assertThat(restoreRefused()).hasMessageContaining(named);
        WalShippingRefusedException refused = shippingRefused();
        assertThat(refused.reason()).isEqualTo(WalShippingRefusedException.Reason.OTHER_LOG);
        assertThat(refused).hasMessageContaining(named.replaceAll("prefix is", "prefix"));
    }

    @Test
    void changedLogIdIsRefused() throws IOException {
        String id = LogFiles.of(log).logId().orElseThrow();
        replace(id, "0".repeat(32));
        assertThat(verificationRefused().reason()).isEqualTo(Reason.OTHER_LOG);
        assertThat(verificationRefused()).hasMessageContaining(id).hasMessageContaining("0".repeat(32));
        assertThat(restoreRefused().reason()).isEqualTo(Reason.OTHER_LOG);
        assertThat(shippingRefused().reason()).isEqualTo(WalShippingRefusedException.Reason.OTHER_LOG);
    }

    @Test
    void missingLogJsonIsNotCreatedAgain() throws IOException {
        Files.delete(archive.resolve("log.json"));
        assertThat(shippingRefused().reason()).isEqualTo(WalShippingRefusedException.Reason.LOST_IDENTITY);
        assertThat(archive.resolve("log.json")).doesNotExist();
    }

    @Test
    void missingLogJsonIsNotCreatedAgainIfOnlySegmentsAreLeft() throws IOException {
        Files.delete(archive.resolve("log.json"));
        try (var slots = Files.list(archive.resolve("ship"))) {
            for (Path slot : slots.toList()) {
                Files.delete(slot);
            }
        }
        assertThat(shippingRefused().reason()).isEqualTo(WalShippingRefusedException.Reason.LOST_IDENTITY);
        assertThat(restoreRefused().reason()).isEqualTo(Reason.DAMAGED);
    }

    @Test
    void missingLogJsonIsReadFromTheSlotsAndReported() throws IOException {
        Files.delete(archive.resolve("log.json"));
        try (ObjectStore store = ObjectStores.open(uri)) {
            ArchiveReport report = new ArchiveVerifier(store).quick(WalProgress.NONE);
            assertThat(report.problems())
                    .singleElement()
                    .satisfies(problem -> assertThat(problem.key()).isEqualTo("log.json"));
        }
        WalRecovery.restoreFrom(uri, RestoreOptions.into(dir.resolve("target")));
        assertThat(SmallLog.read(dir.resolve("target"))).isEqualTo(SmallLog.read(log));
    }

    @Test
    void slotsOfAnotherLogAreRefused() throws IOException {
        Path other = dir.resolve("other");
        Path otherLog = dir.resolve("other-log");
        try (Wal wal = SmallLog.open(otherLog)) {
            SmallLog.append(wal, 5);
        }
        Files.createDirectories(other);
        try (ObjectStore store = ObjectStores.open(other.toUri().toString())) {
            new TestArchive(store, otherLog);
        }
        Files.copy(
                other.resolve("log.json"),
                archive.resolve("log.json"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThat(verificationRefused().reason()).isEqualTo(Reason.OTHER_LOG);
    }
}
