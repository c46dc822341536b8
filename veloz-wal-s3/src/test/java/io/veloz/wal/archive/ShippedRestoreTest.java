package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.restore.RestoreReport.Outcome;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The full cycle with a directory store: a log is shipped, restored, continued, and shipped again. */
class ShippedRestoreTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path dir;

    private String uri() {
        return dir.resolve("archive").toUri().toString();
    }

    private void ship(Path log, int records) {
        ship(log, records, 0);
    }

    private void ship(Path log, int records, long takeOver) {
        ShipperConfig config = ShipperConfig.builder(uri())
                .flushInterval(Duration.ofMillis(10))
                .takeOver(takeOver)
                .build();
        try (Wal wal = SmallLog.open(log);
                WalShipper shipper = WalShipper.start(wal, config)) {
            SmallLog.append(wal, records);
            assertThat(shipper.awaitArchived(wal.lastSequence(), LONG)).isTrue();
        }
    }

    @Test
    void directoryThatHasLostItsLogContinuesAfterARestoreWithoutATakeOver() throws IOException {
        Path log = dir.resolve("first");
        ship(log, 200);
        for (String name : LogFiles.of(log).storage().list()) {
            if (LogFiles.of(log).isOwn(name)) {
                Files.delete(log.resolve(name));
            }
        }
        assertThat(WalRecovery.restoreFrom(uri(), RestoreOptions.into(log)).lastSequence())
                .isEqualTo(200);
        ship(log, 10);
        try (ObjectStore store = ObjectStores.open(uri())) {
            assertThat(ArchiveStatus.of(store).archivedSequence()).isEqualTo(210);
        }
    }

    /** Uploads and commits all sealed segments. */
    private void shipSegments(Path log) throws IOException {
        try (ObjectStore store = ObjectStores.open(uri())) {
            new TestArchive(store, log).segments(1, LogFiles.of(log).sealed().size());
        }
    }

    @Test
    void restoredLogShipsInANewEpoch() throws IOException {
        Files.createDirectories(dir.resolve("archive"));
        ship(dir.resolve("first"), 200);
        ship(dir.resolve("first"), 100);
        RestoreReport report = WalRecovery.restoreFrom(uri(), RestoreOptions.into(dir.resolve("second")));
        assertThat(report.lastSequence()).isEqualTo(300);
        assertThat(SmallLog.read(dir.resolve("second"))).isEqualTo(SmallLog.read(dir.resolve("first")));
        ship(dir.resolve("second"), 150, 2);
        RestoreReport again = WalRecovery.restoreFrom(uri(), RestoreOptions.into(dir.resolve("third")));
        assertThat(again.plan().epoch()).isEqualTo(report.plan().epoch() + 1);
        assertThat(SmallLog.read(dir.resolve("third"))).isEqualTo(SmallLog.read(dir.resolve("second")));
        try (ObjectStore store = ObjectStores.open(uri())) {
            assertThat(new ArchiveVerifier(store).full(WalProgress.NONE).isSound())
                    .isTrue();
            assertThat(ArchiveStatus.of(store).archivedSequence()).isEqualTo(450);
        }
    }

    @Test
    void logAfterFailoverAndFailbackIsMergedAndShipsAgain() throws IOException {
        Files.createDirectories(dir.resolve("archive"));
        Path first = dir.resolve("first");
        Path second = dir.resolve("second");
        SmallLog.twins(first, second, 200);
        shipSegments(second);
        RestoreReport plain = WalRecovery.restoreFrom(uri(), RestoreOptions.into(first));
        assertThat(plain.outcome()).isEqualTo(Outcome.ALREADY_THERE);
        assertThat(plain.notes()).anyMatch(note -> note.contains("restore with merge"));
        RestoreReport merged =
                WalRecovery.restoreFrom(uri(), RestoreOptions.into(first).merge());
        assertThat(merged.outcome()).isEqualTo(Outcome.MERGED);
        assertThat(SmallLog.read(first)).isEqualTo(SmallLog.read(second));
        ship(first, 50);
        WalRecovery.restoreFrom(uri(), RestoreOptions.into(dir.resolve("third")));
        assertThat(SmallLog.read(dir.resolve("third"))).isEqualTo(SmallLog.read(first));
    }

    @Test
    void mergeKeepsRecordsAfterTheEndOfTheArchive() throws IOException {
        Files.createDirectories(dir.resolve("archive"));
        Path first = dir.resolve("first");
        Path second = dir.resolve("second");
        SmallLog.twins(first, second, 200);
        shipSegments(second);
        try (Wal wal = SmallLog.open(first)) {
            SmallLog.append(wal, 30);
            wal.appendDurable(new RecordGroup().add(8, SmallLog.bytes("one")).add(9, SmallLog.bytes("two")));
        }
        List<SmallLog.Entry> before = SmallLog.read(first);
        RestoreReport merged =
                WalRecovery.restoreFrom(uri(), RestoreOptions.into(first).merge());
        assertThat(merged.localAhead()).isEqualTo(32);
        assertThat(SmallLog.read(first)).isEqualTo(before);
        ship(first, 1);
        WalRecovery.restoreFrom(uri(), RestoreOptions.into(dir.resolve("third")));
        assertThat(SmallLog.read(dir.resolve("third"))).isEqualTo(SmallLog.read(first));
    }

    @Test
    void unknownSchemeIsNamed() {
        assertThatThrownBy(() -> WalRecovery.restoreFrom("nowhere://x/y", RestoreOptions.into(dir.resolve("x"))))
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining("nowhere://x/y");
    }

    @Test
    void slotsHaveTheTimeOfTheShippersClock() throws IOException {
        Files.createDirectories(dir.resolve("archive"));
        Instant time = Instant.parse("2031-05-06T07:08:09.123Z");
        ShipperConfig config = ShipperConfig.builder(uri())
                .clock(Clock.fixed(time, ZoneOffset.UTC))
                .build();
        try (Wal wal = SmallLog.open(dir.resolve("log"));
                WalShipper shipper = WalShipper.start(wal, config)) {
            SmallLog.append(wal, 1);
            assertThat(shipper.awaitArchived(1, LONG)).isTrue();
        }
        try (ObjectStore store = ObjectStores.open(uri())) {
            assertThat(ArchiveStatus.of(store).lastWritten()).isEqualTo(time);
        }
    }

    /** A lower bound: no machine is too slow for it. */
    @Test
    void restoreTransfersNoMoreThanTheBytesPerSecond() throws IOException {
        Files.createDirectories(dir.resolve("archive"));
        Path log = dir.resolve("log");
        try (Wal wal = SmallLog.open(log)) {
            SmallLog.append(wal, 900);
        }
        shipSegments(log);
        long bytes = WalRecovery.planRestore(uri(), RestoreOptions.into(dir.resolve("plan")))
                .objectBytes();
        assertThat(bytes).isGreaterThan(2);
        long begin = System.nanoTime();
        RestoreReport report = WalRecovery.restoreFrom(
                uri(), RestoreOptions.into(dir.resolve("restored")).bytesPerSecond(bytes / 2));
        assertThat(report.fetchedBytes()).isPositive();
        assertThat(System.nanoTime() - begin)
                .isGreaterThanOrEqualTo(Duration.ofMillis(1_900).toNanos());
    }
}
