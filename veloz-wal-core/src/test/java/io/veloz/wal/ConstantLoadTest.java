package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Logs.start;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A load under which the commit thread never finds the buffer empty: for each batch that it writes, another record is
 * appended before its next check. Due work must not wait for a pause.
 */
@Timeout(60)
class ConstantLoadTest {
    private static final int LOAD_RECORDS = 1_000;

    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);

    /** Opens a log whose segment has room for the whole load, so that there is no roll, which would force. */
    private Wal open() {
        Wal wal = Wal.open(small(storage)
                .segmentBytes(1024 * 1024)
                .bufferBytes(64 * 1024)
                .forceInterval(Duration.ofNanos(1))
                .build());
        Logs.await("the next segment", () -> heap.list().contains(".orders_prepared.wal"));
        Logs.awaitIdleHousekeepers();
        return wal;
    }

    /** Starts a load, and returns the number of appended records, which is complete when the load ends. */
    private AtomicInteger load(Wal wal, Durability durability, Runnable each) {
        AtomicInteger appended = new AtomicInteger();
        storage.before(Operation.WRITE, () -> {
            boolean commits = Thread.currentThread().getName().startsWith("veloz-wal-commit");
            if (commits && appended.get() < LOAD_RECORDS) {
                each.run();
                wal.append(1, payload("load"), durability);
                appended.incrementAndGet();
            }
        });
        return appended;
    }

    @Test
    void intervalForceHappensUnderConstantLoad() {
        AtomicLong durableUnderLoad = new AtomicLong();
        try (Wal wal = open()) {
            AtomicInteger appended =
                    load(wal, Durability.LOSE_LAST_INTERVAL, () -> durableUnderLoad.set(wal.durableSequence()));
            wal.append(1, payload("first"), Durability.LOSE_LAST_INTERVAL);
            Logs.await("the end of the load", () -> appended.get() == LOAD_RECORDS);
            assertThat(wal.stats().rolls()).isZero();
        }
        assertThat(durableUnderLoad.get()).isPositive();
    }

    @Test
    void rollHappensUnderConstantLoad() throws Exception {
        AtomicReference<CompletableFuture<Boolean>> roll = new AtomicReference<>();
        try (Wal wal = open()) {
            AtomicInteger appended = load(wal, Durability.LOSE_UNFORCED, () -> {
                if (roll.get() == null) {
                    roll.set(rollThatWaits(wal));
                }
            });
            wal.append(1, payload("first"), Durability.LOSE_UNFORCED);
            Logs.await("the roll", () -> roll.get() != null);
            assertThat(roll.get().get(30, TimeUnit.SECONDS)).isTrue();
            Logs.await("the end of the load", () -> appended.get() == LOAD_RECORDS);
        }
        // A roll that had waited for the end of the load would have left all of it in the first segment.
        RecoveryReport report = WalRecovery.inspect(ReadOptions.of(heap));
        assertThat(report.segments().get(0).lastSequence()).isLessThan(LOAD_RECORDS / 2);
        assertThat(report.lastSequence()).isEqualTo(LOAD_RECORDS + 1);
    }

    /** Starts a roll, and returns when its caller waits for it. */
    private static CompletableFuture<Boolean> rollThatWaits(Wal wal) {
        AtomicReference<Thread> asking = new AtomicReference<>();
        CompletableFuture<Boolean> done = start(() -> {
            asking.set(Thread.currentThread());
            wal.roll();
            return true;
        });
        Logs.await("the caller of the roll waits", () -> {
            Thread thread = asking.get();
            return thread != null
                    && (thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING);
        });
        return done;
    }
}
