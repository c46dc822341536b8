package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.ShipperStatus.State;
import io.veloz.wal.archive.metrics.ShipperMetrics;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class WalShipperTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();

    private Wal open() {
        return Wal.open(WalConfig.builder(dir.resolve("log"))
                .segmentBytes(64 * 1024)
                .maxBatchBytes(16 * 1024)
                .bufferBytes(64 * 1024)
                .build());
    }

    private ShipperConfig.Builder config() {
        return ShipperConfig.builder(store).flushInterval(Duration.ofHours(1));
    }

    private static long append(Wal wal, int count) {
        long last = 0;
        for (int i = 0; i < count; i++) {
            last = wal.appendDurable(1, ByteBuffer.allocate(100));
        }
        return last;
    }

    @Test
    void awaitedRecordIsArchivedBeforeTheFlushInterval() {
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config().build())) {
            long sequence = append(wal, 10);
            assertThat(shipper.awaitArchived(sequence, LONG)).isTrue();
            assertThat(shipper.archivedSequence()).isEqualTo(sequence);
            ShipperStatus status = shipper.status();
            assertThat(status.state()).isEqualTo(State.SHIPPING);
            assertThat(status.epoch()).isEqualTo(1);
            assertThat(status.lagRecords()).isZero();
            assertThat(status.lag()).isZero();
            assertThat(status.requests().puts()).isGreaterThanOrEqualTo(3);
        }
    }

    @Test
    void archiveInTheDirectoryOfTheLogIsRefused() throws IOException {
        try (Wal wal = open()) {
            Path link = Files.createSymbolicLink(dir.resolve("link"), dir.resolve("log"));
            for (Path inside : List.of(dir.resolve("log"), dir.resolve("log/archive"), link.resolve("archive"))) {
                ShipperConfig config = ShipperConfig.builder("file://" + inside).build();
                assertThatThrownBy(() -> WalShipper.start(wal, config))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("is inside the log's directory " + dir.resolve("log"));
            }
            assertThat(dir.resolve("log/archive")).doesNotExist();
            long last = append(wal, 1);
            // A directory next to it, whose name only begins with the same letters.
            try (WalShipper shipper = WalShipper.start(
                    wal, ShipperConfig.builder("file://" + dir.resolve("log2")).build())) {
                assertThat(shipper.awaitArchived(last, LONG)).isTrue();
            }
        }
    }

    @Test
    void closedShipperLeavesNoThread() throws InterruptedException {
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config().build())) {
            append(wal, 10);
            wal.roll();
            assertThat(shipper.awaitArchived(wal.lastSequence(), LONG)).isTrue();
        }
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().contains(dir.toString())) {
                thread.join(LONG.toMillis());
                assertThat(thread.isAlive()).as(thread.getName()).isFalse();
            }
        }
    }

    @Test
    void durableRecordsAreShippedEveryInterval() throws InterruptedException {
        CountDownLatch archived = new CountDownLatch(1);
        ShipperListener listener = new ShipperListener() {
            @Override
            public void onArchived(long sequence) {
                if (sequence >= 10) {
                    archived.countDown();
                }
            }
        };
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(
                        wal,
                        config().flushInterval(Duration.ofMillis(20))
                                .listener(listener)
                                .build())) {
            append(wal, 10);
            archived.await();
            assertThat(shipper.archivedSequence()).isGreaterThanOrEqualTo(10);
        }
    }

    @Test
    void closeShipsTheRemainingRecords() {
        try (Wal wal = open()) {
            WalShipper shipper = WalShipper.start(wal, config().build());
            long sequence = append(wal, 10);
            ShipperStatus status = shipper.stop();
            assertThat(status.archivedSequence()).isEqualTo(sequence);
            assertThat(status.state()).isEqualTo(State.CLOSED);
            append(wal, 1);
            assertThatThrownBy(() -> shipper.awaitArchived(sequence + 1, LONG))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }

    @Test
    void unavailableStoreBlocksNeitherTheLogNorClose() throws InterruptedException {
        store.plan(request -> Fault.FAIL);
        CountDownLatch trouble = new CountDownLatch(1);
        ShipperListener listener = new ShipperListener() {
            @Override
            public void onTrouble(String error) {
                trouble.countDown();
            }
        };
        try (Wal wal = open()) {
            WalShipper shipper = WalShipper.start(
                    wal,
                    config().closeTimeout(Duration.ofMillis(50))
                            .listener(listener)
                            .build());
            long sequence = append(wal, 10);
            assertThat(shipper.awaitArchived(sequence, Duration.ofMillis(1))).isFalse();
            trouble.await();
            ShipperStatus status = shipper.stop();
            assertThat(status.lagRecords()).isEqualTo(10);
            assertThat(status.lag()).isPositive();
            assertThat(status.errors()).isPositive();
            assertThat(status.lastError()).contains("FAIL");
            assertThat(status.toString())
                    .doesNotContain("\n")
                    .contains("CLOSED", "lag 10 records", "last error at " + status.lastErrorAt() + ": ");
            assertThat(wal.trim(0).deletedSegments()).isEmpty();
        }
    }

    @Test
    void shippingResumesWhenTheStoreIsAvailableAgain() {
        AtomicBoolean down = new AtomicBoolean(true);
        store.plan(request -> down.get() ? Fault.FAIL : null);
        CountDownLatch trouble = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        ShipperListener listener = new ShipperListener() {
            @Override
            public void onTrouble(String error) {
                trouble.countDown();
            }

            @Override
            public void onTroubleEnded() {
                over.countDown();
            }
        };
        try (Wal wal = open();
                WalShipper shipper =
                        WalShipper.start(wal, config().listener(listener).build())) {
            long sequence = append(wal, 10);
            trouble.await();
            down.set(false);
            assertThat(shipper.awaitArchived(sequence, LONG)).isTrue();
            over.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void fencedShipperReportsTheLaterWriter() {
        try (Wal wal = open();
                WalShipper first = WalShipper.start(wal, config().build())) {
            assertThat(first.awaitArchived(append(wal, 5), LONG)).isTrue();
            try (WalShipper second = WalShipper.start(wal.files(), config().build())) {
                while (second.status().epoch() == 0) {
                    assertThat(second.status().refused()).isNull();
                    Thread.onSpinWait();
                }
                long sequence = append(wal, 3);
                assertThatThrownBy(() -> first.awaitArchived(sequence, LONG))
                        .isInstanceOfSatisfying(WalFencedException.class, fenced -> {
                            assertThat(fenced.epoch()).isEqualTo(2);
                            assertThat(fenced.firstBeyondFork()).isEqualTo(6);
                        });
                assertThat(first.status().state()).isEqualTo(State.FENCED);
                assertThat(append(wal, 1)).isEqualTo(9);
            }
        }
    }

    @Test
    void waitingCallerReceivesTheRefusal() {
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config().build())) {
            shipper.awaitArchived(append(wal, 1), LONG);
        }
        try (Wal other = Wal.open(dir.resolve("other"));
                WalShipper shipper = WalShipper.start(other, config().build())) {
            long sequence = append(other, 1);
            assertThatThrownBy(() -> shipper.awaitArchived(sequence, LONG))
                    .isInstanceOf(WalShippingRefusedException.class);
            assertThat(shipper.status().state()).isEqualTo(State.REFUSED);
        }
    }

    @Test
    void logTrimsOnlyArchivedRecords() {
        store.plan(request -> request.kind() == Kind.PUT && request.key().startsWith("segments/") ? Fault.FAIL : null);
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config().build())) {
            append(wal, 2000);
            wal.writeCheckpoint(1900, out -> out.write(1));
            wal.writeCheckpoint(2000, out -> out.write(1));
            assertThat(shipper.awaitArchived(2000, LONG)).isTrue();
            assertThat(wal.trim(0).deletedSegments()).isEmpty();
            assertThat(wal.trim(0).toString()).contains("the archive heap:store");
            assertThat(shipper.stop().state()).isEqualTo(State.CLOSED);
            store.plan(Plan.NONE);
            // The new shipper replaces the guard of the first one.
            try (WalShipper again = WalShipper.start(
                    wal, config().flushInterval(Duration.ofMillis(10)).build())) {
                int deleted = 0;
                while (deleted == 0) {
                    again.awaitArchived(append(wal, 1), LONG);
                    deleted = wal.trim(0).deletedSegments().size();
                }
                assertThat(deleted).isPositive();
            }
        }
    }

    @Test
    void recordInADeclaredGapIsNotArchivedAfterARestart() {
        store.plan(request -> request.kind() == Kind.PUT ? Fault.FAIL : null);
        ShipperConfig config =
                config().spoolPolicy(SpoolPolicy.giveUpOldest(100 * 1024)).build();
        try (Wal wal = open()) {
            try (WalShipper shipper = WalShipper.start(wal, config)) {
                append(wal, 3000);
                wal.writeCheckpoint(2900, out -> out.write(1));
                wal.writeCheckpoint(3000, out -> out.write(1));
                assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
                store.plan(Plan.NONE);
                assertThat(shipper.awaitArchived(3000, LONG)).isTrue();
                assertThat(shipper.awaitArchived(1, LONG)).isFalse();
                assertThat(shipper.archivedSequence()).isEqualTo(3000);
            }
            append(wal, 1000);
            try (WalShipper again = WalShipper.start(wal, config)) {
                assertThat(again.awaitArchived(1, LONG)).isFalse();
                assertThat(again.awaitArchived(3000, LONG)).isTrue();
                assertThat(again.awaitArchived(4000, LONG)).isTrue();
            }
        }
    }

    @Test
    void recordBeforeTheBeginningOfAnArchiveIsNotArchived() {
        try (Wal wal = open()) {
            append(wal, 2000);
            wal.writeCheckpoint(1900, out -> out.write(1));
            wal.writeCheckpoint(2000, out -> out.write(1));
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
            try (WalShipper shipper = WalShipper.start(wal, config().build())) {
                assertThat(shipper.awaitArchived(2000, LONG)).isTrue();
                assertThat(shipper.awaitArchived(1, LONG)).isFalse();
            }
        }
    }

    @Test
    void settingsWithAUriCanBeReused() {
        ShipperConfig config = ShipperConfig.builder(
                        dir.resolve("archive").toUri().toString())
                .flushInterval(Duration.ofHours(1))
                .build();
        try (Wal wal = open()) {
            for (int epoch = 1; epoch <= 3; epoch++) {
                try (WalShipper shipper = WalShipper.start(wal, config)) {
                    assertThat(shipper.awaitArchived(append(wal, 5), LONG)).isTrue();
                    assertThat(shipper.status().epoch()).isEqualTo(epoch);
                }
            }
        }
    }

    @Test
    void unsupportedUriIsRefusedOnStart() {
        try (Wal wal = open()) {
            ShipperConfig config = ShipperConfig.builder("ftp://host/a").build();
            assertThatThrownBy(() -> WalShipper.start(wal, config)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void shippingResumesWhenTheDiskOfTheArchiveIsMountedAgain() throws IOException, InterruptedException {
        Path root = dir.resolve("disk/archive");
        CountDownLatch trouble = new CountDownLatch(1);
        ShipperListener listener = new ShipperListener() {
            @Override
            public void onTrouble(String error) {
                trouble.countDown();
            }
        };
        ShipperConfig config = ShipperConfig.builder(root.toUri().toString())
                .flushInterval(Duration.ofHours(1))
                .listener(listener)
                .build();
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config)) {
            assertThat(shipper.awaitArchived(append(wal, 5), LONG)).isTrue();
            Files.move(dir.resolve("disk"), dir.resolve("unmounted"));
            Files.createDirectory(dir.resolve("disk"));
            long sequence = append(wal, 5);
            assertThat(shipper.awaitArchived(sequence, Duration.ofMillis(100))).isFalse();
            trouble.await();
            assertThat(shipper.status().state()).isEqualTo(State.TROUBLE);
            assertThat(shipper.status().lastError()).contains("is missing");
            assertThat(dir.resolve("disk")).isEmptyDirectory();
            Files.delete(dir.resolve("disk"));
            Files.move(dir.resolve("unmounted"), dir.resolve("disk"));
            assertThat(shipper.awaitArchived(sequence, LONG)).isTrue();
        }
    }

    @Test
    void logTrimsRecordsThatAreNotArchivedWithoutTheGuard() {
        store.plan(request -> request.kind() == Kind.PUT && request.key().startsWith("segments/") ? Fault.FAIL : null);
        try (Wal wal = open();
                WalShipper shipper =
                        WalShipper.start(wal, config().guardsTrimming(false).build())) {
            append(wal, 2000);
            wal.writeCheckpoint(1900, out -> out.write(1));
            wal.writeCheckpoint(2000, out -> out.write(1));
            assertThat(shipper.awaitArchived(2000, LONG)).isTrue();
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
        }
    }

    @Test
    void metricsEqualTheStatus() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config().build())) {
            new ShipperMetrics(shipper).bindTo(registry);
            shipper.awaitArchived(append(wal, 7), LONG);
            assertThat(registry.get("veloz_wal_archived_sequence").gauge().value())
                    .isEqualTo(7);
            assertThat(registry.get("veloz_wal_archive_lag_records").gauge().value())
                    .isZero();
            assertThat(registry.get("veloz_wal_archive_fenced").gauge().value()).isZero();
            assertThat(registry.get("veloz_wal_archive_requests")
                            .tag("kind", "put")
                            .functionCounter()
                            .count())
                    .isPositive();
        }
    }
}
