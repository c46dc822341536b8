package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Hold;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.Records;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(120)
class CallbackTest {
    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);

    static Stream<Supplier<Throwable>> throwables() {
        return Stream.of(
                () -> new IllegalStateException("of a user"),
                () -> new StackOverflowError("of a user"),
                () -> new OutOfMemoryError("of a user"));
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void sneak(Throwable t) throws E {
        throw (E) t;
    }

    @ParameterizedTest
    @MethodSource("throwables")
    void callbackThatThrowsHarmsNoOtherWaiterAndNotTheLog(Supplier<Throwable> thrown) throws Exception {
        try (Wal wal = Wal.open(small(storage).build())) {
            wal.appendDurable(1, payload("one"));
            Logs.await("prepared", () -> heap.list().contains(".orders_prepared.wal"));
            Hold force = storage.hold(Operation.FORCE, name -> true);
            CompletableFuture<Long> bad = wal.appendAsync(1, payload("bad"));
            CompletableFuture<Void> dependent = bad.thenRun(() -> sneak(thrown.get()));
            CompletableFuture<Long> good = wal.appendAsync(1, payload("good"));
            force.release();

            assertThat(good.get(30, TimeUnit.SECONDS)).isEqualTo(3);
            assertThat(bad).isCompletedWithValue(2L);
            assertThat(dependent).isCompletedExceptionally();
            assertThat(wal.appendAsync(1, payload("next")).get(30, TimeUnit.SECONDS))
                    .isEqualTo(4);
        }
        assertThat(Records.of(heap)).hasSize(4);
    }

    @ParameterizedTest
    @MethodSource("throwables")
    void listenerThatThrowsHarmsNoWaiterAndNotTheLog(Supplier<Throwable> thrown) throws Exception {
        AtomicLong calls = new AtomicLong();
        WalListener listener = new WalListener() {
            @Override
            public void onOpened(RecoveryReport report) {
                onDurable(0);
            }

            @Override
            public void onDurable(long sequence) {
                calls.incrementAndGet();
                CallbackTest.<RuntimeException>sneak(thrown.get());
            }

            @Override
            public void onRolled(SegmentReport segment) {
                onDurable(0);
            }

            @Override
            public void onClosed() {
                onDurable(0);
            }
        };
        try (Wal wal = Wal.open(small(storage).listener(listener).build())) {
            for (CompletableFuture<Long> future :
                    List.of(wal.appendAsync(1, payload("a")), wal.appendAsync(1, payload("b")))) {
                future.get(30, TimeUnit.SECONDS);
            }
            wal.roll();
            wal.appendDurable(1, payload("c"));
        }
        assertThat(calls.get()).isGreaterThanOrEqualTo(4);
        assertThat(Records.of(heap)).hasSize(3);
    }

    /** Whichever call a stack overflow hits, every record becomes durable, or the log reports that it has failed. */
    @Test
    void appendAtTheEndOfTheStackNeverHangsTheLog() throws Exception {
        for (int life = 0; life < 10; life++) {
            Wal wal = Wal.open(small(new HeapStorage()).build());
            Thread thread = new Thread(null, () -> appendAtEveryDepth(wal), "deep", 256 * 1024);
            thread.start();
            thread.join();
            if (isDurable(wal)) {
                closeOrFail(wal);
            } else {
                assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
            }
        }
    }

    private static boolean isDurable(Wal wal) throws InterruptedException {
        try {
            assertThat(wal.awaitDurable(wal.lastSequence(), Duration.ofSeconds(60)))
                    .isTrue();
            return true;
        } catch (WalFailedException e) {
            assertThat(e).hasMessageContaining("failed after its claim");
            return false;
        }
    }

    /** A record whose append died after it was published is durable, and the log may notice only then that it must fail. */
    private static void closeOrFail(Wal wal) {
        try {
            wal.close();
        } catch (WalFailedException e) {
            assertThat(e).hasMessageContaining("failed after its claim");
        }
    }

    private static void appendAtEveryDepth(Wal wal) {
        try {
            appendAtEveryDepth(wal);
            wal.append(1, payload("x"));
        } catch (StackOverflowError | WalFailedException e) {
            // The frame above tries next.
        }
    }
}
