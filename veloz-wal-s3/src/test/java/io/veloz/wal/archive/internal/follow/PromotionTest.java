package io.veloz.wal.archive.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.FollowState.Promotion;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.Witness;
import io.veloz.wal.archive.internal.format.WitnessCodec;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.internal.ship.DirectoryFile;
import io.veloz.wal.archive.internal.ship.StandbyClaim;
import io.veloz.wal.archive.internal.ship.StandbyClaim.Acquired;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.InterposedStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.storage.AtomicFile;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A standby replaces the writer of an archive. */
@Timeout(60)
class PromotionTest {
    private final FollowRig rig = new FollowRig();
    private final FaultyStorage standby = FollowRig.disk();

    @BeforeEach
    void follow() throws IOException {
        rig.shipASegment().ship(3);
        FollowRig.follow(rig.store, standby);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private List<Epoch> epochs() throws IOException {
        List<Epoch> epochs = new ArrayList<>();
        for (var object : rig.store.objects().entrySet()) {
            long number = ArchiveKeys.slotNumber(object.getKey());
            if (number > 0
                    && SlotCodec.decode(object.getKey(), number, object.getValue())
                                    .slot()
                                    .part()
                            instanceof Epoch epoch) {
                epochs.add(epoch);
            }
        }
        return epochs;
    }

    private void assertLost(FaultyStorage disk, long over, long winner) {
        assertThatThrownBy(() -> FollowRig.promote(rig.store, disk, over))
                .isInstanceOfSatisfying(
                        ArchiveFollowException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.LOST_PROMOTION))
                .hasMessageContaining("promote over epoch " + winner);
    }

    @Test
    void promotedLogHasEveryArchivedRecord() throws IOException {
        rig.shipASegment().ship(3);
        StandbyPromotion.Result result = FollowRig.promote(rig.store, standby);
        assertThat(result).isEqualTo(new StandbyPromotion.Result(2, 1, rig.primary.lastSequence()));
        assertThat(epochs()).extracting(Epoch::reason).containsExactly(Slot.Reason.START, Slot.Reason.PROMOTION);
        assertThat(epochs().get(1).observed()).isEqualTo(1);
        FollowRig.assertContinues(rig.store, standby, rig.records());
        assertThat(standby.list()).doesNotContain(".orders_follow", ".orders_restoring");
    }

    @Test
    void recordsThatAreArchivedAtAnyRequestOfThePromotionAreNotLost() throws IOException {
        for (int at = 1; ; at++) {
            try (FollowRig own = new FollowRig()) {
                own.shipASegment().ship(3);
                FaultyStorage disk = FollowRig.disk();
                FollowRig.follow(own.store, disk);
                List<Entry> archived = new ArrayList<>();
                InterposedStore store = new InterposedStore(own.store, at, () -> {
                    own.primary.appendDurable(1, SmallLog.bytes("late"));
                    try {
                        own.shipper.ship();
                        archived.addAll(own.records());
                    } catch (WalFencedException e) {
                        // Not archived, so it may be lost.
                    }
                });
                FollowRig.promote(store, disk);
                if (!store.isReached()) {
                    assertThat(at).isGreaterThan(5);
                    return;
                }
                List<Entry> promoted;
                try (Wal wal = FollowRig.open(disk)) {
                    promoted = FollowRig.read(disk);
                    assertThat(wal.lastSequence()).isPositive();
                }
                assertThat(promoted).as("request " + at).containsAll(archived);
            }
        }
    }

    @Test
    void oldPrimaryIsFenced() throws IOException {
        FollowRig.promote(rig.store, standby);
        rig.primary.appendDurable(1, SmallLog.bytes("late"));
        assertThat(rig.shipper.end()).isInstanceOf(WalFencedException.class);
    }

    @Test
    void oldPrimaryThatIsStartedAgainIsSuperseded() throws IOException {
        FollowRig.promote(rig.store, standby);
        rig.restartPrimary();
        assertThat(rig.shipper.end())
                .isInstanceOfSatisfying(
                        WalShippingRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(WalShippingRefusedException.Reason.SUPERSEDED));
        FollowRig.assertContinues(rig.store, standby, rig.records());
    }

    @Test
    void ofTwoStandbysThatArePromotedOneOpens() throws IOException {
        FaultyStorage other = FollowRig.disk();
        FollowRig.follow(rig.store, other);
        FollowRig.promote(rig.store, standby);
        assertLost(other, 1, 2);
        FollowRig.assertContinues(rig.store, standby, rig.records());
    }

