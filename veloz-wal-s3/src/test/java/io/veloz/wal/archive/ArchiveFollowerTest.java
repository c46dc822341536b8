package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.FollowerStatus.State;
import io.veloz.wal.archive.internal.io.Signal;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.metrics.FollowerMetrics;
import io.veloz.wal.archive.s3.S3ProxyServer;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.archive.store.WaitingStore;
import io.veloz.wal.restore.RestoreOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The public API of a standby, with its thread. */
@Timeout(120)
class ArchiveFollowerTest {
    private static final Duration SOON = Duration.ofMinutes(1);

    @TempDir
    Path dir;

    private Path log() {
        return dir.resolve("log");
    }

    private Path standby() {
        return dir.resolve("standby");
    }

    private String archive() {
        return dir.resolve("archive").toUri().toString();
    }

    private FollowerConfig.Builder config() {
        return FollowerConfig.builder(archive(), standby()).pollInterval(Duration.ofMillis(5));
    }

    private static void ship(WalShipper shipper, Wal wal, int records) {
        SmallLog.append(wal, records);
        assertThat(shipper.awaitArchived(wal.durableSequence(), SOON)).isTrue();
    }

    private static WalShipper shipper(Wal wal, ShipperConfig.Builder config) {
        return WalShipper.start(wal, config.flushInterval(Duration.ofMillis(10)).build());
    }

