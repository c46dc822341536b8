package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.FollowerStatus.State;
import io.veloz.wal.archive.internal.io.Signal;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.WaitingStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Damage that stays ends a follower however long its attempts take, and one that is closed states what has begun. */
@Timeout(120)
class FollowerFailureTest {
    private static final Duration SOON = Duration.ofMinutes(1);

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();

    @BeforeEach
    void ship() {
        try (Wal wal = SmallLog.open(dir.resolve("log"));
                WalShipper shipper =
                        WalShipper.start(wal, ShipperConfig.builder(store).build())) {
            SmallLog.append(wal, 500);
            assertThat(shipper.awaitArchived(wal.durableSequence(), SOON)).isTrue();
        }
    }

    /** A clock that advances by the delays of the follower. The waits of the test are real. */
    private static final class SimulatedSignal extends Signal {
        final AtomicLong nanos = new AtomicLong();

        @Override
        public long nanoTime() {
            return nanos.get();
        }

        @Override
        public boolean await(BooleanSupplier condition, long timeoutNanos) {
            if (timeoutNanos >= SOON.toNanos()) {
                return super.await(condition, timeoutNanos);
            }
            nanos.addAndGet(timeoutNanos);
            return super.await(condition, Math.min(1_000, timeoutNanos));
        }
    }

    @Test
    void damageThatStaysEndsAFollowerWhoseAttemptsTakeLongerThanItsListInterval() {
        String damaged = store.objects().keySet().stream()
                .filter(key -> key.startsWith("segments/"))
                .findFirst()
                .orElseThrow();
        store.damage(damaged, new byte[100]);
        SimulatedSignal signal = new SimulatedSignal();
        WaitingStore slow = new WaitingStore(store, key -> {
            if (key.equals(damaged)) {
                signal.nanos.addAndGet(2 * SOON.toNanos());
            }
        });
        FollowerConfig config =
                FollowerConfig.builder(slow, dir.resolve("standby")).build();
        try (ArchiveFollower follower = ArchiveFollower.start(config, signal)) {
            assertThat(follower.awaitCaughtUp(SOON)).isFalse();
            assertThat(follower.status().state()).isEqualTo(State.FAILED);
            assertThat(follower.status().failure())
                    .isInstanceOfSatisfying(
                            ArchiveFollowException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.DAMAGED_OBJECT))
                    .hasMessageContaining(damaged);
        }
    }

    @Test
    void promotionThatIsClosedDuringItsChecksHasNotBegun() {
        AtomicReference<ArchiveFollower> promoting = new AtomicReference<>();
        WaitingStore closing = new WaitingStore(store, key -> {
            ArchiveFollower follower = promoting.getAndSet(null);
            if (follower != null) {
                close(follower);
            }
        });
        // Without a poll that could be the request that closes it.
        FollowerConfig config = FollowerConfig.builder(closing, dir.resolve("standby"))
                .pollInterval(Duration.ofHours(1))
                .build();
        long before = slots();
        ArchiveFollower follower = ArchiveFollower.start(config);
        assertThat(follower.awaitCaughtUp(SOON)).isTrue();
        promoting.set(follower);
        assertThatThrownBy(() -> follower.promote(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was closed before its promotion began");
        assertThat(slots()).isEqualTo(before);
        try (ArchiveFollower again = ArchiveFollower.start(config)) {
            assertThat(again.awaitCaughtUp(SOON)).isTrue();
        }
    }

    private long slots() {
        return store.objects().keySet().stream()
                .filter(key -> key.startsWith("ship/"))
                .count();
    }

    /** Closes a follower on another thread, and returns when that waits for the promotion. */
    private static void close(ArchiveFollower follower) {
        Thread closing = new Thread(follower::close);
        closing.start();
        while (closing.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
    }
}