    @Test
    void ofTwoStandbysThatArePromotedAtOnceOneOpensAtEveryInterleaving() throws IOException {
        for (int at = 1; ; at++) {
            try (FollowRig own = new FollowRig()) {
                own.shipASegment().ship(3);
                FaultyStorage one = FollowRig.disk();
                FaultyStorage two = FollowRig.disk();
                FollowRig.follow(own.store, one);
                FollowRig.follow(own.store, two);
                int[] opened = new int[1];
                InterposedStore store = new InterposedStore(own.store, at, () -> opened[0] += promotes(own.store, two));
                int mine = promotes(store, one);
                opened[0] += mine;
                if (!store.isReached()) {
                    assertThat(at).isGreaterThan(5);
                    return;
                }
                assertThat(opened[0]).as("request " + at).isEqualTo(1);
            }
        }
    }

    private static int promotes(ObjectStore store, FaultyStorage disk) {
        try {
            FollowRig.promote(store, disk);
            return 1;
        } catch (ArchiveFollowException e) {
            assertThat(e.reason()).isEqualTo(Reason.LOST_PROMOTION);
            return 0;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void primaryThatWasStartedAgainIsReplacedOnlyByANewDecision() throws IOException {
        rig.restartPrimary();
        rig.ship(3);
        assertLost(standby, 1, 2);
        rig.ship(3);
        FollowRig.follow(rig.store, standby);
        FollowRig.promote(rig.store, standby, 2);
        FollowRig.assertContinues(rig.store, standby, rig.records());
    }

    @Test
    void lostPromotionLeavesAStandbyThatFollowsTheWinner() throws IOException {
        FaultyStorage other = FollowRig.disk();
        FollowRig.follow(rig.store, other);
        FollowRig.promote(rig.store, standby);
        assertLost(other, 1, 2);
        FollowRig.assertContinues(rig.store, standby, rig.records());
        FollowRig.follow(rig.store, other);
        FollowRig.promote(rig.store, other);
        FollowRig.assertContinues(rig.store, other, FollowRig.read(standby));
    }

    @Test
    void promotionThatHasBegunIsNotFollowed() throws IOException {
        HeapStore dying = rig.store.client(request -> request.kind() == Kind.PUT ? Fault.DIE_AFTER : null);
        assertThatThrownBy(() -> FollowRig.promote(dying, standby)).isInstanceOf(IOException.class);
        try (Follower follower = FollowRig.follower(rig.store, standby)) {
            assertThatThrownBy(follower::checkNoPromotion)
                    .isInstanceOfSatisfying(
                            ArchiveFollowException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.PROMOTION_BEGUN))
                    .hasMessageContaining("follow URI DIR --promote");
        }
        FollowRig.promote(rig.store, standby);
        FollowRig.assertContinues(rig.store, standby, rig.records());
        assertThat(epochs())
                .extracting(Epoch::reason)
                .startsWith(Slot.Reason.START, Slot.Reason.PROMOTION, Slot.Reason.START);
    }

    @Test
    void promotionOverAnUnknownEpochIsRefusedAndPutsNothing() {
        int before = rig.store.objects().size();
        assertLost(standby, 7, 1);
        assertThat(rig.store.objects()).hasSize(before);
    }

    @Test
    void promotedDirectoryIsNoStandbyAnyMore() throws IOException {
        FollowRig.promote(rig.store, standby);
        FollowRig.assertContinues(rig.store, standby, rig.records());
        assertThatThrownBy(() -> FollowRig.promote(rig.store, standby, 2))
                .isInstanceOfSatisfying(
                        ArchiveFollowException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.NOT_A_STANDBY));
    }

    @Test
    void standbyWithoutASlotIsPromoted() throws IOException {
        FaultyStorage fresh = FollowRig.disk();
        FollowRig.promote(rig.store, fresh, 1);
        FollowRig.assertContinues(rig.store, fresh, rig.records());
    }

