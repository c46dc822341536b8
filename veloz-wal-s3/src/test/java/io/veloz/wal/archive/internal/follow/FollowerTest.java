package io.veloz.wal.archive.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.follow.Follower.Step;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A standby that applies slots, and fetches what it cannot apply. */
@Timeout(60)
class FollowerTest {
    private final FollowRig rig = new FollowRig();
    private final FaultyStorage standby = FollowRig.disk();

    @AfterEach
    void close() {
        rig.close();
    }

    private Follower follower() throws IOException {
        return FollowRig.follower(rig.store, standby);
    }

    private void assertPromotes() throws IOException {
        FollowRig.promote(rig.store, standby);
        FollowRig.assertContinues(rig.store, standby, rig.records());
    }

    @Test
    void appliesTailsAndSegmentsAsTheyAppear() throws IOException {
        rig.ship(3);
        try (Follower follower = follower()) {
            FollowRig.catchUp(follower);
            long fetched = 0;
            while (rig.segments() < 3) {
                rig.ship(5);
                FollowRig.catchUp(follower);
                assertThat(follower.state().end().sequence()).isEqualTo(rig.primary.lastSequence());
                fetched++;
            }
            assertThat(fetched).isGreaterThan(3);
            assertThat(follower.state().verified()).isEqualTo(3);
        }
        assertPromotes();
    }

    @Test
    void segmentOfAppliedTailsIsSealedLocally() throws IOException {
        rig.ship(10);
        FollowRig.follow(rig.store, standby);
        rig.primary.roll();
        rig.ship(1);
        assertThat(rig.segments()).isEqualTo(1);
        FollowRig.follow(
                rig.store.client(request -> request.key().startsWith(ArchiveKeys.SEGMENTS) && request.kind() == Kind.GET
                        ? Fault.DENY
                        : null),
                standby);
        assertThat(standby.list()).contains("orders_0000000000000001.wal");
        assertPromotes();
    }

    @Test
    void slotsThatWereDroppedAreFoundByAListOnly() throws IOException {
        rig.ship(3);
        try (Follower follower = follower()) {
            FollowRig.catchUp(follower);
            rig.shipASegment().shipASegment();
            assertThat(rig.store.objects()).doesNotContainKey(slotAfter(follower));
            assertThat(follower.step(false)).isEqualTo(Step.NOTHING);
            assertThat(follower.step(true)).isEqualTo(Step.MORE);
            FollowRig.catchUp(follower);
            assertThat(follower.state().end().sequence()).isEqualTo(rig.primary.lastSequence());
        }
        assertPromotes();
    }

    /** The uploads of the last segments are slow, so their records are in tails only, and a checkpoint covers them. */
    @Test
    void newStandbyGetsTheTailsOfSegmentsThatEndBeforeTheCheckpoint(@TempDir Path log) throws IOException {
        SmallLog.idle(log, wal -> {
            SmallLog.append(wal, 400);
            wal.writeCheckpoint(400, out -> out.write(1));
        });
        long sealed = LogFiles.of(log).sealed().size();
        assertThat(sealed).isGreaterThan(2);
        new TestArchive(rig.store, log)
                .segments(1, sealed - 2)
                .tails(2000, Long.MAX_VALUE)
                .checkpoint(log, 400);
        FollowRig.follow(rig.store, standby);
        FollowRig.promote(rig.store, standby);
        FollowRig.assertContinues(rig.store, standby, SmallLog.read(log));
    }

    private static String slotAfter(Follower follower) {
        return ArchiveKeys.slot(follower.state().place().slot().number() + 1);
    }

    @Test
    void strayEpochIsAppliedAndLeftAgain() throws IOException {
        rig.ship(3);
        try (Follower follower = follower()) {
            FollowRig.catchUp(follower);
            rig.shipASegment().shipASegment();
            rig.store.damage(slotAfter(follower), strayAfter(follower));
            assertThat(follower.step(false)).isEqualTo(Step.MORE);
            assertThat(follower.state().place().epoch()).isEqualTo(2);
            FollowRig.catchUp(follower);
            assertThat(follower.state().place().epoch()).isEqualTo(1);
            assertThat(follower.state().end().sequence()).isEqualTo(rig.primary.lastSequence());
        }
        assertPromotes();
    }

