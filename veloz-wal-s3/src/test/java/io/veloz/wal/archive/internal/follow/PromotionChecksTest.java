package io.veloz.wal.archive.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.DirectoryState;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.TestKeys;
import io.veloz.wal.storage.AtomicFile;
import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageFullException;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Standbys that cannot become the log. They fence no writer, and their promotion has not begun. */
@Timeout(60)
class PromotionChecksTest {
    private final FollowRig rig = new FollowRig();
    private final FaultyStorage standby = FollowRig.disk();

    @BeforeEach
    void follow() throws IOException {
        rig.shipASegment().shipASegment().ship(3).ship(4);
        FollowRig.follow(rig.store, standby);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private void assertRefused(ObjectStore store, Reason reason, String text) throws IOException {
        assertThatThrownBy(() -> FollowRig.promote(store, standby, 1))
                .isInstanceOfSatisfying(
                        ArchiveFollowException.class,
                        e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContaining(text);
        assertNothingBegun();
    }

    private void assertNothingBegun() throws IOException {
        try (Follower follower = FollowRig.follower(rig.store, standby)) {
            follower.checkNoPromotion();
        }
        rig.ship(1);
    }

    @Test
    void damagedRecordOfTheActiveSegment() throws IOException {
        standby.flipBit("orders_current.wal", 4200, 1);
        assertRefused(rig.store, Reason.DAMAGED, "segment 3 is damaged");
    }

    @Test
    void missingActiveSegment() throws IOException {
        standby.delete("orders_current.wal");
        assertRefused(rig.store, Reason.DAMAGED, "does not have the bytes that were archived last");
    }

    @Test
    void missingSealedSegment() throws IOException {
        standby.delete("orders_0000000000000001.wal");
        assertRefused(rig.store, Reason.DAMAGED, "orders_0000000000000001.wal is missing");
    }

    @Test
    void damagedHeaderOfASealedSegment() throws IOException {
        standby.flipBit("orders_0000000000000002.wal", 9, 1);
        assertRefused(rig.store, Reason.DAMAGED, "orders_0000000000000002.wal is damaged");
    }

    @Test
    void promotionOpensTheLastTwoSegmentsHoweverManyThereAre() throws IOException {
        for (int i = 0; i < 5; i++) {
            rig.shipASegment();
        }
        rig.ship(3);
        FollowRig.follow(rig.store, standby);
        Set<String> opened = new TreeSet<>();
        Storage watched = new ForwardingStorage(standby) {
            @Override
            public StorageFile open(String name) throws IOException {
                StorageFile file = super.open(name);
                opened.add(name);
                return file;
            }

            @Override
            public StorageFile openForReading(String name) throws IOException {
                StorageFile file = super.openForReading(name);
                opened.add(name);
                return file;
            }
        };
        FollowRig.promote(rig.store, watched);
        assertThat(standby.list()).contains("orders_0000000000000008.wal");
        opened.removeIf(name -> !name.startsWith("orders_0"));
        assertThat(opened).isNotEmpty().isSubsetOf("orders_0000000000000007.wal", "orders_0000000000000008.wal");
        FollowRig.assertContinues(rig.store, standby, rig.records());
    }

    @Test
    void segmentInTheArchiveThatIsDamagedAndStillToBeFetched() throws IOException {
        FaultyStorage late = FollowRig.disk();
        String key = rig.store.objects().keySet().stream()
                .filter(each -> each.startsWith(ArchiveKeys.SEGMENTS))
                .findFirst()
                .orElseThrow();
        rig.store.damage(key, new byte[7]);
        assertThatThrownBy(() -> FollowRig.promote(rig.store, late, 1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(key);
        assertNothingBegun();
    }

    @Test
    void fullDisk() throws IOException {
        standby.capacityBytes(2 << 20);
        assertThatThrownBy(() -> FollowRig.promote(rig.store, standby, 1))
                .isInstanceOf(StorageFullException.class)
                .hasMessageContaining("free bytes; a promotion needs 16777216");
        assertNothingBegun();
        standby.capacityBytes(1L << 40);
        FollowRig.promote(rig.store, standby, 1);
        FollowRig.assertContinues(rig.store, standby, rig.records());
    }

    @Test
    void keyWithoutACopyInTheArchive() throws IOException {
        HeapStore store = rig.store.with(new TestKeys("test", "new"));
        assertRefused(store, Reason.KEY_NOT_ESCROWED, "keys/new.pgp");
        try (Follower follower = FollowRig.follower(store, standby)) {
            new StandbyPromotion(follower, Clock.systemUTC(), false).run(1);
        }
        assertThat(standby.list()).doesNotContain(".orders_follow");
    }

    @Test
    void damagedFileOfTheRightToShip() throws IOException {
        String name;
        try (Follower follower = FollowRig.follower(rig.store, standby)) {
            name = DirectoryState.fileName("orders", follower.identity());
        }
        AtomicFile.replace(standby, name, name + ".tmp", ByteBuffer.wrap(new byte[] {1, 2, 3}));
        assertThatThrownBy(() -> FollowRig.promote(rig.store, standby, 1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(name);
        assertNothingBegun();
    }
}
