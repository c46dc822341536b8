package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Logs.start;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Hold;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The report of a slow commit names the phase where the time went. The time of the log passes only where a test lets it. */
@Timeout(60)
class SlowCommitTest {
    private static final Duration SLOW = Duration.ofMillis(150);
    private static final Duration THRESHOLD = Duration.ofMillis(100);

    private final FaultStorage storage = new FaultStorage(new HeapStorage());
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 50_000_000);
    private final List<SlowCommit> reported = new CopyOnWriteArrayList<>();

    private @Nullable Hold hold;

    /** How many readings of the clock by the commit thread pass before the time of a wake-up has passed. */
    private final AtomicInteger readingsToWakeUp = new AtomicInteger();

    /** Otherwise a test that fails leaves threads that wait. */
    @AfterEach
    void releaseHold() {
        if (hold != null) {
            hold.release();
        }
    }

    private WalConfig.Builder config() {
        return small(storage)
                .intervalClockNanos(this::readClock)
                .slowCommitThreshold(THRESHOLD)
                .listener(new WalListener() {
                    @Override
                    public void onSlowCommit(SlowCommit commit) {
                        reported.add(commit);
                    }
                });
    }

    private long readClock() {
        if (isCommitThread() && readingsToWakeUp.get() > 0 && readingsToWakeUp.decrementAndGet() == 0) {
            pass(SLOW);
        }
        return clock.get();
    }

    private static boolean isCommitThread() {
        return Thread.currentThread().getName().startsWith("veloz-wal-commit");
    }

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    /** Runs an action during the next call of a kind by the commit thread. */
    private void during(Operation operation, Runnable action) {
        AtomicReference<Runnable> once = new AtomicReference<>(action);
        storage.before(operation, () -> {
            if (isCommitThread()) {
                once.getAndSet(() -> {}).run();
            }
        });
    }

    /** The commit thread ends a commit after it has released the waiters. */
    private static void awaitSlowCommits(Wal wal, int count) {
        Logs.await("end of slow commit " + count, () -> wal.stats().slowCommits() == count);
    }

    private static Duration[] phases(SlowCommit commit) {
        return new Duration[] {commit.queued(), commit.stalled(), commit.write(), commit.force(), commit.wakeUp()};
    }

    private static Duration[] phases(long queued, long stalled, long write, long force, long wakeUp) {
        return Arrays.stream(new long[] {queued, stalled, write, force, wakeUp})
                .mapToObj(Duration::ofMillis)
                .toArray(Duration[]::new);
    }

    @Test
    void slowForceIsNamed() {
        long bytes;
        try (Wal wal = Wal.open(config().build())) {
            during(Operation.FORCE, () -> pass(SLOW));
            wal.appendDurable(1, payload("a"));
            bytes = wal.stats().bytesWritten();
            awaitSlowCommits(wal, 1);
        }
        assertThat(reported).hasSize(1);
        assertThat(phases(reported.get(0))).containsExactly(phases(0, 0, 0, 150, 0));
        assertThat(reported.get(0).total()).isEqualTo(SLOW);
        assertThat(reported.get(0).firstSequence()).isEqualTo(1);
        assertThat(reported.get(0).records()).isEqualTo(1);
        assertThat(reported.get(0).bytes()).isEqualTo(bytes);
    }

    @Test
    void slowWriteIsNamed() {
        try (Wal wal = Wal.open(config().build())) {
            during(Operation.WRITE, () -> pass(SLOW));
            wal.appendDurable(1, payload("a"));
        }
        assertThat(reported).hasSize(1);
        assertThat(phases(reported.get(0))).containsExactly(phases(0, 0, 150, 0, 0));
    }

    @Test
    void slowWakeUpIsNamed() {
        try (Wal wal = Wal.open(config().build())) {
            // The end of the force, and the end of the commit.
            during(Operation.FORCE, () -> readingsToWakeUp.set(2));
            wal.appendDurable(1, payload("a"));
            awaitSlowCommits(wal, 1);
        }
        assertThat(reported).hasSize(1);
        assertThat(phases(reported.get(0))).containsExactly(phases(0, 0, 0, 0, 150));
    }

    @Test
    void recordThatWaitsForTheCommitBeforeIsQueued() {
        try (Wal wal = Wal.open(config().build())) {
            during(Operation.FORCE, () -> {
                start(() -> wal.append(1, payload("b"))).join();
                pass(Duration.ofMillis(80));
                during(Operation.FORCE, () -> pass(Duration.ofMillis(30)));
            });
            wal.appendDurable(1, payload("a"));
            wal.awaitDurable(2);
            awaitSlowCommits(wal, 1);
        }
        assertThat(reported).hasSize(1);
        assertThat(reported.get(0).firstSequence()).isEqualTo(2);
        assertThat(phases(reported.get(0))).containsExactly(phases(80, 0, 0, 30, 0));
    }

    @Test
    void recordThatIsAppendedAfterTheCommitBeforeIsNotQueued() {
        try (Wal wal = Wal.open(config().build())) {
            during(Operation.FORCE, () -> {
                pass(Duration.ofMillis(80));
                during(Operation.FORCE, () -> pass(Duration.ofMillis(30)));
            });
            wal.appendDurable(1, payload("a"));
            wal.appendDurable(1, payload("b"));
        }
        assertThat(reported).isEmpty();
    }

    @Test
    void waitOfAnAppendForTheNextSegmentIsNamed() throws Exception {
        long sequence;
        try (Wal wal = Wal.open(config().build())) {
            hold = holdSegmentAfterNext();
            wal.appendDurable(1, payload("a"));
            wal.roll();
            hold.awaitEntered();
            CompletableFuture<Long> full = start(() -> {
                while (wal.stats().rolls() == 1) {
                    wal.appendDurable(1, payload(Logs.kilobyte(1)));
                }
                return wal.lastSequence();
            });
            Logs.await("wait of the append", () -> waitsIn("test", "awaitSegment"));
            sequence = wal.lastSequence() + 1;
            pass(SLOW);
            hold.release();
            full.get(30, TimeUnit.SECONDS);
            assertThat(wal.stats().stalls()).isEqualTo(1);
            assertThat(wal.stats().stalledNanos()).isEqualTo(SLOW.toNanos());
        }
        assertThat(reported).extracting(SlowCommit::firstSequence).containsExactly(sequence);
        assertThat(phases(reported.get(0))).containsExactly(phases(0, 150, 0, 0, 0));
    }

    /** The records of more than one segment were in the buffer when the next segment was prepared. */
    @Test
    void waitOfTheCommitThreadForTheNextSegmentIsNamed() {
        try (Wal wal = Wal.open(config().bufferBytes(64 * 1024).build())) {
            hold = holdSegmentAfterNext();
            during(
                    Operation.FORCE,
                    () -> start(() -> {
                                for (int i = 0; i < 24; i++) {
                                    wal.append(1, payload(Logs.kilobyte(i)), Durability.LOSE_UNFORCED);
                                }
                                return true;
                            })
                            .join());
            wal.appendDurable(1, payload("a"));
            Logs.await("stall", () -> waitsIn("veloz-wal-commit", "awaitPrepared"));
            pass(SLOW);
            hold.release();
            wal.sync();
            assertThat(wal.stats().stalls()).isEqualTo(1);
        }
        assertThat(reported).isNotEmpty();
        assertThat(reported.get(0).stalled()).isEqualTo(SLOW);
    }

    /** Holds the creation of the segment after the next one, which is prepared. */
    private Hold holdSegmentAfterNext() {
        Logs.awaitIdleHousekeepers();
        return storage.hold(Operation.CREATE, name -> true);
    }

    private static boolean waitsIn(String thread, String method) {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(entry -> entry.getKey().getName().startsWith(thread))
                .anyMatch(entry -> entry.getKey().getState() == Thread.State.TIMED_WAITING
                        && Arrays.stream(entry.getValue())
                                .anyMatch(frame -> frame.getMethodName().equals(method)));
    }

    /** Records that are appended meanwhile wait for it. */
    @Test
    void slowForceBetweenTwoCommitsIsReportedWithoutRecords() {
        try (Wal wal = Wal.open(config().build())) {
            wal.append(1, payload("a"), Durability.LOSE_UNFORCED);
            Logs.await("written", () -> wal.stats().recordsWritten() == 1);
            during(Operation.FORCE, () -> pass(SLOW));
            wal.sync();
            awaitSlowCommits(wal, 1);
        }
        assertThat(reported).hasSize(1);
        assertThat(reported.get(0).records()).isZero();
        assertThat(reported.get(0).firstSequence()).isEqualTo(2);
        assertThat(phases(reported.get(0))).containsExactly(phases(0, 0, 0, 150, 0));
    }

    @Test
    void atMostOneSlowCommitASecondIsReportedAndTheOthersAreCounted() {
        try (Wal wal = Wal.open(config().build())) {
            // The first one ends after 150 ms, the seventh 900 ms later, and the eighth 1,050 ms later.
            for (int i = 1; i <= 8; i++) {
                during(Operation.FORCE, () -> pass(SLOW));
                wal.appendDurable(1, payload("a"));
                awaitSlowCommits(wal, i);
            }
        }
        assertThat(reported).extracting(SlowCommit::firstSequence).containsExactly(1L, 8L);
        assertThat(reported).extracting(SlowCommit::unreported).containsExactly(0L, 6L);
    }

    @Test
    void commitIsSlowFromTheThresholdOn() {
        try (Wal wal = Wal.open(config().build())) {
            during(Operation.FORCE, () -> pass(THRESHOLD.minusNanos(1)));
            wal.appendDurable(1, payload("a"));
            during(Operation.FORCE, () -> pass(THRESHOLD));
            wal.appendDurable(1, payload("b"));
        }
        assertThat(reported).extracting(SlowCommit::total).containsExactly(THRESHOLD);
    }

    @Test
    void noCommitIsSlowWithoutAThreshold() {
        try (Wal wal = Wal.open(config().slowCommitThreshold(Duration.ZERO).build())) {
            during(Operation.FORCE, () -> pass(Duration.ofMinutes(30)));
            wal.appendDurable(1, payload("a"));
            // The commit of this record begins after the end of the first one.
            wal.appendDurable(1, payload("b"));
            assertThat(wal.stats().slowCommits()).isZero();
        }
        assertThat(reported).isEmpty();
    }

    @Test
    void negativeThresholdIsRefused() {
        WalConfig.Builder builder = config().slowCommitThreshold(Duration.ofMillis(-1));
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("slowCommitThreshold PT-0.001S: expected PT0S to");
    }

    @Test
    void listenerThatThrowsReceivesTheNextSlowCommit() {
        AtomicInteger calls = new AtomicInteger();
        WalListener failing = new WalListener() {
            @Override
            public void onSlowCommit(SlowCommit commit) {
                calls.incrementAndGet();
                throw new IllegalStateException("a bug in a listener");
            }
        };
        try (Wal wal = Wal.open(config().listener(failing).build())) {
            for (int i = 0; i < 2; i++) {
                during(Operation.FORCE, () -> pass(Duration.ofSeconds(2)));
                wal.appendDurable(1, payload("a"));
            }
        }
        assertThat(calls).hasValue(2);
    }
}
