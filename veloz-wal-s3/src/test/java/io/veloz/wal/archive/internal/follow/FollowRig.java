package io.veloz.wal.archive.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.internal.follow.Follower.Step;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

/** A primary on a disk in memory that ships to a store in memory, and standbys that follow it. */
final class FollowRig implements AutoCloseable {
    static final Retries AT_ONCE = new Retries(attempt -> {});

    final HeapStore store = new HeapStore();
    final FaultyStorage primaryDisk = disk();
    Wal primary = open(primaryDisk);
    DirectShip.Shipper shipper = new DirectShip.Shipper(primary, store);

    static FaultyStorage disk() {
        return new FaultyStorage(1, DiskRules.WORST);
    }

    static Wal open(Storage storage) {
        return Wal.open(WalConfig.builder(storage)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .build());
    }

    /** Appends records to the primary, and ships them. */
    FollowRig ship(int records) {
        SmallLog.append(primary, records);
        shipper.ship();
        assertThat(shipper.archived()).isEqualTo(primary.durableSequence());
        return this;
    }

    /** Appends records that fill more than a segment, a few at a time, so that they are shipped as tails first. */
    FollowRig shipASegment() {
        long segment = segments();
        while (segments() == segment) {
            ship(5);
        }
        return this;
    }

    /** Returns the number of committed segments. */
    long segments() {
        return store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.SEGMENTS))
                .count();
    }

    /** Starts the engine of the primary again. */
    void restartPrimary() {
        shipper.close();
        primary.close();
        primary = open(primaryDisk);
        shipper = new DirectShip.Shipper(primary, store);
    }

    List<Entry> records() {
        return read(primaryDisk);
    }

    /** Reads a log to its end, also while it is open: all its records are durable, whatever its files show. */
    static List<Entry> read(Storage storage) {
        return SmallLog.read(ReadOptions.of(new ForwardingStorage(storage) {
            @Override
            public boolean isLocked(String name) {
                return false;
            }
        }));
    }

    static Follower follower(ObjectStore store, Storage storage) throws IOException {
        return Follower.open(store, storage, AT_ONCE);
    }

    /** Applies everything that is archived. */
    static void catchUp(Follower follower) throws IOException {
        while (follower.step(true) != Step.CAUGHT_UP) {
            // A step makes progress, or fails.
        }
    }

    static void follow(ObjectStore store, Storage storage) throws IOException {
        try (Follower follower = follower(store, storage)) {
            catchUp(follower);
        }
    }

    /** Promotes over the epoch of the last applied slot. */
    static StandbyPromotion.Result promote(ObjectStore store, Storage storage) throws IOException {
        try (Follower follower = follower(store, storage)) {
            long over = follower.state().place().epoch();
            return new StandbyPromotion(follower, Clock.systemUTC(), true).run(over);
        }
    }

    static StandbyPromotion.Result promote(ObjectStore store, Storage storage, long over) throws IOException {
        try (Follower follower = follower(store, storage)) {
            return new StandbyPromotion(follower, Clock.systemUTC(), true).run(over);
        }
    }

    /** Checks that a promoted log has the records, and that it continues the archive. */
    static void assertContinues(HeapStore store, Storage promoted, List<Entry> expected) {
        try (Wal wal = open(promoted);
                DirectShip.Shipper shipper = new DirectShip.Shipper(wal, store)) {
            assertThat(read(promoted)).isEqualTo(expected);
            SmallLog.append(wal, 7);
            shipper.ship();
            assertThat(shipper.archived()).isEqualTo(expected.size() + 7);
        }
    }

    @Override
    public void close() {
        shipper.close();
        primary.close();
    }
}
