package io.veloz.wal.archive.internal.care;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.HeapStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The evidence of a deletion that ended in the middle of a segment. */
class BegunDeletePartsTest {
    @TempDir
    Path dir;

    private Proof proof;
    private List<String> keys;
    private Cut planned;

    @BeforeEach
    void make() throws IOException {
        HeapStore store = new HeapStore().with(EncryptionKeys.NONE);
        try (Wal wal = SmallLog.open(dir, 64 * 1024);
                DirectShip.Shipper shipper = new DirectShip.Shipper(wal, store, 8 * 1024)) {
            for (int i = 1; i <= 1000; i++) {
                wal.append(1, SmallLog.bytes("record " + i + " ".repeat(250)));
            }
            wal.sync();
            SmallLog.awaitSealed(wal, 4);
            shipper.ship();
        }
        ShipLog log = new ShipLog(store);
        proof = new Prover(log, log.identity().orElseThrow(), new Retries(attempt -> {}), 1, slots -> {})
                .prove(Long.MAX_VALUE);
        keys = BegunDelete.keys(proof);
        assertThat(proof.segments()).hasSizeGreaterThan(3);
        assertThat(keys).hasSizeGreaterThan(5 * proof.segments().size());
        planned = cut(2);
    }

    private Cut cut(int index) {
        Segment segment = proof.segments().get(index);
        return new Cut(segment.number(), segment.firstSequence());
    }

    private BegunDelete begun(Set<String> gone) {
        return BegunDelete.of(CareState.NONE, planned, proof, gone);
    }

    /** A DELETE of the segment would delete the parts that are left. */
    @Test
    void segmentThatIsMissingInPartIsNotDeleted() {
        int first = proof.segments().get(0).objectKeys().size();
        for (int count = 1; count < first; count++) {
            assertThat(begun(new HashSet<>(keys.subList(0, count))).cut())
                    .as("%d objects", count)
                    .isNull();
        }
        int second = proof.segments().get(1).objectKeys().size();
        for (int count = 0; count < second; count++) {
            BegunDelete begun = begun(new HashSet<>(keys.subList(0, first + count)));
            assertThat(begun.cut()).as("%d objects", first + count).isEqualTo(cut(1));
            assertThat(begun.missing()).hasSize(first + count);
            assertThat(begun.partly()).isEqualTo(keys.subList(first, first + count));
        }
        assertThat(begun(new HashSet<>(keys.subList(0, first + second))).cut()).isEqualTo(cut(2));
    }

    @Test
    void missingPartAfterOneThatExistsIsNoDeletion() {
        assertThat(begun(Set.of(keys.get(1))).cut()).isNull();
        assertThat(begun(Set.of(keys.get(0), keys.get(2))).cut()).isNull();
        Set<String> later = new HashSet<>(proof.segments().get(0).objectKeys());
        later.add(proof.segments().get(1).objectKeys().get(1));
        assertThat(begun(later).cut()).isNull();
    }

    /** Its first parts exist, so the deletion has not begun with it. */
    @Test
    void partsOfALaterSegmentAreNoDeletion() {
        assertThat(begun(Set.copyOf(proof.segments().get(1).objectKeys())).cut())
                .isNull();
    }
}
