package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveRetentionReport.Outcome;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged last care record is skipped by command of an operator. */
class DamagedCareRecordTest {
    @TempDir
    static Path shared;

    private static CaredArchive archive;

    private final HeapStore store = archive.newStore();
    private final CareAccess care = archive.care(store);

    @BeforeAll
    static void make() throws IOException {
        archive = CaredArchive.make(shared.resolve("log")).verified();
    }

    private static ArchiveRetentionOptions options() {
        return CaredArchive.options()
                .keepFor(Duration.ofDays(42))
                .grace(Duration.ZERO)
                .build();
    }

    private static String key(long number) {
        return ArchiveKeys.numbered(ArchiveKeys.CARE, number);
    }

    private void damage(long number) {
        byte[] bytes = store.objects().get(key(number)).clone();
        bytes[bytes.length / 2] ^= 1;
        store.damage(key(number), bytes);
    }

    private long verifiedChain() throws IOException {
        return new CareChain(store, new Retries(attempt -> {}), CaredArchive.identity(store)).verify();
    }

    @Test
    void lostHoldIsReplacedByAHoldOfEverything() throws IOException {
        ArchiveRetention.plan(care, options());
        ArchiveHolds.hold(care, 20, "audit");
        damage(3);
        assertThatThrownBy(() -> ArchiveRetention.apply(care, options())).isInstanceOf(WalRestoreException.class);
        assertThat(ArchiveHolds.skipDamaged(care, 3)).isEqualTo(4);
        CareState state = CaredArchive.state(store);
        assertThat(state.heldFrom()).isEqualTo(1);
        assertThat(state.plan()).isNull();
        assertThat(state.verified()).isEmpty();
        assertThat(verifiedChain()).isEqualTo(4);
        assertThatThrownBy(() -> ArchiveRetention.plan(care, options()))
                .isInstanceOf(ArchiveCareException.class)
                .hasMessageContaining("verify --level content --record");
        archive.verify(store);
        assertThat(ArchiveRetention.plan(care, options()).outcome()).isEqualTo(Outcome.NOTHING);
        ArchiveHolds.release(care, 4);
        assertThat(ArchiveRetention.plan(care, options()).outcome()).isEqualTo(Outcome.DUE);
        assertThat(ArchiveRetention.apply(care, options()).outcome()).isEqualTo(Outcome.DELETED);
        CaredArchive.assertInvariants(store);
    }

    @Test
    void lostDeleteWhoseObjectsAreGoneIsMadeAgain() throws IOException {
        ArchiveRetention.plan(care, options());
        ArchiveRetention.apply(care, options());
        assertThat(CaredArchive.state(store).floor().record()).isEqualTo(3);
        store.remove(key(4));
        damage(3);
        assertThat(ArchiveHolds.skipDamaged(care, 3)).isEqualTo(4);
        CareState state = CaredArchive.state(store);
        assertThat(state.floor().record()).isEqualTo(4);
        assertThat(state.delete()).isEqualTo(4);
        assertThat(verifiedChain()).isEqualTo(4);
        assertThat(ArchiveRetention.apply(care, options()).outcome()).isEqualTo(Outcome.DELETED);
        CaredArchive.assertInvariants(store);
    }

    @Test
    void recordThatCanBeReadIsNotSkipped() throws IOException {
        ArchiveRetention.plan(care, options());
        for (long number : new long[] {1, 2, 3}) {
            assertThatThrownBy(() -> ArchiveHolds.skipDamaged(care, number))
                    .isInstanceOfSatisfying(
                            ArchiveCareException.class,
                            e -> assertThat(e.reason()).isEqualTo(ArchiveCareException.Reason.NOT_DAMAGED));
        }
        assertThat(verifiedChain()).isEqualTo(2);
    }

    @Test
    void onlyRecordIsSkipped() throws IOException {
        damage(1);
        assertThat(ArchiveHolds.skipDamaged(care, 1)).isEqualTo(2);
        assertThat(CaredArchive.state(store).heldFrom()).isEqualTo(1);
        assertThat(verifiedChain()).isEqualTo(2);
    }

    /** The bytes of the damaged record are named, so other damage is found still. */
    @Test
    void damageAfterwardsIsFound() throws IOException {
        ArchiveRetention.plan(care, options());
        damage(2);
        ArchiveHolds.skipDamaged(care, 2);
        assertThat(verifiedChain()).isEqualTo(3);
        damage(1);
        assertThatThrownBy(this::verifiedChain).hasMessageContaining("care/00000000000000000001");
    }
}