    /** Returns the EPOCH slot of a writer that found a stale tip, before it finds out. */
    private byte[] strayAfter(Follower follower) throws IOException {
        byte[] bytes = rig.store.objects().get(ArchiveKeys.slot(1));
        Slot first = SlotCodec.decode("first", 1, bytes).slot();
        Slot stray = new Slot(
                first.logId(),
                first.origin(),
                follower.state().place().slot().number() + 1,
                2,
                "cd".repeat(16),
                "other",
                first.written(),
                follower.state().place().slot().sha256(),
                new Slot.SlotRef(1, Digest.of(bytes)),
                follower.state().end(),
                new Epoch(((Epoch) first.part()).logJson()));
        return SlotCodec.encode(stray);
    }

    @Test
    void noEngineOpensAStandby() throws IOException {
        rig.shipASegment();
        FollowRig.follow(rig.store, standby);
        assertThatThrownBy(() -> FollowRig.open(standby)).isInstanceOf(WalOpenException.class);
        assertPromotes();
    }

    @Test
    void directoryIsUsedByOneFollower() throws IOException {
        rig.ship(3);
        try (Follower follower = follower()) {
            FollowRig.catchUp(follower);
            assertThatThrownBy(this::follower).isInstanceOf(WalLockedException.class);
        }
    }

