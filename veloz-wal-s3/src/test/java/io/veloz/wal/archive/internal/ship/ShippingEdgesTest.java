package io.veloz.wal.archive.internal.ship;

import static io.veloz.wal.archive.internal.ship.TestShip.append;
import static io.veloz.wal.archive.internal.ship.TestShip.assertArchiveIsLog;
import static io.veloz.wal.archive.internal.ship.TestShip.slots;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalProgress;
import io.veloz.wal.archive.ArchiveVerifier;
import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.ship.TestShip.Stepper;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.spi.SegmentReader;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Corner cases of logs: batches without records, an empty log, replaced checkpoints, a damaged tip. */
class ShippingEdgesTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore(1);

    private Wal wal(Duration heartbeatDelay) {
        return Wal.open(TestShip.config(DiskStorage.createOrOpen(dir.resolve("a")))
                .heartbeatDelay(heartbeatDelay)
                .build());
    }

    private void assertSound() throws IOException {
        Archived before = Archived.NOTHING;
        for (Slot slot : slots(store)) {
            assertThat(slot.archived().segment()).as("%s", slot).isGreaterThanOrEqualTo(before.segment());
            assertThat(slot.archived().sequence()).as("%s", slot).isGreaterThanOrEqualTo(before.sequence());
            if (slot.archived().segment() == before.segment()) {
                assertThat(slot.archived().position()).as("%s", slot).isGreaterThanOrEqualTo(before.position());
            }
            before = slot.archived();
        }
        assertThat(new ArchiveVerifier(store).full(WalProgress.NONE).isSound()).isTrue();
    }

    /** The sealed file contains a batch without records after the last tail. */
    @Test
    void segmentThatEndsWithAHeartbeatIsNotShippedAgainAfterItsCommit() throws IOException {
        try (Wal wal = wal(Duration.ofMillis(1));
                Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
            for (int i = 0; i < 5; i++) {
                append(wal, 3);
                shipper.ship();
                awaitHeartbeat(wal);
                wal.roll();
                shipper.ship();
                assertThat(shipper.archived).isEqualTo(wal.durableSequence());
                assertSound();
                append(wal, 1);
                shipper.ship();
                assertSound();
            }
            assertArchiveIsLog(store, wal);
            assertThat(slots(store)).anyMatch(slot -> slot.part() instanceof Segment);
        }
    }

    /** A log writes checkpoints to two files alternately. */
    @Test
    void checkpointReplacedDuringItsUploadIsNotArchived() throws IOException {
        try (Wal wal = wal(Duration.ofHours(1))) {
            append(wal, 30);
            wal.writeCheckpoint(10, out -> out.write(1));
            LocalLog log = LocalLog.of(wal);
            WalCheckpoint checkpoint = log.newestCheckpoint().orElseThrow();
            FileObject object = FileObject.read(log.files(), checkpoint.file(), RateLimiter.UNLIMITED, "k", null);
            assertThat(object.open().readAllBytes()).hasSize((int) object.length());
            wal.writeCheckpoint(20, out -> out.write(2));
            wal.writeCheckpoint(30, out -> out.write(3));
            assertThatThrownBy(() -> object.open().readAllBytes()).hasMessageContaining("replaced");
            assertThatThrownBy(() -> Uploader.upload(
                            log, store, new EncryptedUploads(DataKeys.none()), checkpoint, 1, RateLimiter.UNLIMITED))
                    .hasMessageContaining("replaced");
            assertThat(store.objects()).isEmpty();
        }
    }

    @Test
    void emptyLogIsShippedAsAnEpochOnly() throws IOException {
        try (Wal wal = wal(Duration.ofMillis(1));
                Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
            shipper.ship();
            shipper.ship();
            assertThat(slots(store)).hasSize(1);
            assertSound();
            append(wal, 1);
            shipper.ship();
            assertArchiveIsLog(store, wal);
        }
    }

    @Test
    void noSlotIsPutAfterADamagedTip() throws IOException {
        try (Wal wal = wal(Duration.ofHours(1))) {
            append(wal, 10);
            try (Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
                shipper.ship();
            }
            int slots = slots(store).size();
            String tip = ArchiveKeys.slot(slots);
            byte[] damaged = store.objects().get(tip).clone();
            damaged[damaged.length / 2] ^= 1;
            store.delete(List.of(tip));
            store.putIfAbsent(tip, ObjectContent.of(damaged));
            int objects = store.objects().size();
            append(wal, 10);
            try (Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
                assertThatThrownBy(shipper::ship).hasMessageContaining("still failing after");
            }
            assertThat(store.objects()).hasSize(objects);
        }
    }

    /** Another process can read a record once a later batch shows that it is durable. */
    private static void awaitHeartbeat(Wal wal) throws IOException {
        long shown = 0;
        while (shown < wal.durableSequence()) {
            try (SegmentReader reader = SegmentReader.open(wal.files(), 0, 0, 0)) {
                while (reader.next()) {
                    shown = reader.lastSequence();
                }
            }
        }
    }
}
