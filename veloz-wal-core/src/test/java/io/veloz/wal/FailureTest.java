package io.veloz.wal;

import static io.veloz.wal.fault.Logs.kilobyte;
import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Logs.start;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Call;
import io.veloz.wal.fault.FaultStorage.Fault;
import io.veloz.wal.fault.FaultStorage.Hold;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.Records;
import io.veloz.wal.storage.StorageFullException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class FailureTest {
    private static final Predicate<String> ANY = name -> true;
    private static final Supplier<IOException> IO_ERROR = () -> new IOException("Input/output error");
    private static final Supplier<IOException> NO_SPACE =
            () -> new StorageFullException("No space left on device", null);

    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    private static WalFailedException failureOf(CompletableFuture<?> future) {
        ExecutionException failure =
                catchThrowableOfType(ExecutionException.class, () -> future.get(30, TimeUnit.SECONDS));
        assertThat(failure).hasCauseInstanceOf(WalFailedException.class);
        return (WalFailedException) failure.getCause();
    }

    // ---- a force that fails

    @Test
    void failedForceFailsEveryWaiterAndEveryLaterAppend() throws Exception {
        Wal wal = open();
        wal.appendDurable(1, payload("acked"));
        Hold hold = storage.hold(Operation.FORCE, ANY);
        Fault fault = storage.fail(Operation.FORCE, IO_ERROR).times(1);
        CompletableFuture<Long> future = wal.appendAsync(1, payload("a"));
        hold.awaitEntered();
        CompletableFuture<Long> sameBatch = wal.appendAsync(1, payload("b"));
        CompletableFuture<Long> waiter = start(() -> wal.appendDurable(1, payload("c")));
        Logs.await("third claimed", () -> wal.lastSequence() == 5);
        hold.release();

        for (CompletableFuture<Long> failed : List.of(future, sameBatch, waiter)) {
            WalFailedException failure = failureOf(failed);
            assertThat(failure.durableSequence()).isEqualTo(2);
            assertThat(failure.firstInDoubt()).isEqualTo(3);
            assertThat(failure.lastInDoubt()).isEqualTo(5);
        }
        assertThat(fault.hits()).isEqualTo(1);
        assertThatThrownBy(() -> wal.append(1, payload("x"))).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(() -> wal.appendAsync(1, payload("x"))).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(() -> wal.awaitDurable(3)).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(wal::sync).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(wal::roll).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(() -> wal.trim(0)).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(() -> wal.writeCheckpoint(1, out -> {})).isInstanceOf(WalFailedException.class);
        assertThat(wal.durableSequence()).isEqualTo(2);
        wal.awaitDurable(2);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
        assertThat(storage.openFiles()).isZero();

        try (Wal again = Wal.open(small(storage).build())) {
            assertThat(again.lastSequence()).isGreaterThanOrEqualTo(2);
            again.appendDurable(1, payload("on"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void fileIsNotForcedAgainAfterAFailure(boolean full) throws Exception {
        int failures = 0;
        for (int n = 0; n < 25; n++) {
            HeapStorage fresh = new HeapStorage();
            FaultStorage faulty = new FaultStorage(fresh);
            Wal wal = Wal.open(small(faulty).build());
            Logs.await("prepared", () -> prepared(faulty));
            Fault fault = faulty.fail(Operation.FORCE, full ? NO_SPACE : IO_ERROR)
                    .after(n)
                    .times(1);
            long acked = appendUntilFailed(wal);
            fault.awaitHit();
            try {
                wal.close();
            } catch (WalFailedException e) {
                failures++;
            }

            assertNoForceAfterAFailedOne(faulty.calls());
            try (Wal again = Wal.open(small(fresh).build())) {
                assertThat(again.lastSequence()).isGreaterThanOrEqualTo(acked);
            }
        }
        // The other faults hit a segment that was being prepared, which is prepared again.
        assertThat(failures).isPositive();
    }

    private static long appendUntilFailed(Wal wal) {
        long acked = 0;
        try {
            while (acked < 60) {
                try {
                    acked = wal.appendDurable(1, payload(kilobyte(1)));
                } catch (WalDiskFullException e) {
                    Thread.yield();
                }
            }
        } catch (WalFailedException e) {
            assertThat(e.durableSequence()).isEqualTo(acked);
        }
        assertThat(wal.durableSequence()).isEqualTo(acked);
        return acked;
    }

    private static void assertNoForceAfterAFailedOne(List<Call> calls) {
        List<Long> failed = new ArrayList<>();
        for (Call call : calls) {
            if (call.operation() == Operation.FORCE) {
                assertThat(failed).doesNotContain(call.file());
                if (call.failed()) {
                    failed.add(call.file());
                }
            }
        }
        assertThat(failed).isNotEmpty();
    }

    @Test
    void failedWriteIsFinal() {
        Wal wal = open();
        wal.appendDurable(1, payload("acked"));
        Fault fault = storage.fail(Operation.WRITE, IO_ERROR).times(1);

        assertThatThrownBy(() -> wal.appendDurable(1, payload("x"))).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(() -> wal.appendDurable(1, payload("y"))).isInstanceOf(WalFailedException.class);
        assertThat(fault.hits()).isEqualTo(1);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
        assertThat(Records.of(heap)).hasSize(2);
    }

    @Test
    void failureFailsAppendsThatWaitForRoomInTheBuffer() throws Exception {
        Wal wal = open();
        Hold hold = storage.hold(Operation.FORCE, ANY);
        Fault fault = storage.fail(Operation.FORCE, IO_ERROR);
        wal.append(1, payload("x"));
        hold.awaitEntered();
        CompletableFuture<Boolean> waiter = start(() -> {
            while (true) {
                wal.append(1, payload(kilobyte(1)));
            }
        });
        Logs.await("buffer full", () -> wal.stats().bufferedBytes() > 6_000);
        hold.release();

        failureOf(waiter);
        assertThat(fault.hits()).isEqualTo(1);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
    }

    @Test
    void listenerReceivesTheFailureOnce() {
        List<String> heard = new ArrayList<>();
        WalListener listener = new WalListener() {
            @Override
            public void onFailed(WalFailedException failure) {
                heard.add("failed " + failure.durableSequence());
            }

            @Override
            public void onClosed() {
                heard.add("closed");
            }
        };
        Wal wal = Wal.open(small(storage).listener(listener).build());
        wal.appendDurable(1, payload("a"));
        storage.fail(Operation.FORCE, IO_ERROR);
        assertThatThrownBy(() -> wal.appendDurable(1, payload("b"))).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);

        assertThat(heard).containsExactly("failed 1", "closed");
    }

    @Test
    void failedDirectoryForceInTheRollIsFinal() throws Exception {
        Wal wal = open();
        wal.appendDurable(1, payload("acked"));
        Fault fault = storage.fail(Operation.FORCE_DIRECTORY, IO_ERROR).times(1);
        assertThatThrownBy(wal::roll).isInstanceOf(WalFailedException.class);

        assertThat(fault.hits()).isEqualTo(1);
        assertThatThrownBy(() -> wal.appendDurable(1, payload("x"))).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
        assertThat(storage.openFiles()).isZero();
        try (Wal again = Wal.open(small(storage).build())) {
            assertThat(again.lastSequence()).isEqualTo(2);
        }
    }

    @Test
    void failedDirectoryForceOfATrimOrCheckpointIsFinal() throws Exception {
        for (boolean trim : new boolean[] {true, false}) {
            FaultStorage faulty = new FaultStorage(new HeapStorage());
            Wal wal = Wal.open(small(faulty).build());
            wal.appendDurable(1, payload("a"));
            wal.writeCheckpoint(1, out -> {});
            wal.writeCheckpoint(1, out -> {});
            wal.roll();
            Logs.await("prepared", () -> prepared(faulty));
            faulty.fail(Operation.FORCE_DIRECTORY, IO_ERROR).times(1);
            if (trim) {
                assertThatThrownBy(() -> wal.trim(0)).isInstanceOf(RuntimeException.class);
            } else {
                assertThatThrownBy(() -> wal.writeCheckpoint(1, out -> {})).isInstanceOf(RuntimeException.class);
            }
            assertThatThrownBy(() -> wal.appendDurable(1, payload("x"))).isInstanceOf(WalFailedException.class);
            assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
        }
    }

    @Test
    void failedCheckpointHarmsNeitherTheLogNorTheOthers() {
        try (Wal wal = open()) {
            wal.appendDurable(1, payload("a"));
            wal.writeCheckpoint(1, out -> out.write(1));
            wal.writeCheckpoint(2, out -> out.write(2));
            for (Operation operation : List.of(Operation.CREATE, Operation.WRITE, Operation.FORCE, Operation.RENAME)) {
                storage.fail(operation, IO_ERROR)
                        .on(name -> name.contains("checkpoint"))
                        .times(1);
                assertThatThrownBy(() -> wal.writeCheckpoint(2, out -> out.write(3)))
                        .isInstanceOf(java.io.UncheckedIOException.class);
                assertThat(wal.newestCheckpoint().orElseThrow().sequence()).isEqualTo(2);
            }
            wal.appendDurable(1, payload("b"));
        }
    }

    // ---- a full disk

    @Test
    void fullDiskOnAWriteIsRetriedAndLosesNothing() throws Exception {
        for (int n = 0; n < 10; n++) {
            HeapStorage fresh = new HeapStorage();
            FaultStorage faulty = new FaultStorage(fresh);
            List<String> heard = new ArrayList<>();
            try (Wal wal = Wal.open(small(faulty).listener(fullness(heard)).build())) {
                Logs.await("prepared", () -> prepared(faulty));
                Fault full =
                        faulty.fail(Operation.WRITE, NO_SPACE).on(name -> true).after(n);
                CompletableFuture<Long> appending = start(() -> {
                    long last = 0;
                    while (last < 11) {
                        try {
                            last = wal.appendDurable(1, payload("record"));
                        } catch (WalDiskFullException e) {
                            Thread.yield();
                        }
                    }
                    return last;
                });
                full.awaitHit();
                Logs.await("reported", () -> wal.stats().diskFull());
                assertThatThrownBy(() -> wal.append(1, payload("x"))).isInstanceOf(WalDiskFullException.class);
                assertThat(wal.stats().failed()).isFalse();
                full.end();

                assertThat(get(appending)).isEqualTo(11);
                assertThat(wal.stats().diskFull()).isFalse();
            }
            assertThat(heard).containsExactly("full", "room");
            assertThat(Records.of(fresh)).hasSize(11);
        }
    }

    @Test
    void fullDiskForTheNextSegmentRefusesOnlyWhenTheActiveIsFullAndRecovers() throws Exception {
        List<String> heard = new ArrayList<>();
        long written;
        try (Wal wal = Wal.open(small(storage).listener(fullness(heard)).build())) {
            Logs.await("prepared", () -> prepared(storage));
            wal.appendDurable(1, payload("first"));
            heap.capacityBytes(heap.usedBytes());
            wal.roll();
            Logs.await("disk full", () -> wal.stats().diskFull());

            assertThatThrownBy(() -> {
                        while (true) {
                            wal.appendDurable(1, payload(kilobyte(1)));
                        }
                    })
                    .isInstanceOf(WalDiskFullException.class)
                    .hasMessageContaining("No space left");
            written = wal.lastSequence();
            assertThat(written).isGreaterThan(8);
            assertThat(wal.durableSequence()).isEqualTo(written);
            assertThat(heap.list()).doesNotContain(".orders_preparing.tmp", ".orders_prepared.wal");

            heap.capacityBytes(Long.MAX_VALUE);
            Logs.await("room", () -> !wal.stats().diskFull());
            for (int i = 0; i < 30; i++) {
                wal.appendDurable(1, payload(kilobyte(i)));
            }
        }
        assertThat(heard).containsExactly("full", "room");
        assertThat(Records.of(heap)).hasSize((int) written + 30);
    }

    @Test
    void everyRecordWithASequenceIsWrittenThoughTheDiskIsFull() throws Exception {
        Wal wal = open();
        Logs.await("prepared", () -> prepared(storage));
        wal.appendDurable(1, payload("first"));
        heap.capacityBytes(heap.usedBytes());
        wal.roll();
        Logs.await("disk full", () -> wal.stats().diskFull());
        List<CompletableFuture<Integer>> appenders = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            appenders.add(start(() -> {
                int count = 0;
                try {
                    while (true) {
                        wal.append(
                                1,
                                payload("a record of a hundred bytes or so"
                                        + kilobyte(7).substring(0, 60)));
                        count++;
                    }
                } catch (WalDiskFullException e) {
                    return count;
                }
            }));
        }
        int records = 2;
        for (CompletableFuture<Integer> appender : appenders) {
            records += get(appender);
        }
        wal.close();

        assertThat(records).isGreaterThan(20);
        assertThat(wal.durableSequence()).isEqualTo(records);
        heap.capacityBytes(Long.MAX_VALUE);
        try (Wal again = Wal.open(small(storage).build())) {
            assertThat(again.lastSequence()).isEqualTo(records);
        }
    }

    @Test
    void fullDiskDoesNotDelayCommitsForAnExplicitOrAgedRoll() throws Exception {
        WalConfig config = small(storage).segmentMaxAge(Duration.ofNanos(1)).build();
        try (Wal wal = Wal.open(config)) {
            Logs.await("prepared", () -> prepared(storage));
            heap.capacityBytes(heap.usedBytes());
            wal.appendDurable(1, payload("first"));
            wal.roll();
            Logs.await("disk full", () -> wal.stats().diskFull());
            wal.appendDurable(1, payload("second"));
            CompletableFuture<Boolean> roll = start(() -> {
                wal.roll();
                return true;
            });
            wal.appendDurable(1, payload("third"));
            assertThat(roll).isNotDone();

            heap.capacityBytes(Long.MAX_VALUE);
            assertThat(get(roll)).isTrue();
        }
    }

    @Test
    void fullDiskForTheFooterIsRetried() throws Exception {
        try (Wal wal = open()) {
            Logs.await("prepared", () -> prepared(storage));
            wal.appendDurable(1, payload("a"));
            storage.forgetCalls();
            Fault full = storage.fail(Operation.WRITE, NO_SPACE).after(1);
            CompletableFuture<Boolean> roll = start(() -> {
                wal.roll();
                return true;
            });
            full.awaitHit();
            Logs.await("disk full", () -> wal.stats().diskFull());
            assertThat(wal.stats().failed()).isFalse();
            full.end();

            assertThat(get(roll)).isTrue();
            // The commit thread may have met the fault as well, and retries a little later.
            Logs.await("room again", () -> !wal.stats().diskFull());
            wal.appendDurable(1, payload("b"));
        }
        assertThat(Records.of(heap)).hasSize(3);
    }

    @Test
    void closeOnAFullDiskWithNothingPendingDoesNotFail() throws Exception {
        Wal wal = open();
        Logs.await("prepared", () -> prepared(storage));
        wal.appendDurable(1, payload("a"));
        heap.capacityBytes(heap.usedBytes());
        storage.fail(Operation.RENAME, NO_SPACE);
        CompletableFuture<Boolean> roll = start(() -> {
            wal.roll();
            return true;
        });
        Logs.await("disk full", () -> wal.stats().diskFull());
        wal.close();

        assertThatThrownBy(() -> get(roll)).hasCauseInstanceOf(IllegalStateException.class);
        heap.capacityBytes(Long.MAX_VALUE);
        try (Wal again = Wal.open(small(heap).build())) {
            assertThat(again.lastSequence()).isEqualTo(2);
        }
    }

    @Test
    void openOnAFullDiskReportsItAndLeavesEverythingReadable() {
        try (Wal wal = open()) {
            wal.appendDurable(1, payload("a"));
        }
        heap.capacityBytes(heap.usedBytes());

        assertThatThrownBy(() -> Wal.open(small(storage).build())).isInstanceOf(WalDiskFullException.class);
        assertThat(storage.openFiles()).isZero();
        assertThat(Records.of(heap)).hasSize(2);
        heap.capacityBytes(Long.MAX_VALUE);
        Wal.open(small(storage).build()).close();
    }

    // ---- the next segment

    @Test
    void shortageOfFileHandlesIsRetried() throws Exception {
        try (Wal wal = open()) {
            Logs.await("prepared", () -> prepared(storage));
            Fault shortage = storage.fail(Operation.CREATE, () -> new IOException("Too many open files"));
            wal.appendDurable(1, payload("a"));
            wal.roll();
            shortage.awaitHit();
            for (int i = 0; i < 8; i++) {
                wal.appendDurable(1, payload(kilobyte(i)));
            }
            shortage.end();
            for (int i = 0; i < 30; i++) {
                wal.appendDurable(1, payload(kilobyte(i)));
            }
        }
        assertThat(Records.of(heap).size()).isEqualTo(40);
    }

    @Test
    void failedForceOfTheNextSegmentIsRetriedWithAnotherFile() throws Exception {
        try (Wal wal = open()) {
            Logs.await("prepared", () -> prepared(storage));
            Fault fault = storage.fail(Operation.FORCE, IO_ERROR)
                    .on(name -> name.contains("preparing"))
                    .times(1);
            wal.appendDurable(1, payload("a"));
            storage.forgetCalls();
            // The active segment was created under this name as well, and is forced first.
            fault.end();
            Fault next = storage.fail(Operation.FORCE, IO_ERROR).after(2).times(1);
            wal.roll();
            next.awaitHit();
            Logs.await(
                    "prepared or failed", () -> prepared(storage) || wal.stats().failed());
            wal.appendDurable(1, payload("b"));
            assertNoForceAfterAFailedOne(storage.calls());
        } catch (WalFailedException e) {
            // The third force may also be that of the active segment.
            assertNoForceAfterAFailedOne(storage.calls());
        }
    }

    /** E10. */
    @Test
    void tenThousandRollsLeakNoFile() {
        int rolls = 10_000 * Integer.getInteger("wal.rounds", 1);
        try (Wal wal = open()) {
            for (int i = 0; i < rolls; i++) {
                wal.append(1, payload("x"));
                wal.roll();
                if (i % 100 == 99) {
                    long last = wal.durableSequence();
                    wal.writeCheckpoint(last, out -> {});
                    wal.writeCheckpoint(last, out -> {});
                    wal.trim(1);
                    assertThat(storage.openFiles()).isLessThanOrEqualTo(3);
                }
            }
            assertThat(wal.stats().rolls()).isEqualTo(rolls);
        }
        assertThat(storage.openFiles()).isZero();
    }

    // ---- short writes

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4096, 5000})
    void shortWritesAreCompleted(int bytes) throws Exception {
        storage.longestWrite(bytes);
        try (Wal wal = Wal.open(small(storage).build())) {
            for (int i = 0; i < 30; i++) {
                wal.appendDurable(1, payload(kilobyte(i)));
            }
            wal.writeCheckpoint(30, out -> out.write(new byte[10_000]));
        }
        try (Wal wal = Wal.open(small(storage).build())) {
            assertThat(wal.newestCheckpoint().orElseThrow().contentBytes()).isEqualTo(10_000);
            assertThat(Records.of(heap))
                    .hasSize(30)
                    .allSatisfy((sequence, text) -> assertThat(text).isEqualTo(kilobyte((int) (sequence - 1))));
        }
    }

    // ---- a force that hangs

    @Test
    void hangingForceFillsTheBufferAndThenRefuses() throws Exception {
        WalConfig config = small(storage)
                .bufferFullTimeout(Duration.ofMillis(1))
                .closeTimeout(Duration.ofMillis(1))
                .build();
        Wal wal = Wal.open(config);
        Logs.await("prepared", () -> prepared(storage));
        Hold hang = storage.hold(Operation.FORCE, ANY);
        CompletableFuture<Long> acked = wal.appendAsync(1, payload("a"));
        hang.awaitEntered();
        assertThatThrownBy(() -> {
                    while (true) {
                        wal.append(1, payload(kilobyte(1)));
                    }
                })
                .isInstanceOf(WalBusyException.class);
        assertThat(wal.stats().bufferedBytes()).isLessThanOrEqualTo(8 * 1024);
        assertThat(acked).isNotDone();

        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class).hasMessageContaining("close waited");
        failureOf(acked);
        assertThatThrownBy(() -> Wal.open(config)).isInstanceOf(WalLockedException.class);

        hang.release();
        Logs.await("unlocked", () -> !heap.isLocked("orders.lock"));
        assertThat(wal.durableSequence()).isZero();
        // With enough time to close.
        Wal.open(small(storage).build()).close();
    }

    @Test
    void closeReportsASealThatHangs() throws Exception {
        WalConfig config = small(storage).closeTimeout(Duration.ofMillis(200)).build();
        Wal wal = Wal.open(config);
        Logs.await("prepared", () -> prepared(storage));
        wal.appendDurable(1, payload("a"));
        Hold hang = storage.hold(Operation.TRUNCATE, ANY);
        CompletableFuture<Boolean> roll = start(() -> {
            wal.roll();
            return true;
        });
        hang.awaitEntered();

        WalFailedException failure = catchThrowableOfType(WalFailedException.class, wal::close);
        assertThat(failure.lastInDoubt()).isLessThan(failure.firstInDoubt());
        failureOf(roll);
        assertThat(heap.isLocked("orders.lock")).isTrue();
        hang.release();
        Logs.await("unlocked", () -> !heap.isLocked("orders.lock"));
    }

    // ---- helpers

    private Wal open() {
        Wal wal = Wal.open(small(storage).build());
        wal.appendDurable(1, payload("one"));
        Logs.await("prepared", () -> prepared(storage));
        return wal;
    }

    private static boolean prepared(FaultStorage storage) {
        try {
            return storage.list().contains(".orders_prepared.wal");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static WalListener fullness(List<String> heard) {
        return new WalListener() {
            @Override
            public void onDiskFull(String reason) {
                heard.add("full");
            }

            @Override
            public void onDiskFullEnded() {
                heard.add("room");
            }
        };
    }
}
