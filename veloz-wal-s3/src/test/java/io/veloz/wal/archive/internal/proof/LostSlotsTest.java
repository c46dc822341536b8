package io.veloz.wal.archive.internal.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.internal.shiplog.LostSlots;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A truncated ship log is itself a valid ship log. Only segments and attachments can show that it was longer. */
class LostSlotsTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private TestArchive archive;

    @BeforeEach
    void ship() throws IOException {
        try (Wal wal = SmallLog.open(dir)) {
            SmallLog.append(wal, 600);
        }
        assertThat(LogFiles.of(dir).sealed()).hasSizeGreaterThanOrEqualTo(4);
        archive = new TestArchive(store, dir);
    }

    private Proof prove(long until) throws IOException {
        ShipLog log = new ShipLog(store);
        return new Prover(log, log.identity().orElseThrow(), new Retries(attempt -> {}), 3, slots -> {}).prove(until);
    }

    private BrokenProofException failure() {
        return catchThrowableOfType(BrokenProofException.class, () -> prove(Long.MAX_VALUE));
    }

    private void loseSlots(long from, long to) throws StoreException {
        for (long number = from; number <= to; number++) {
            store.delete(List.of(ArchiveKeys.slot(number)));
        }
    }

    @Test
    void twoSegmentsWithoutSlotsAreEvidence() throws IOException {
        archive.segments(1, 3);
        loseSlots(3, 4);
        assertThat(failure().key()).isEqualTo(ArchiveKeys.segment("orders", 3, 1));
        assertThat(failure()).hasMessageContaining("no slot commits segment 2");
        assertThat(failure().firstSequence()).isEqualTo(prove(1).archived().sequence() + 1);
    }

    @Test
    void objectOfAnEpochWithoutSlotIsEvidence() throws IOException {
        archive.segment(1).epoch().segment(2);
        loseSlots(3, 4);
        assertThat(failure().key()).isEqualTo(ArchiveKeys.segment("orders", 2, 2));
        assertThat(failure()).hasMessageContaining("epoch 2, and the slots end with epoch 1");
    }

    @Test
    void slotsThatWereRewrittenAfterTheirLossAreEvidence() throws IOException {
        archive.segment(1);
        archive.segments(2, 3);
        loseSlots(3, 4);
        // A writer that ignores the loss continues after slot 2.
        TestArchive again = new TestArchive(store, dir).segment(1).epoch();
        again.segments(2, 3);
        assertThat(failure()).hasMessageContaining("no slot names it, nor segments/orders_0000000000000002");
    }

    @Test
    void allSlotsLostIsNotAnEmptyArchive() throws IOException {
        archive.segments(1, 2);
        loseSlots(1, 3);
        assertThat(failure()).hasMessageContaining("the slots end with epoch 0");
    }

    @Test
    void recordsBeforeTheLossCanBeProven() throws IOException {
        archive.segments(1, 3);
        loseSlots(3, 4);
        long archived = prove(1).archived().sequence();
        assertThat(prove(archived).archived().sequence()).isEqualTo(archived);
        assertThat(catchThrowableOfType(BrokenProofException.class, () -> prove(archived + 1)))
                .isNotNull();
    }

    @Test
    void oneUploadThatNoSlotCommitsIsHarmless() throws IOException {
        archive.segments(1, 2);
        store.damage(ArchiveKeys.segment("orders", 3, 1), new byte[10]);
        assertThat(prove(Long.MAX_VALUE).segments()).hasSize(2);
        archive.epoch().segment(3);
        assertThat(prove(Long.MAX_VALUE).segments()).hasSize(3);
    }

    @Test
    void uploadThatAGapSkipsIsNotEvidence() throws IOException {
        archive.segment(1);
        store.damage(ArchiveKeys.segment("orders", 2, 1), new byte[10]);
        long last = LogFiles.of(dir).sealed(2).orElseThrow().lastSequence();
        archive.gap(archive.archived().sequence() + 1, last, 3);
        store.damage(ArchiveKeys.segment("orders", 3, 1), new byte[10]);
        assertThat(prove(Long.MAX_VALUE).gaps()).hasSize(1);
    }

    @Test
    void writerChecksTwiceBeforeItReportsALoss() throws IOException {
        archive.segment(1);
        ShipLog log = new ShipLog(store);
        var before = log.check(2).orElseThrow().slot();
        var check = new LostSlots.BeforeEpoch(log, log.identity().orElseThrow());
        // Another writer appends slots between the read of the tip and the listing.
        archive.segments(2, 3);
        assertThat(check.against(before)).isEmpty();
        assertThat(check.needsRecheck()).isTrue();
        assertThat(check.against(log.check(4).orElseThrow().slot())).isEmpty();
        assertThat(check.needsRecheck()).isFalse();
    }

    @Test
    void partsOfAbortedUploadsDoNotHideTheEvidence() throws IOException {
        archive.segment(1);
        for (int epoch = 2; epoch <= 20; epoch++) {
            archive.epoch();
        }
        long last = archive.slots();
        archive.segments(2, 3);
        loseSlots(last + 1, last + 2);
        for (int epoch = 1; epoch <= 20; epoch++) {
            for (int part = 1; part <= 64; part++) {
                store.damage(ArchiveKeys.part(ArchiveKeys.segment("orders", 2, epoch), part, 64), new byte[] {1});
            }
        }
        ShipLog log = new ShipLog(store);
        var tip = log.check(last).orElseThrow().slot();
        var check = new LostSlots.BeforeEpoch(log, log.identity().orElseThrow());
        assertThat(check.against(tip)).isEmpty();
        assertThat(check.needsRecheck()).isTrue();
        assertThat(check.against(tip).orElseThrow().key()).isEqualTo(ArchiveKeys.segment("orders", 3, 20));
    }

    @Test
    void objectOfALaterEpochAfterAbortedUploadsIsFoundByTheWriter() throws IOException {
        archive.segment(1);
        store.damage(ArchiveKeys.part(ArchiveKeys.segment("orders", 2, 1), 64, 64), new byte[] {1});
        ShipLog log = new ShipLog(store);
        var tip = log.check(2).orElseThrow().slot();
        var check = new LostSlots.BeforeEpoch(log, log.identity().orElseThrow());
        assertThat(check.against(tip)).isEmpty();
        assertThat(check.needsRecheck()).isFalse();
        String later = ArchiveKeys.part(ArchiveKeys.segment("orders", 2, 2), 1, 64);
        store.damage(later, new byte[] {1});
        assertThat(check.against(tip)).isEmpty();
        assertThat(check.against(tip).orElseThrow().key()).isEqualTo(later);
    }

    @Test
    void writerFindsSlotsThatStayLost() throws IOException {
        archive.segments(1, 3);
        loseSlots(3, 4);
        ShipLog log = new ShipLog(store);
        var tip = log.check(2).orElseThrow().slot();
        var check = new LostSlots.BeforeEpoch(log, log.identity().orElseThrow());
        assertThat(check.against(tip)).isEmpty();
        assertThat(check.needsRecheck()).isTrue();
        assertThat(check.against(tip).orElseThrow().key()).isEqualTo(ArchiveKeys.segment("orders", 3, 1));
    }
}
