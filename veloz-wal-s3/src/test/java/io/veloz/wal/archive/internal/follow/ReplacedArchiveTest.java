package io.veloz.wal.archive.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An archive that was replaced by an older copy, and is continued with other records than a standby has applied. */
@Timeout(60)
class ReplacedArchiveTest {
    private final FaultyStorage standby = FollowRig.disk();
    private HeapStore store = new HeapStore();
    private Map<String, byte[]> copy = Map.of();
    private FaultyStorage one = FollowRig.disk();
    private FaultyStorage two = FollowRig.disk();

    @BeforeEach
    void ship() {
        FollowRig rig = new FollowRig();
        rig.shipASegment().ship(3);
        rig.close();
        store = rig.store;
        copy = store.objects();
        FaultyStorage disk = rig.primaryDisk.killProcess();
        one = disk.killProcess();
        two = disk.killProcess();
    }

    /** Appends batches of records with a text, and ships each. */
    private void ship(FaultyStorage disk, String text, int batches) {
        try (Wal wal = FollowRig.open(disk);
                DirectShip.Shipper shipper = new DirectShip.Shipper(wal, store)) {
            for (int i = 0; i < batches; i++) {
                wal.appendDurable(1, SmallLog.bytes(text + " ".repeat(500)));
                shipper.ship();
            }
        }
    }

    private void replace() {
        store.objects().keySet().stream().filter(key -> !copy.containsKey(key)).forEach(store::remove);
        copy.forEach(store::damage);
    }

    private void assertDiverged() throws IOException {
        assertThatThrownBy(() -> FollowRig.follow(store, standby))
                .isInstanceOfSatisfying(
                        ArchiveFollowException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.DIVERGED))
                .hasMessageContaining("the archive was replaced by an older copy and continued")
                .hasMessageContaining("keep a copy of it");
        int slots = store.objects().size();
        assertThatThrownBy(() -> FollowRig.promote(store, standby, 2)).isInstanceOf(ArchiveFollowException.class);
        assertThat(store.objects()).hasSize(slots);
    }

    @Test
    void longerOneIsRefused() throws IOException {
        ship(one, "one", 3);
        FollowRig.follow(store, standby);
        replace();
        ship(two, "two", 5);
        assertDiverged();
    }

    @Test
    void oneOfTheSameLengthIsRefused() throws IOException {
        ship(one, "one", 3);
        FollowRig.follow(store, standby);
        replace();
        ship(two, "two", 3);
        assertDiverged();
    }

    @Test
    void oneWithAnotherCommittedSegmentIsRefused() throws IOException {
        ship(one, "one", 3);
        FollowRig.follow(store, standby);
        replace();
        ship(two, "two", 50);
        assertDiverged();
    }

    @Test
    void oneWithOtherCommittedSegmentsThanTheStandbyIsRefused() throws IOException {
        ship(one, "one", 50);
        FollowRig.follow(store, standby);
        replace();
        ship(two, "two", 80);
        assertDiverged();
    }

    @Test
    void sameArchiveIsFollowedAfterASearch() throws IOException {
        ship(one, "one", 3);
        FollowRig.follow(store, standby);
        try (Follower follower = FollowRig.follower(store, standby)) {
            follower.standby().save(follower.state().searching());
            FollowRig.catchUp(follower);
        }
        FollowRig.promote(store, standby, 2);
    }

    @Test
    void damagedLocalBytesAreWrittenAgainByASearch() throws IOException {
        ship(one, "one", 3);
        FollowRig.follow(store, standby);
        standby.flipBit("orders_current.wal", 4200, 1);
        assertThatThrownBy(() -> FollowRig.promote(store, standby, 2)).hasMessageContaining("is damaged");
        try (Follower follower = FollowRig.follower(store, standby)) {
            follower.standby().save(follower.state().searching());
            FollowRig.catchUp(follower);
        }
        FollowRig.promote(store, standby, 2);
        assertThat(FollowRig.read(standby)).isEqualTo(FollowRig.read(one));
    }
}
