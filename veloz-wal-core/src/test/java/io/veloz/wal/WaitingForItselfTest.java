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
import io.veloz.wal.fault.Records;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Calls that a callback, a guard or the content of a checkpoint may make, and those that would wait for themselves. */
@Timeout(60)
class WaitingForItselfTest {
    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    // ---- callbacks

    static Stream<Function<CompletableFuture<Long>, Object>> waits() {
        return Stream.of(
                CompletableFuture::join,
                future -> {
                    try {
                        return future.get();
                    } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
                        throw new AssertionError(e);
                    }
                },
                future -> {
                    try {
                        return future.get(1, TimeUnit.HOURS);
                    } catch (Exception e) {
                        if (e instanceof IllegalStateException waited) {
                            throw waited;
                        }
                        throw new AssertionError(e);
                    }
                },
                future -> future.thenApply(sequence -> sequence + 1).join(),
                future -> future.thenApply(sequence -> sequence + 1)
                        .thenRun(() -> {})
                        .join());
    }

    @ParameterizedTest
    @MethodSource("waits")
    void waitForTheFutureOfALaterAppendInACallbackFailsAtOnce(Function<CompletableFuture<Long>, Object> wait)
            throws Exception {
        try (Wal wal = Wal.open(small(storage).build())) {
            AtomicReference<CompletableFuture<Long>> later = new AtomicReference<>();
            Hold force = storage.hold(Operation.FORCE, name -> true);
            CompletableFuture<Object> waited = wal.appendAsync(1, payload("a")).thenApply(sequence -> {
                later.set(wal.appendAsync(1, payload("b")));
                return wait.apply(later.get());
            });
            force.release();
            assertThatThrownBy(() -> get(waited))
                    .hasCauseInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("thenCompose");
            assertThat(get(later.get())).isEqualTo(2);
        }
    }

    @Test
    void callbackMayAppendAndWaitForDurability() throws Exception {
        try (Wal wal = Wal.open(small(storage).maxPendingFutures(2).build())) {
            CompletableFuture<Long> chain = wal.appendAsync(1, payload("0"));
            for (int i = 1; i <= 20; i++) {
                String text = String.valueOf(i);
                chain = chain.thenApply(sequence -> wal.appendDurable(1, payload(text)))
                        .thenCompose(sequence -> wal.appendAsync(1, payload(text)));
            }
            assertThat(get(chain)).isEqualTo(41);
        }
        assertThat(Records.of(heap)).hasSize(41);
    }

    @Test
    void appendInACallbackWithoutAFreeSlotIsRefusedWithTheRightNumbers() throws Exception {
        try (Wal wal = Wal.open(small(storage).maxPendingFutures(2).build())) {
            Hold force = storage.hold(Operation.FORCE, name -> true);
            CompletableFuture<Long> refused = wal.appendAsync(1, payload("a")).thenCompose(sequence -> {
                for (int i = 0; i < 5; i++) {
                    wal.append(1, payload("plain"));
                }
                return wal.appendAsync(1, payload("b"));
            });
            force.release();
            assertThatThrownBy(() -> get(refused))
                    .hasCauseInstanceOf(WalBusyException.class)
                    .hasMessageContaining("the future of record 7 has to wait until record 5")
                    .hasMessageContaining("delivered up to 1, 0 futures are pending");
        }
    }

    // ---- close

    @Test
    void closeDuringACallbackThatDoesNotReturnIsReportedAndUnlocksTheDirectory() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        Wal wal = Wal.open(small(storage).closeTimeout(Duration.ofMillis(50)).build());
        // Held until the callback is attached, which would otherwise run on this thread.
        Hold force = storage.hold(Operation.FORCE, name -> true);
        CompletableFuture<Void> slow = wal.appendAsync(1, payload("a")).thenRun(() -> {
            try {
                release.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        CompletableFuture<Long> after = wal.appendAsync(1, payload("b"));
        force.release();
        wal.awaitDurable(2);

        assertThatThrownBy(wal::close)
                .isInstanceOf(WalBusyException.class)
                .hasMessageContaining("1 futures are pending");
        assertThat(after).isNotDone();
        assertThat(storage.openFiles()).isZero();
        Wal.open(small(storage).build()).close();

        release.countDown();
        assertThat(get(after)).isEqualTo(2);
        get(slow);
        wal.close();
    }

    @Test
    void closeByTheListenerIsRefused() throws Exception {
        AtomicReference<Wal> opened = new AtomicReference<>();
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        WalListener listener = new WalListener() {
            @Override
            public void onDurable(long sequence) {
                try {
                    opened.get().close();
                    closed.complete(true);
                } catch (IllegalStateException e) {
                    closed.completeExceptionally(e);
                }
            }
        };
        try (Wal wal = Wal.open(small(storage).listener(listener).build())) {
            opened.set(wal);
            wal.appendDurable(1, payload("a"));
            assertThatThrownBy(() -> get(closed)).hasCauseInstanceOf(IllegalStateException.class);
            wal.appendDurable(1, payload("b"));
        }
    }

    @Test
    void secondCloseWaitsForTheFirst() throws Exception {
        Wal wal = Wal.open(small(storage).build());
        Hold force = storage.hold(Operation.FORCE, name -> true);
        CompletableFuture<Long> pending = wal.appendAsync(1, payload("a"));
        CompletableFuture<Boolean> first = start(() -> {
            wal.close();
            return pending.isDone();
        });
        CompletableFuture<Boolean> second = start(() -> {
            wal.close();
            return pending.isDone();
        });
        force.release();
        assertThat(get(first)).isTrue();
        assertThat(get(second)).isTrue();
    }

    // ---- checkpoints and guards

    @Test
    void contentThatWritesACheckpointIsRefusedAndTheLogStaysOpen() {
        try (Wal wal = Wal.open(small(storage).build())) {
            wal.appendDurable(1, payload("a"));
            assertThatThrownBy(() -> wal.writeCheckpoint(1, out -> wal.writeCheckpoint(1, inner -> {})))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("wait for itself");
            assertThat(wal.writeCheckpoint(1, out -> {}).sequence()).isEqualTo(1);
        }
    }

    @Test
    void guardThatClosesTheLogEndsTheTrim() throws Exception {
        Wal wal = Wal.open(small(storage).build());
        wal.addTrimGuard(new TrimGuard() {
            @Override
            public String name() {
                return "closes";
            }

            @Override
            public long releasedThrough() {
                wal.close();
                return Long.MAX_VALUE;
            }
        });
        wal.appendDurable(1, payload("a"));
        assertThatThrownBy(() -> wal.trim(0)).isInstanceOf(IllegalStateException.class);
        Wal.open(small(storage).build()).close();
    }

    // ---- trimming

    private Wal withThreeSealedSegments() {
        Wal wal = Wal.open(small(storage).build());
        for (int i = 0; i < 3; i++) {
            wal.appendDurable(1, payload("sealed"));
            wal.roll();
        }
        wal.writeCheckpoint(3, out -> {});
        wal.writeCheckpoint(3, out -> {});
        return wal;
    }

    @Test
    void rollsContinueWhileATrimDeletes() throws Exception {
        try (Wal wal = withThreeSealedSegments()) {
            Hold delete = storage.hold(Operation.DELETE, name -> name.startsWith("orders_0"));
            CompletableFuture<TrimReport> trim = start(() -> wal.trim(0));
            delete.awaitEntered();
            for (int i = 0; i < 3; i++) {
                wal.appendDurable(1, payload("meanwhile"));
                wal.roll();
            }
            delete.release();
            assertThat(get(trim).deletedSegments()).hasSize(3);
        }
        assertThat(Records.of(heap)).hasSize(3);
    }

    @Test
    void closeEndsATrimAfterItsCurrentFileAndTheNextOpenDeletesTheRest() throws Exception {
        Wal wal = withThreeSealedSegments();
        Hold delete = storage.hold(Operation.DELETE, name -> name.startsWith("orders_0"));
        CompletableFuture<TrimReport> trim = start(() -> wal.trim(0));
        delete.awaitEntered();
        CompletableFuture<Boolean> close = start(() -> {
            wal.close();
            return true;
        });
        delete.release();
        assertThat(get(close)).isTrue();
        try {
            get(trim);
        } catch (java.util.concurrent.ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(IllegalStateException.class);
        }
        Wal.open(small(storage).build()).close();
        assertThat(heap.list()).noneMatch(name -> name.startsWith("orders_0"));
    }

    @Test
    void fileThatATrimCouldNotDeleteIsDeletedByTheNextOne() throws Exception {
        try (Wal wal = withThreeSealedSegments()) {
            storage.fail(Operation.DELETE, () -> new IOException("Input/output error"))
                    .on(name -> name.startsWith("orders_0"))
                    .times(1);
            assertThatThrownBy(() -> wal.trim(0)).isInstanceOf(java.io.UncheckedIOException.class);
            assertThat(wal.trim(0).deletedSegments()).hasSize(3);
        }
    }
}
