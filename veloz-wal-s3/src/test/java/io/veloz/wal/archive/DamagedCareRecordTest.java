package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveRetentionReport.Outcome;
import io.veloz.wal.archive.RetentionNeeds.Need;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
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
        ArchiveHolds.skipDamaged(care, 3);
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
        ArchiveHolds.skipDamaged(care, 3);
        CareState state = CaredArchive.state(store);
        assertThat(state.floor().record()).isEqualTo(4);
        assertThat(state.delete()).isEqualTo(4);
        assertThat(state.heldFrom()).isEqualTo(state.floor().cut().sequence());
        assertThat(verifiedChain()).isEqualTo(5);
        assertThat(ArchiveRetention.apply(care, options()).outcome()).isEqualTo(Outcome.DELETED);
        CaredArchive.assertInvariants(store);
    }

    // ---- a DELETE is made again only up to the objects that are missing

    /** Plans a cut after record 445, and deletes up to a cut before it. */
    private void deleteLessThanPlanned(long keepFrom) throws IOException {
        planMost();
        ArchiveRetention.apply(
                care, most().needs(() -> List.of(new Need("point", keepFrom))).build());
        assertThat(CaredArchive.state(store).floor().record()).isEqualTo(3);
        store.remove(key(4));
    }

    private static ArchiveRetentionOptions.Builder most() {
        return CaredArchive.options().keepFor(Duration.ofDays(10)).grace(Duration.ZERO);
    }

    private void planMost() throws IOException {
        long objects = CaredArchive.proof(store).segments().size();
        for (long accepted = 1;
                accepted < 2 * objects && CaredArchive.state(store).plan() == null;
                accepted++) {
            try {
                ArchiveRetention.plan(care, most().accept(accepted).build());
            } catch (ArchiveCareException e) {
                assertThat(e.reason()).isEqualTo(ArchiveCareException.Reason.TOO_MUCH);
            }
        }
        assertThat(plan().cut().sequence()).isGreaterThan(445);
    }

    private CareState.Plan plan() throws IOException {
        return Objects.requireNonNull(CaredArchive.state(store).plan());
    }

    @Test
    void deleteIsMadeAgainOnlyUpToTheMissingObjects() throws IOException {
        deleteLessThanPlanned(445);
        CareState.Cut cut = CaredArchive.state(store).floor().cut();
        assertThat(cut.sequence()).isLessThanOrEqualTo(445);
        damage(3);
        ArchiveHolds.skipDamaged(care, 3);
        assertThat(CaredArchive.state(store).floor().cut()).isEqualTo(cut);
        ArchiveRetention.apply(care, options());
        CaredArchive.assertInvariants(store);
    }

    @Test
    void holdThatHadLoweredTheDeleteDoesNotKeepItFromBeingMadeAgain() throws IOException {
        deleteLessThanPlanned(445);
        CareState.Cut cut = CaredArchive.state(store).floor().cut();
        // The same DELETE after a hold that keeps the records from 445 on.
        store.remove(key(3));
        ArchiveHolds.hold(care, 445, "audit");
        store.damage(key(4), new byte[100]);
        ArchiveHolds.skipDamaged(care, 4);
        CareState state = CaredArchive.state(store);
        assertThat(state.floor().cut()).isEqualTo(cut);
        assertThat(state.heldFrom()).isEqualTo(cut.sequence());
        assertThat(verifiedChain()).isEqualTo(6);
    }

    /** The evidence contradicts a need, so nothing is retired. */
    @Test
    void needBelowTheMissingObjectsIsKept() throws IOException {
        deleteLessThanPlanned(445);
        damage(3);
        ArchiveHolds.Skipped skipped =
                ArchiveHolds.skipDamaged(care, 3, Optional.of(() -> List.of(new Need("recovery point 1", 20))));
        assertThat(skipped.isDelete()).isFalse();
        assertThat(skipped.hold()).isEqualTo(skipped.record()).isEqualTo(4);
        assertThat(skipped.firstSequence()).isEqualTo(1);
        assertThat(skipped.reason()).contains("recovery point 1 needs the records from 20 on");
        assertThat(CaredArchive.state(store).floor().isRaised()).isFalse();
    }

    @Test
    void kindAndCutOfTheNextRecordAreReturned() throws IOException {
        deleteLessThanPlanned(445);
        long first = CaredArchive.state(store).floor().cut().sequence();
        damage(3);
        assertThat(ArchiveHolds.skipDamaged(care, 3, Optional.of(List::of)))
                .isEqualTo(new ArchiveHolds.Skipped(
                        4,
                        true,
                        5,
                        first,
                        "all objects before record " + first + " are missing, as a deletion leaves them"));
    }

    @Test
    void oneMissingObjectDoesNotMakeALostHoldADelete() throws IOException {
        ArchiveRetention.plan(care, options());
        ArchiveHolds.hold(care, 20, "audit");
        List<Segment> segments = CaredArchive.proof(store).segments();
        store.remove(segments.get(1).key());
        damage(3);
        ArchiveHolds.skipDamaged(care, 3);
        CareState state = CaredArchive.state(store);
        assertThat(state.floor().isRaised()).isFalse();
        assertThat(state.heldFrom()).isEqualTo(1);
        assertThat(state.plan()).isNull();
    }

    @Test
    void missingOldestSegmentIsRetiredAloneAndTheRestIsHeld() throws IOException {
        ArchiveRetention.plan(care, options());
        ArchiveHolds.hold(care, 20, "audit");
        List<Segment> segments = CaredArchive.proof(store).segments();
        store.remove(segments.get(0).key());
        damage(3);
        ArchiveHolds.skipDamaged(care, 3);
        long first = segments.get(1).firstSequence();
        CareState state = CaredArchive.state(store);
        assertThat(state.floor().cut()).isEqualTo(new CareState.Cut(2, first));
        assertThat(state.heldFrom()).isEqualTo(first);
        archive.verify(store);
        assertThat(ArchiveRetention.apply(care, options()).outcome()).isEqualTo(Outcome.DELETED);
        assertThat(ArchiveRetention.apply(care, options()).outcome()).isEqualTo(Outcome.NOTHING);
        assertThat(store.head(segments.get(1).key())).isPresent();
        CaredArchive.assertInvariants(store);
    }

    @Test
    void missingOldestCheckpointDoesNotMakeALostHoldADelete() throws IOException {
        planMost();
        ArchiveHolds.hold(care, 20, "audit");
        store.remove(CaredArchive.proof(store).attachments().get(0).key());
        damage(3);
        ArchiveHolds.skipDamaged(care, 3);
        CareState state = CaredArchive.state(store);
        assertThat(state.floor().isRaised()).isFalse();
        assertThat(state.heldFrom()).isEqualTo(1);
    }

    // ---- the limit of holds

    @Test
    void asManyHoldsAsPossibleAreReplacedByTheHoldOfEverything() throws IOException {
        for (int i = 0; i < CareState.MAX_HOLDS; i++) {
            ArchiveHolds.hold(care, 20 + i, "audit");
        }
        ArchiveHolds.release(care, CaredArchive.state(store).holds().firstKey());
        long last = ArchiveCare.of(store).record();
        damage(last);
        ArchiveHolds.skipDamaged(care, last);
        CareState state = CaredArchive.state(store);
        assertThat(state.holds()).hasSize(1).containsKey(last + 1);
        assertThat(state.heldFrom()).isEqualTo(1);
        assertThat(verifiedChain()).isEqualTo(last + 1);
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
        ArchiveHolds.skipDamaged(care, 1);
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
