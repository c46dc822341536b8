package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.RestoreOptions;
import io.veloz.wal.RestoreReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole circle on a directory store: a log is shipped, restored by one call, goes on, and is shipped again. */
class ShippedRestoreTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path dir;

    private String uri() {
        return dir.resolve("archive").toUri().toString();
    }

    private void ship(Path log, int records) {
        ShipperConfig config = ShipperConfig.builder(uri())
                .flushInterval(Duration.ofMillis(10))
                .build();
        try (Wal wal = SmallLog.open(log);
                WalShipper shipper = WalShipper.start(wal, config)) {
            SmallLog.append(wal, records);
            assertThat(shipper.awaitArchived(wal.lastSequence(), LONG)).isTrue();
        }
    }

    @Test
    void restoredLogGoesOnAndShipsInANewEpoch() throws IOException {
        Files.createDirectories(dir.resolve("archive"));
        ship(dir.resolve("first"), 200);
        ship(dir.resolve("first"), 100);
        RestoreReport report = WalRecovery.restoreFrom(uri(), RestoreOptions.into(dir.resolve("second")));
        assertThat(report.lastSequence()).isEqualTo(300);
        assertThat(SmallLog.read(dir.resolve("second"))).isEqualTo(SmallLog.read(dir.resolve("first")));
        ship(dir.resolve("second"), 150);
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
    void unknownSchemeIsNamed() {
        assertThatThrownBy(() -> WalRecovery.restoreFrom("nowhere://x/y", RestoreOptions.into(dir.resolve("x"))))
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining("nowhere://x/y");
    }

    /** 100 MB of segments in a heap of 48 MB; the heap has no room for all of one segment and more. */
    @Test
    void memoryDoesNotGrowWithTheArchive() throws Exception {
        Path log = dir.resolve("first");
        Files.createDirectories(dir.resolve("archive"));
        int records = Integer.getInteger("wal.records", 100_000);
        ShipperConfig config = ShipperConfig.builder(uri()).build();
        try (Wal wal = Wal.open(io.veloz.wal.WalConfig.builder(log)
                        .durability(io.veloz.wal.Durability.LOSE_UNFORCED)
                        .build());
                WalShipper shipper = WalShipper.start(wal, config)) {
            var payload = SmallLog.bytes("x".repeat(1000));
            for (int i = 0; i < records; i++) {
                wal.append(1, payload.duplicate());
            }
            wal.awaitDurable(records);
            assertThat(shipper.awaitArchived(records, LONG)).isTrue();
        }
        assertThat(restoreInChild(dir.resolve("second"))).last().asString().isEqualTo("restored " + records);
    }

    private List<String> restoreInChild(Path target) throws Exception {
        Path out = dir.resolve("child.txt");
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx48m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        RestoreChild.class.getName(),
                        uri(),
                        target.toString())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertThat(child.waitFor(300, TimeUnit.SECONDS)).isTrue();
            return Files.readAllLines(out);
        } finally {
            child.destroyForcibly();
        }
    }
}