    @Test
    void epochOfAPromotionThatTheArchiveHasLostIsReported() throws IOException {
        try (Follower follower = FollowRig.follower(rig.store, standby)) {
            Acquired acquired = claimed(follower);
            rig.store.remove(ArchiveKeys.slot(acquired.slot().number()));
            assertThatThrownBy(() -> claimed(follower))
                    .isInstanceOfSatisfying(
                            ArchiveFollowException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.LOST_SLOTS))
                    .hasMessageContaining(
                            "this standby has put slot " + acquired.slot().number());
        }
    }

    private static Acquired claimed(Follower follower) throws IOException {
        DirectoryFile file = DirectoryFile.open(follower.standby().files().names(), follower.identity());
        long applied = follower.state().place().slot().number();
        var claim = new StandbyClaim(
                follower.log(), follower.identity(), file, 1, applied, Clock.systemUTC(), number -> {});
        for (int step = 0; step < 1000; step++) {
            // The search begins at the lost slot, and begins again when it is missing.
            Optional<Acquired> acquired = follower.retries().call(claim::step);
            if (acquired.isPresent()) {
                return acquired.get();
            }
        }
        throw new AssertionError("the claim does not end");
    }

    @Test
    void slotsThatWereLostAfterTheEndOfTheWriterAreDetectedBeforeTheFence() throws IOException {
        try (Follower follower = FollowRig.follower(rig.store, standby)) {
            long last = follower.state().place().slot().number();
            Slot tip = follower.log().check(last).orElseThrow().slot();
            Witness end = new Witness(
                    Witness.Kind.END,
                    tip.logId(),
                    tip.origin(),
                    follower.identity().text(),
                    tip.epoch(),
                    tip.writer(),
                    tip.host(),
                    tip.written(),
                    new SlotRef(last + 1, "ab".repeat(32)),
                    tip.kept(),
                    tip.archived());
            rig.store.putIfAbsent(ArchiveKeys.end(tip.epoch()), ObjectContent.of(WitnessCodec.encode(end)));
        }
        assertThatThrownBy(() -> FollowRig.promote(rig.store, standby))
                .isInstanceOfSatisfying(
                        ArchiveFollowException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.LOST_SLOTS))
                .hasMessageContaining("ends/e0000000001");
        assertThat(epochs()).hasSize(1);
    }

    @Test
    void promotionThatHasSentNothingHasNotBegun() throws IOException {
        HeapStore away = rig.store.client(Plan.randomly(1, 100));
        assertThatThrownBy(() -> FollowRig.promote(away, standby, 99)).isInstanceOf(Exception.class);
        HeapStore denied = rig.store.client(request -> request.kind() == Kind.LIST ? Fault.DENY : null);
        assertThatThrownBy(() -> FollowRig.promote(denied, standby, 99)).isInstanceOf(IOException.class);
        try (Follower follower = FollowRig.follower(rig.store, standby)) {
            follower.checkNoPromotion();
            assertThat(follower.state().promotion().over()).isZero();
        }
    }

    /** The EPOCH of the first run is under way while the second one is refused. */
    @Test
    void promotionWhoseEpochMayStillArriveIsNotGivenUp() throws IOException {
        var delayed = new DelayedPuts(rig.store);
        assertThatThrownBy(() -> FollowRig.promote(delayed, standby, 1)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> FollowRig.promote(rig.store, standby, 9))
                .isInstanceOfSatisfying(
                        ArchiveFollowException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.LOST_PROMOTION))
                .hasMessageContaining("the promotion over epoch 1 has put a slot up to")
                .hasMessageContaining("may still arrive");
        try (Follower follower = FollowRig.follower(rig.store, standby)) {
            assertThatThrownBy(follower::checkNoPromotion).hasMessageContaining("a promotion over epoch 1 has begun");
        }
        delayed.deliver();
        FollowRig.promote(rig.store, standby, 1);
        FollowRig.assertContinues(rig.store, standby, rig.records());
    }

    @Test
    void promotionOfAnEarlierVersionStaysBegunUntilItsEpochCannotArrive() throws IOException {
        begunByAnEarlierVersion();
        assertLost(standby, 9, 1);
        assertThat(begun()).isEqualTo(1);
        rig.ship(1).ship(1);
        assertLost(standby, 9, 1);
        assertThat(begun()).isZero();
        FollowRig.follow(rig.store, standby);
    }

    /** It did not record with which number it had put its EPOCH. */
    private void begunByAnEarlierVersion() throws IOException {
        try (Follower follower = FollowRig.follower(rig.store, standby)) {
            follower.standby().save(follower.state().promoting(new Promotion(1, 0, false)));
        }
        String text = new String(standby.bytes(".orders_follow"), StandardCharsets.US_ASCII);
        assertThat(text).contains("\"over\":1,\"slot\":0,");
        byte[] earlier = text.replace("\"over\":1,\"slot\":0,", "\"over\":1,").getBytes(StandardCharsets.US_ASCII);
        AtomicFile.replace(standby, ".orders_follow", ".orders_follow.tmp", ByteBuffer.wrap(earlier));
    }

    private long begun() throws IOException {
        try (Follower follower = FollowRig.follower(rig.store, standby)) {
            return follower.state().promotion().over();
        }
    }

    @Test
    void standbyOfAnArchiveWithoutRecordsIsPromoted() throws IOException {
        try (FollowRig own = new FollowRig()) {
            own.shipper.ship();
            FaultyStorage disk = FollowRig.disk();
            FollowRig.follow(own.store, disk);
            FollowRig.promote(own.store, disk);
            FollowRig.assertContinues(own.store, disk, List.of());
        }
    }

    @Test
    void promotedLogContinuesWithItsShipperAfterARestart() throws IOException {
        FollowRig.promote(rig.store, standby);
        FollowRig.assertContinues(rig.store, standby, rig.records());
        try (Wal wal = FollowRig.open(standby);
                DirectShip.Shipper shipper = new DirectShip.Shipper(wal, rig.store)) {
            shipper.ship();
            assertThat(shipper.archived()).isEqualTo(wal.durableSequence());
        }
    }
}
