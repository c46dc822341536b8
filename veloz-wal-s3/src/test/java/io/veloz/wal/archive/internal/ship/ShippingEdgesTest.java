package io.veloz.wal.archive.internal.ship;

import static io.veloz.wal.archive.internal.ship.TestShip.append;
import static io.veloz.wal.archive.internal.ship.TestShip.assertArchiveIsLog;
import static io.veloz.wal.archive.internal.ship.TestShip.slots;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.SegmentReader;
import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.archive.ArchiveVerifier;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.ship.TestShip.Stepper;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.storage.DiskStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs at the edges of what a shipper meets: with batches that hold no records, empty, with large records. */
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

    /** The batch without records lies behind the last tail, and in the sealed file. */
    @Test
    void segmentThatEndsWithAHeartbeatIsNotShippedAgainBehindItsCommit() throws IOException {
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

    /** Another process may read a record as soon as a later batch says that it is on disk. */
    private static void awaitHeartbeat(Wal wal) throws IOException {
        long promised = 0;
        while (promised < wal.durableSequence()) {
            try (SegmentReader reader = SegmentReader.open(wal.files(), 0, 0, 0)) {
                while (reader.next()) {
                    promised = reader.lastSequence();
                }
            }
        }
    }
}