    @Test
    void directoryOfALogIsNoStandby() throws IOException {
        rig.ship(3);
        try (var wal = FollowRig.open(standby)) {
            SmallLog.append(wal, 1);
        }
        assertThatThrownBy(this::follower)
                .isInstanceOfSatisfying(
                        ArchiveFollowException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.NOT_A_STANDBY))
                .hasMessageContaining("follow into an empty directory");
    }

    @Test
    void standbyOfAnotherArchiveIsRefused() throws IOException {
        rig.ship(3);
        FollowRig.follow(rig.store, standby);
        try (FollowRig other = new FollowRig()) {
            other.ship(3);
            assertThatThrownBy(() -> FollowRig.follower(other.store, standby))
                    .isInstanceOfSatisfying(
                            ArchiveFollowException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.OTHER_LOG));
        }
    }

    @Test
    void archiveThatEndsBeforeTheStandbyHasLostSlots() throws IOException {
        rig.ship(3);
        try (Follower follower = follower()) {
            FollowRig.catchUp(follower);
            rig.ship(3);
            FollowRig.catchUp(follower);
            rig.store.remove(ArchiveKeys.slot(follower.state().place().slot().number()));
            assertThat(follower.step(true)).isEqualTo(Step.NOTHING);
            assertThatThrownBy(() -> follower.step(true))
                    .isInstanceOfSatisfying(
                            ArchiveFollowException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.LOST_SLOTS))
                    .hasMessageContaining("Restore the slots from a version or a copy");
        }
        assertThatThrownBy(() -> FollowRig.promote(rig.store, standby, 1))
                .isInstanceOfSatisfying(
                        ArchiveFollowException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.LOST_SLOTS));
    }

    @Test
    void damagedLocalSegmentIsFetchedAgain() throws IOException {
        rig.ship(10);
        FollowRig.follow(rig.store, standby);
        standby.flipBit("orders_current.wal", 4200, 1);
        rig.primary.roll();
        rig.ship(1);
        try (Follower follower = follower()) {
            FollowRig.catchUp(follower);
            assertThat(follower.state().verified()).isEqualTo(1);
        }
        assertPromotes();
    }

    @Test
    void missingLocalSegmentIsFetchedAgainWhenItIsCommitted() throws IOException {
        rig.ship(10);
        FollowRig.follow(rig.store, standby);
        standby.delete("orders_current.wal");
        rig.shipASegment();
        FollowRig.follow(rig.store, standby);
        assertPromotes();
    }

    @Test
    void localBytesThatChangedAreNotPromoted() throws IOException {
        rig.ship(10);
        FollowRig.follow(rig.store, standby);
        standby.flipBit("orders_current.wal", 4200, 1);
        assertNotPromoted("is damaged");
    }

    @Test
    void lastBytesThatChangedAreNotPromoted() throws IOException {
        rig.ship(10);
        FollowRig.follow(rig.store, standby);
        try (Follower follower = follower()) {
            standby.flipBit("orders_current.wal", follower.state().content().from(), 1);
        }
        assertNotPromoted("does not have the bytes that were archived last");
    }

    private void assertNotPromoted(String why) {
        assertThatThrownBy(() -> FollowRig.promote(rig.store, standby, 1))
                .isInstanceOfSatisfying(
                        ArchiveFollowException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.DAMAGED))
                .hasMessageContaining(why)
                .hasMessageContaining("follow into an empty one");
        assertThatThrownBy(() -> FollowRig.open(standby)).isInstanceOf(WalOpenException.class);
    }

    @Test
    void requestsThatFailAreRepeated() throws IOException {
        rig.shipASegment().ship(4);
        FollowRig.follow(rig.store.client(request -> request.number() % 2 == 1 ? Fault.FAIL : null), standby);
        rig.shipASegment().ship(4);
        FollowRig.follow(rig.store.client(request -> request.number() % 2 == 1 ? Fault.FAIL : null), standby);
        assertPromotes();
    }

    @Test
    void restartedPrimaryIsFollowed() throws IOException {
        rig.shipASegment();
        FollowRig.follow(rig.store, standby);
        rig.restartPrimary();
        rig.ship(5);
        try (Follower follower = follower()) {
            FollowRig.catchUp(follower);
            assertThat(follower.state().place().epoch()).isEqualTo(2);
        }
        assertPromotes();
    }

    @Test
    void checkpointIsFetched() throws IOException {
        rig.ship(20);
        rig.primary.writeCheckpoint(15, out -> out.write(42));
        rig.shipASegment();
        FollowRig.follow(rig.store, standby);
        assertThat(standby.list()).contains(".orders_checkpoint_a");
        assertPromotes();
    }

    @Test
    void emptyArchiveIsPolledByOneRequest() throws IOException {
        HeapStore empty = new HeapStore();
        new ShipLog(empty).create(new LogIdentity("ab".repeat(16), "orders", Instant.EPOCH, 1, 1));
        HeapStore client = empty.client(Plan.NONE);
        try (Follower follower = FollowRig.follower(client, standby)) {
            assertThat(follower.step(true)).isEqualTo(Step.CAUGHT_UP);
            long before = client.requests();
            assertThat(follower.step(false)).isEqualTo(Step.NOTHING);
            assertThat(client.requests()).isEqualTo(before + 1);
        }
    }

    @Test
    void recordsThatAreNotAppliedYetAreKnownBeforeTheEnd() throws IOException {
        rig.ship(3);
        try (Follower follower = follower()) {
            FollowRig.catchUp(follower);
            rig.ship(3).ship(4);
            assertThat(follower.archivedSequence()).isEqualTo(3);
            follower.lookAhead();
            assertThat(follower.archivedSequence()).isEqualTo(10);
            assertThat(follower.state().end().sequence()).isEqualTo(3);
        }
    }

    @Test
    void markOfAStandbyStatesItsNextStep() throws IOException {
        rig.ship(3);
        FollowRig.follow(rig.store, standby);
        assertThat(new String(standby.bytes(".orders_restoring"), StandardCharsets.US_ASCII))
                .contains("a standby that follows an archive", "follow URI DIR --promote");
    }

    @Test
    void staleListsDoNotHideNewSlotsForever() throws IOException {
        rig.ship(3);
        FollowRig.follow(rig.store, standby);
        rig.store.settle();
        rig.shipASegment().shipASegment();
        try (Follower follower =
                FollowRig.follower(rig.store.client(r -> r.kind() == Kind.LIST ? Fault.STALE : null), standby)) {
            Step step = follower.step(true);
            assertThat(step).isNotEqualTo(Step.MORE);
        }
        FollowRig.follow(rig.store.client(Plan.NONE), standby);
        assertPromotes();
    }
}