    @Test
    void metricsEqualTheStatus() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (Wal wal = SmallLog.open(log());
                WalShipper shipper = shipper(wal, ShipperConfig.builder(archive()))) {
            ship(shipper, wal, 7);
            ArchiveFollower follower = ArchiveFollower.start(config().build());
            new FollowerMetrics(follower).bindTo(registry);
            assertThat(follower.awaitCaughtUp(SOON)).isTrue();
            assertThat(gauge(registry, "healthy")).isEqualTo(1);
            assertThat(gauge(registry, "applied_sequence")).isEqualTo(7);
            assertThat(gauge(registry, "epoch")).isEqualTo(1);
            assertThat(gauge(registry, "lag_records")).isZero();
            assertThat(gauge(registry, "lag_seconds")).isNotNegative();
            assertThat(gauge(registry, "caught_up_seconds")).isNotNegative();
            follower.close();
            assertThat(gauge(registry, "healthy")).isZero();
        }
    }

    private static double gauge(SimpleMeterRegistry registry, String name) {
        return registry.get("veloz_wal_follow_" + name).gauge().value();
    }

    @Test
    void standbyReplacesAPrimaryThatIsStillRunning() {
        try (ObjectStore store = ObjectStores.open(archive())) {
            replace(store);
        }
    }

    @Test
    void standbyReplacesAPrimaryOnS3() throws Exception {
        try (ObjectStore store = S3ProxyServer.shared().open(S3ProxyServer.newUri())) {
            replace(store);
        }
    }

    private void replace(ObjectStore archive) {
        FollowerConfig config = FollowerConfig.builder(archive, standby())
                .pollInterval(Duration.ofMillis(5))
                .build();
        try (Wal wal = SmallLog.open(log());
                WalShipper old = shipper(wal, ShipperConfig.builder(archive))) {
            ship(old, wal, 10);
            ArchiveFollower standby = ArchiveFollower.start(config);
            for (int i = 0; i < 10; i++) {
                ship(old, wal, 30);
            }
            assertThat(standby.awaitCaughtUp(SOON)).isTrue();
            FollowerStatus status = standby.status();
            assertThat(status.appliedSequence()).isEqualTo(wal.durableSequence());
            assertThat(status.lagRecords()).isZero();
            assertThat(status.epoch()).isEqualTo(1);
            assertThat(status.caughtUpAt()).isPresent();
            assertThat(status.state()).isEqualTo(State.FOLLOWING);
            ship(old, wal, 3);
            ArchivePromotion promotion = standby.promote(1);
            assertThat(promotion.lastSequence()).isEqualTo(wal.durableSequence());
            assertThat(promotion.epoch()).isEqualTo(2);
            assertThat(standby.status().state()).isEqualTo(State.CLOSED);
            SmallLog.append(wal, 1);
            assertThatThrownBy(() -> old.awaitArchived(wal.durableSequence(), SOON))
                    .isInstanceOf(WalFencedException.class);
            try (Wal promoted = SmallLog.open(standby());
                    WalShipper shipper = shipper(promoted, ShipperConfig.builder(archive))) {
                assertThat(promoted.lastSequence()).isEqualTo(promotion.lastSequence());
                ship(shipper, promoted, 5);
            }
        }
    }

    @Test
    void closedFollowerContinuesAtTheNextStart() {
        try (Wal wal = SmallLog.open(log());
                WalShipper shipper = shipper(wal, ShipperConfig.builder(archive()))) {
            ship(shipper, wal, 10);
            try (ArchiveFollower follower = ArchiveFollower.start(config().build())) {
                assertThat(follower.awaitCaughtUp(SOON)).isTrue();
                assertThatThrownBy(() -> ArchiveFollower.start(config().build()))
                        .isInstanceOf(WalLockedException.class);
                assertThatThrownBy(() -> ArchiveFollower.promote(config().build(), 1))
                        .isInstanceOf(WalLockedException.class);
            }
            ship(shipper, wal, 300);
            try (ArchiveFollower follower = ArchiveFollower.start(config().build())) {
                assertThat(follower.status().appliedSequence()).isEqualTo(10);
                assertThat(follower.awaitCaughtUp(SOON)).isTrue();
                assertThat(follower.status().appliedSequence()).isEqualTo(310);
            }
        }
        assertThat(ArchiveFollower.promote(config().build(), 1).lastSequence()).isEqualTo(310);
        assertThat(SmallLog.read(ReadOptions.of(standby()))).isEqualTo(SmallLog.read(ReadOptions.of(log())));
    }

    @Test
    void lostSlotsEndTheFollowerWithTheReason() {
        HeapStore store = new HeapStore();
        FollowerConfig config = FollowerConfig.builder(store, standby())
                .pollInterval(Duration.ofMillis(5))
                .listInterval(Duration.ofMillis(5))
                .build();
        try (Wal wal = SmallLog.open(log());
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(store).build())) {
            ship(shipper, wal, 10);
            try (ArchiveFollower follower = ArchiveFollower.start(config)) {
                assertThat(follower.awaitCaughtUp(SOON)).isTrue();
                store.objects().keySet().stream()
                        .filter(key -> key.startsWith("ship/") && !key.endsWith("01"))
                        .forEach(store::remove);
                assertThat(follower.awaitCaughtUp(SOON)).isFalse();
                assertThat(follower.status().state()).isEqualTo(State.FAILED);
                assertThat(follower.status().failure())
                        .isInstanceOfSatisfying(
                                ArchiveFollowException.class,
                                e -> assertThat(e.reason()).isEqualTo(Reason.LOST_SLOTS));
            }
        }
    }

    @Test
    void storeThatFailsIsRetriedAndShown() {
        HeapStore store = new HeapStore();
        HeapStore client = store.client(Plan.NONE);
        FollowerConfig config = FollowerConfig.builder(client, standby())
                .pollInterval(Duration.ofMillis(5))
                .build();
        try (Wal wal = SmallLog.open(log());
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(store).build())) {
            ship(shipper, wal, 10);
            try (ArchiveFollower follower = ArchiveFollower.start(config)) {
                assertThat(follower.awaitCaughtUp(SOON)).isTrue();
                client.plan(request -> Fault.DENY);
                assertThat(follower.awaitCaughtUp(Duration.ofMillis(100))).isFalse();
                assertThat(follower.status().failure()).isNull();
                client.plan(Plan.NONE);
                ship(shipper, wal, 10);
                assertThat(follower.awaitCaughtUp(SOON)).isTrue();
                assertThat(follower.status().appliedSequence()).isEqualTo(20);
                assertThat(follower.status().lastError()).isEmpty();
            }
        }
    }

    /** An archive with many segments, none of which is in tails. */
    private HeapStore segments() {
        HeapStore store = new HeapStore();
        try (Wal wal = SmallLog.open(log());
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(store).build())) {
            ship(shipper, wal, 1500);
            assertThat(shipper.awaitArchived(wal.durableSequence(), SOON)).isTrue();
            // The records are in tails before: a close would not wait for their segments.
            while (segmentKeys(store).size() <= 8) {
                Thread.onSpinWait();
            }
        }
        return store;
    }

    private static List<String> segmentKeys(HeapStore store) {
        return store.objects().keySet().stream()
                .filter(key -> key.startsWith("segments/"))
                .toList();
    }

    @Test
    void closeEndsACatchUpAfterTheRunningRequests() throws InterruptedException {
        HeapStore store = segments();
        AtomicInteger fetched = new AtomicInteger();
        CountDownLatch isFetching = new CountDownLatch(1);
        CountDownLatch answers = new CountDownLatch(1);
        WaitingStore waiting = new WaitingStore(store, key -> {
            if (key.startsWith("segments/")) {
                fetched.incrementAndGet();
                isFetching.countDown();
                await(answers);
            }
        });
        ArchiveFollower follower =
                ArchiveFollower.start(FollowerConfig.builder(waiting, standby()).build());
        isFetching.await();
        Thread closing = new Thread(follower::close);
        closing.start();
        while (follower.status().state() != State.CLOSED) {
            Thread.onSpinWait();
        }
        answers.countDown();
        closing.join();
        assertThat(fetched.get()).isLessThan(6);
        assertThat(follower.status().failure()).isNull();
        try (ArchiveFollower again =
                ArchiveFollower.start(FollowerConfig.builder(store, standby()).build())) {
            assertThat(again.awaitCaughtUp(SOON)).isTrue();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void damagedObjectEndsTheFollowerWhichContinuesAfterTheRepair() {
        HeapStore store = segments();
        String key = segmentKeys(store).get(3);
        byte[] object = store.objects().get(key);
        store.damage(key, new byte[100]);
        FollowerConfig config = FollowerConfig.builder(store, standby()).build();
        // Without the delays between attempts.
        Signal quick = new Signal() {
            @Override
            public boolean await(BooleanSupplier condition, long timeoutNanos) {
                boolean isDelay = timeoutNanos < SOON.toNanos();
                return super.await(condition, isDelay ? Math.min(1_000, timeoutNanos) : timeoutNanos);
            }
        };
        try (ArchiveFollower follower = ArchiveFollower.start(config, quick)) {
            assertThat(follower.awaitCaughtUp(SOON)).isFalse();
            assertThat(follower.status().state()).isEqualTo(State.FAILED);
            assertThat(follower.status().lastError()).contains(key);
            assertThat(follower.status().failure())
                    .isInstanceOfSatisfying(
                            ArchiveFollowException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.DAMAGED_OBJECT))
                    .hasMessageContaining(key)
                    .hasMessageContaining("Put the object back");
        }
        store.damage(key, object);
        try (ArchiveFollower follower = ArchiveFollower.start(config)) {
            assertThat(follower.awaitCaughtUp(SOON)).isTrue();
            assertThat(follower.status().bytesRead()).isPositive();
        }
    }

    @Test
    void closedFollowerIsNotPromoted() {
        HeapStore store = segments();
        FollowerConfig config = FollowerConfig.builder(store, standby()).build();
        ArchiveFollower closed = ArchiveFollower.start(config);
        closed.close();
        assertThatThrownBy(() -> closed.promote(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is closed");
        assertThat(ArchiveFollower.promote(config, 1).epoch()).isEqualTo(2);
    }

    @Test
    void restoreIntoAStandbyIsRefusedAndDoesNotOpenIt() {
        try (Wal wal = SmallLog.open(log());
                WalShipper shipper = shipper(wal, ShipperConfig.builder(archive()))) {
            ship(shipper, wal, 10);
        }
        try (ArchiveFollower follower = ArchiveFollower.start(config().build())) {
            assertThat(follower.awaitCaughtUp(SOON)).isTrue();
        }
        assertThatThrownBy(() -> WalRecovery.restoreFrom(archive(), RestoreOptions.into(standby())))
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining("is a standby that follows an archive; promote it");
        assertThatThrownBy(() -> SmallLog.open(standby()))
                .isInstanceOf(WalOpenException.class)
                .hasMessageContaining("promote it if it follows an archive");
        assertThat(ArchiveFollower.promote(config().build(), 1).lastSequence()).isEqualTo(10);
    }

    @Test
    void standbyWhoseMarkIsMissingIsRefused() throws IOException {
        try (Wal wal = SmallLog.open(log());
                WalShipper shipper = shipper(wal, ShipperConfig.builder(archive()))) {
            ship(shipper, wal, 10);
        }
        try (ArchiveFollower follower = ArchiveFollower.start(config().build())) {
            assertThat(follower.awaitCaughtUp(SOON)).isTrue();
        }
        Files.delete(standby().resolve(".orders_restoring"));
        assertThatThrownBy(() -> ArchiveFollower.start(config().build()))
                .isInstanceOf(ArchiveFollowException.class)
                .hasMessageContaining("an engine may have written into this standby");
    }

    @Test
    void missingArchiveIsRefused() {
        assertThatThrownBy(() -> ArchiveFollower.start(config().build()))
                .isInstanceOfSatisfying(
                        WalRestoreException.class,
                        e -> assertThat(e.reason()).isEqualTo(WalRestoreException.Reason.NOT_AN_ARCHIVE));
    }

    @Test
    void invalidSettingsAreRefused() {
        assertThatThrownBy(() -> config().pollInterval(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> config().listInterval(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
