package io.veloz.wal;

import static io.veloz.wal.fault.Logs.kilobyte;
import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Logs.start;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Hold;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.Records;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CommitTest {
    private static final Predicate<String> ANY = name -> true;

    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    // ---- A: acknowledgement

    @Test
    void recordAppendedWhileAForceRunsIsNotAcknowledgedByIt() throws Exception {
        try (Wal wal = Wal.open(small(storage).build())) {
            prepared(wal);
            Hold force = storage.hold(Operation.FORCE, ANY);
            CompletableFuture<Long> early = wal.appendAsync(1, payload("early"));
            force.awaitEntered();
            CompletableFuture<Long> late = wal.appendAsync(1, payload("late"));
            Hold nextForce = storage.hold(Operation.FORCE, ANY);
            force.release();
            assertThat(get(early)).isEqualTo(2);
            nextForce.awaitEntered();

            assertThat(late).isNotDone();
            assertThat(wal.durableSequence()).isEqualTo(2);

            nextForce.release();
            assertThat(get(late)).isEqualTo(3);
        }
    }

    @Test
    void nothingIsAcknowledgedBeforeItsForceReturns() throws Exception {
        try (Wal wal = Wal.open(small(storage).build())) {
            prepared(wal);
            Hold force = storage.hold(Operation.FORCE, ANY);
            CompletableFuture<Long> waiting = start(() -> wal.appendDurable(1, payload("a")));
            force.awaitEntered();

            assertThat(wal.durableSequence()).isEqualTo(1);
            assertThat(wal.awaitDurable(2, Duration.ZERO)).isFalse();
            assertThat(waiting).isNotDone();

            force.release();
            assertThat(get(waiting)).isEqualTo(2);
        }
    }

    @Test
    void recordsThatArriveDuringAForceBecomeOneBatch() throws Exception {
        try (Wal wal = Wal.open(small(storage).build())) {
            prepared(wal);
            Hold force = storage.hold(Operation.FORCE, ANY);
            wal.append(1, payload("first"));
            force.awaitEntered();
            for (int i = 0; i < 20; i++) {
                wal.append(1, payload("next"));
            }
            force.release();
            wal.sync();

            assertThat(wal.stats().batches()).isEqualTo(3);
            assertThat(wal.stats().largestBatchRecords()).isEqualTo(20);
        }
    }

    @Test
    void futuresAndListenerAreCalledInOrderAndOnce() throws Exception {
        List<Long> completed = Collections.synchronizedList(new ArrayList<>());
        List<Long> durable = Collections.synchronizedList(new ArrayList<>());
        WalListener listener = new WalListener() {
            @Override
            public void onDurable(long sequence) {
                durable.add(sequence);
            }
        };
        int records = 2_000;
        try (Wal wal = Wal.open(small(storage).listener(listener).build())) {
            for (int i = 0; i < records; i++) {
                wal.appendAsync(1, payload("x")).thenAccept(completed::add);
            }
        }

        // The dependents of an already completed future run on this thread, before those of later futures.
        assertThat(completed)
                .containsExactlyInAnyOrderElementsOf(
                        LongStream.rangeClosed(1, records).boxed().toList());
        assertThat(durable).isSorted().doesNotHaveDuplicates().endsWith((long) records);
    }

    @Test
    void futuresOfOneForceCompleteInTheOrderOfTheirSequences() throws Exception {
        List<Long> completed = Collections.synchronizedList(new ArrayList<>());
        try (Wal wal = Wal.open(small(storage).build())) {
            prepared(wal);
            Hold force = storage.hold(Operation.FORCE, ANY);
            for (int i = 0; i < 30; i++) {
                wal.appendAsync(1, payload("x")).thenAccept(completed::add);
            }
            force.release();
        }

        assertThat(completed)
                .containsExactlyElementsOf(LongStream.rangeClosed(2, 31).boxed().toList());
    }

    @Test
    void futureKeepsItsSequenceWhenMoreRecordsThanSlotsFollowIt() throws Exception {
        try (Wal wal = Wal.open(small(storage).maxPendingFutures(2).build())) {
            prepared(wal);
            Hold force = storage.hold(Operation.FORCE, ANY);
            wal.append(1, payload("force"));
            force.awaitEntered();
            CompletableFuture<Long> first = wal.appendAsync(1, payload("a"));
            for (int i = 0; i < 9; i++) {
                wal.append(1, payload("b"));
            }
            force.release();

            assertThat(get(first)).isEqualTo(3);
        }
    }

    @Test
    void groupLargerThanTheSlotsCompletesWithItsLastSequence() throws Exception {
        try (Wal wal = Wal.open(small(storage).maxPendingFutures(2).build())) {
            RecordGroup group = new RecordGroup();
            for (int i = 0; i < 10; i++) {
                group.add(1, payload("g"));
            }

            assertThat(get(wal.appendAsync(group))).isEqualTo(10);
            assertThat(get(wal.appendAsync(group))).isEqualTo(20);
        }
    }

    @Test
    void moreFuturesThanSlotsAreRefusedWhenTheyWaitTooLong() throws Exception {
        WalConfig config = small(storage)
                .maxPendingFutures(2)
                .bufferFullTimeout(Duration.ofMillis(1))
                .build();
        try (Wal wal = Wal.open(config)) {
            prepared(wal);
            Hold force = storage.hold(Operation.FORCE, ANY);
            CompletableFuture<Long> first = appendWhenASlotIsFree(wal, "a");
            CompletableFuture<Long> second = appendWhenASlotIsFree(wal, "b");
            assertThatThrownBy(() -> wal.appendAsync(1, payload("c"))).isInstanceOf(WalBusyException.class);
            assertThat(wal.lastSequence()).isEqualTo(3);
            force.release();

            assertThat(get(first)).isEqualTo(2);
            assertThat(get(second)).isEqualTo(3);
        }
        assertThat(Records.of(heap)).hasSize(3);
    }

    /** Retries, because the notifier may not have delivered the earlier records yet. */
    private static CompletableFuture<Long> appendWhenASlotIsFree(Wal wal, String text) {
        List<CompletableFuture<Long>> taken = new ArrayList<>();
        Logs.await("a free slot", () -> {
            try {
                return taken.add(wal.appendAsync(1, payload(text)));
            } catch (WalBusyException e) {
                return false;
            }
        });
        return taken.get(0);
    }

    @Test
    void moreFuturesThanSlotsWaitForTheirTurn() throws Exception {
        try (Wal wal = Wal.open(small(storage).maxPendingFutures(2).build())) {
            List<CompletableFuture<Long>> futures = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                futures.add(wal.appendAsync(1, payload("x")));
            }
            for (int i = 0; i < 500; i++) {
                assertThat(get(futures.get(i))).isEqualTo(i + 1);
            }
        }
    }

    @Test
    void callbackThatAppendsOnTheNotifierDoesNotDeadlock() throws Exception {
        try (Wal wal = Wal.open(small(storage).maxPendingFutures(2).build())) {
            AtomicLong refused = new AtomicLong();
            CompletableFuture<Void> done = wal.appendAsync(1, payload("a")).thenAccept(sequence -> {
                for (int i = 0; i < 10; i++) {
                    try {
                        var unused = wal.appendAsync(1, payload("b"));
                    } catch (WalBusyException e) {
                        refused.incrementAndGet();
                    }
                }
                wal.appendDurable(1, payload("c"));
            });
            get(done);

            assertThat(refused.get()).isBetween(0L, 9L);
            assertThat(wal.durableSequence()).isEqualTo(12 - refused.get());
        }
    }

    @Test
    void closeByACallbackIsRefusedAtOnceAndTheLogStaysOpen() throws Exception {
        Wal wal = Wal.open(small(storage).build());
        Hold force = storage.hold(Operation.FORCE, ANY);
        CompletableFuture<Void> closed = wal.appendAsync(1, payload("a")).thenRun(wal::close);
        force.release();

        assertThatThrownBy(() -> get(closed)).hasCauseInstanceOf(IllegalStateException.class);
        wal.appendDurable(1, payload("b"));
        wal.close();
        assertThat(Records.of(heap)).hasSize(2);
        Wal.open(small(storage).build()).close();
    }

    @Test
    void closeAcknowledgesEverythingPending() throws Exception {
        List<CompletableFuture<Long>> futures = new ArrayList<>();
        try (Wal wal =
                Wal.open(small(storage).durability(Durability.LOSE_UNFORCED).build())) {
            for (int i = 0; i < 100; i++) {
                wal.append(1, payload("relaxed"));
                futures.add(wal.appendAsync(1, payload("x")));
            }
            wal.append(1, payload("last"));
        }

        assertThat(futures).allMatch(future -> future.isDone() && !future.isCompletedExceptionally());
        assertThat(Records.of(heap)).hasSize(201);
    }

    @Test
    void everyAppendThatRacesWithCloseIsDurableOrRefused() throws Exception {
        for (int round = 0; round < 30; round++) {
            HeapStorage fresh = new HeapStorage();
            Wal wal = Wal.open(small(fresh).build());
            CountDownLatch appending = new CountDownLatch(4);
            List<CompletableFuture<Integer>> appenders = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                appenders.add(start(() -> {
                    int count = 0;
                    List<CompletableFuture<Long>> futures = new ArrayList<>();
                    try {
                        while (true) {
                            futures.add(wal.appendAsync(1, payload("x")));
                            if (++count == 5) {
                                appending.countDown();
                            }
                        }
                    } catch (IllegalStateException e) {
                        for (CompletableFuture<Long> future : futures) {
                            get(future);
                        }
                    }
                    return count;
                }));
            }
            appending.await();
            wal.close();
            int appended = 0;
            for (CompletableFuture<Integer> appender : appenders) {
                appended += get(appender);
            }
            assertThat(Records.of(fresh)).hasSize(appended);
        }
    }

    @Test
    void everyMethodRefusesAfterClose() {
        Wal wal = Wal.open(small(storage).build());
        wal.appendDurable(1, payload("a"));
        wal.close();
        wal.close();

        assertThatThrownBy(() -> wal.append(1, payload("x"))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> wal.appendDurable(1, payload("x"))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> wal.appendAsync(1, payload("x"))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(wal::sync).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(wal::roll).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> wal.trim(0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(wal::newestCheckpoint).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> wal.writeCheckpoint(1, out -> {})).isInstanceOf(IllegalStateException.class);
        assertThat(wal.durableSequence()).isEqualTo(1);
        wal.awaitDurable(1);
    }

    // ---- durability, sync, roll

    @Test
    void relaxedRecordIsNotForcedUntilASync() {
        try (Wal wal =
                Wal.open(small(storage).durability(Durability.LOSE_UNFORCED).build())) {
            long sequence = wal.append(1, payload("a"));
            Logs.await("written", () -> wal.stats().recordsWritten() == 1);
            assertThat(wal.durableSequence()).isZero();

            wal.sync();
            assertThat(wal.durableSequence()).isEqualTo(sequence);
        }
    }

    @Test
    void strictRecordForcesRelaxedOnesBeforeIt() {
        try (Wal wal =
                Wal.open(small(storage).durability(Durability.LOSE_UNFORCED).build())) {
            wal.append(1, payload("a"));
            wal.append(1, payload("b"), Durability.LOSE_LAST_INTERVAL);
            wal.appendDurable(1, payload("c"));

            assertThat(wal.durableSequence()).isEqualTo(3);
        }
    }

    @Test
    void intervalForcesByItself() {
        WalConfig config = small(storage)
                .durability(Durability.LOSE_LAST_INTERVAL)
                .forceInterval(Duration.ofMillis(1))
                .build();
        try (Wal wal = Wal.open(config)) {
            wal.awaitDurable(wal.append(1, payload("a")));
            wal.awaitDurable(wal.append(1, payload("b")));
        }
    }

    /** A9 and J9: the bound is exact, later records do not extend it, and the clock may overflow in between. */
    @Test
    void intervalBeginsWithItsOldestRecordAndIsForcedCompletelyWhenItEnds() {
        long interval = Duration.ofMillis(10).toNanos();
        AtomicLong clock = new AtomicLong(Long.MAX_VALUE - interval / 2);
        WalConfig config = small(storage)
                .durability(Durability.LOSE_LAST_INTERVAL)
                .forceInterval(Duration.ofNanos(interval))
                .intervalClockNanos(clock::get)
                .build();
        try (Wal wal = Wal.open(config)) {
            appendAndAwaitWritten(wal, Durability.LOSE_LAST_INTERVAL);
            // When the next record is written, the commit thread has read its clock for the previous one.
            appendAndAwaitWritten(wal, Durability.LOSE_UNFORCED);
            clock.addAndGet(interval - 1);
            appendAndAwaitWritten(wal, Durability.LOSE_LAST_INTERVAL);
            // When this record is written, the commit thread has checked what is due after the previous one.
            appendAndAwaitWritten(wal, Durability.LOSE_UNFORCED);
            assertThat(wal.durableSequence()).isZero();

            clock.addAndGet(1);
            Logs.await("the force of the interval", () -> wal.durableSequence() == 4);
        }
    }

    private static void appendAndAwaitWritten(Wal wal, Durability durability) {
        long sequence = wal.append(1, payload("x"), durability);
        Logs.await("written", () -> wal.stats().recordsWritten() == sequence);
    }

    /** J9. */
    @Test
    void heartbeatAndAgeWorkWhenTheClockOverflows() {
        long delay = Duration.ofHours(1).toNanos();
        AtomicLong clock = new AtomicLong(Long.MAX_VALUE - delay / 2);
        WalConfig config = small(storage)
                .heartbeatDelay(Duration.ofNanos(delay))
                .segmentMaxAge(Duration.ofNanos(2 * delay))
                .intervalClockNanos(clock::get)
                .build();
        try (Wal wal = Wal.open(config)) {
            wal.appendDurable(1, payload("a"));
            assertThat(Records.of(heap)).isEmpty();
            // Repeatedly, because the thread may read the clock for the append after it was advanced.
            Logs.await("promised", () -> {
                clock.addAndGet(delay);
                wal.sync();
                return Records.of(heap).size() == 1;
            });
            Logs.await("rolled", () -> {
                clock.addAndGet(delay);
                return wal.stats().rolls() > 0;
            });
        }
    }

    @Test
    void relaxedModesLoseASuffixAlone() throws Exception {
        HeapStorage left;
        long durable;
        try (Wal wal =
                Wal.open(small(storage).durability(Durability.LOSE_UNFORCED).build())) {
            for (int i = 1; i <= 40; i++) {
                wal.append(1, payload("record " + i));
            }
            wal.sync();
            durable = wal.durableSequence();
            for (int i = 41; i <= 60; i++) {
                wal.append(1, payload("record " + i));
            }
            left = heap.copy();
        }
        try (Wal wal = Wal.open(small(left).build())) {
            long last = wal.lastSequence();
            assertThat(last).isBetween(durable, 60L);
            assertThat(Records.of(left))
                    .hasSize((int) last)
                    .allSatisfy((sequence, text) -> assertThat(text).isEqualTo("record " + sequence));
        }
    }

    @Test
    void rollSealsWhatWasAppended() {
        try (Wal wal = Wal.open(small(storage).build())) {
            wal.append(1, payload("a"));
            wal.roll();
            assertThat(heap.list()).contains("orders_0000000000000001.wal");
            assertThat(wal.stats().rolls()).isEqualTo(1);

            wal.roll();
            assertThat(wal.stats().rolls()).isEqualTo(1);
        }
    }

    @Test
    void rollThatRacesWithCloseEnds() throws Exception {
        for (int round = 0; round < 50; round++) {
            Wal wal = Wal.open(small(new HeapStorage()).build());
            wal.append(1, payload("a"));
            CompletableFuture<Boolean> rolled = start(() -> {
                try {
                    wal.roll();
                    return true;
                } catch (IllegalStateException e) {
                    return false;
                }
            });
            wal.close();
            get(rolled);
        }
    }

    @Test
    void trimThatRacesWithCloseEnds() throws Exception {
        for (int round = 0; round < 50; round++) {
            Wal wal = Wal.open(small(new HeapStorage()).build());
            wal.append(1, payload("a"));
            wal.roll();
            CompletableFuture<Boolean> trimmed = start(() -> {
                try {
                    wal.trim(0);
                    return true;
                } catch (IllegalStateException e) {
                    return false;
                }
            });
            wal.close();
            get(trimmed);
        }
    }

    @Test
    void oldSegmentIsSealedByItself() throws Exception {
        CountDownLatch rolled = new CountDownLatch(1);
        WalListener listener = new WalListener() {
            @Override
            public void onRolled(SegmentReport segment) {
                rolled.countDown();
            }
        };
        WalConfig config = small(storage)
                .segmentMaxAge(Duration.ofMillis(1))
                .listener(listener)
                .build();
        try (Wal wal = Wal.open(config)) {
            wal.append(1, payload("a"));
            assertThat(rolled.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(heap.list()).contains("orders_0000000000000001.wal");
        }
    }

    @Test
    void emptySegmentDoesNotGrowOld() throws Exception {
        WalConfig config = small(storage).segmentMaxAge(Duration.ofNanos(1)).build();
        try (Wal wal = Wal.open(config)) {
            prepared(wal);
            wal.roll();
            long rolls = wal.stats().rolls();
            wal.sync();
            assertThat(wal.stats().rolls()).isEqualTo(rolls);
        }
        assertThat(Records.of(heap)).hasSize(1);
    }

    // ---- heartbeat

    @Test
    void idleLogWritesThatItsLastBatchIsDurable() throws Exception {
        try (Wal wal =
                Wal.open(small(storage).heartbeatDelay(Duration.ofNanos(1)).build())) {
            wal.appendDurable(1, payload("a"));
            // A reader without the writer returns a record only when a later batch promises it.
            Logs.await("promised", () -> Records.of(heap).size() == 1);
        }
    }

    @Test
    void closeSealsTheLastSegmentAndStatesInTheNextOneWhereItEnded() throws Exception {
        try (Wal wal = Wal.open(small(storage).build())) {
            wal.appendDurable(1, payload("the last record"));
            assertThat(Records.of(heap)).isEmpty();
        }
        assertThat(WalRecovery.inspect(ReadOptions.of(heap)).segments())
                .extracting(SegmentReport::file, SegmentReport::verdict, SegmentReport::records)
                .startsWith(tuple("orders_0000000000000001.wal", SegmentReport.Verdict.SEALED, 1L))
                .last()
                .isEqualTo(tuple("orders_current.wal", SegmentReport.Verdict.ACTIVE, 0L));

        byte[] sealed = heap.bytes("orders_0000000000000001.wal");
        heap.put("orders_0000000000000001.wal", Arrays.copyOf(sealed, sealed.length - 1));
        assertThat(WalRecovery.inspect(ReadOptions.of(heap)).isSound())
                .as("a cut footer, but all data, as the next segment proves")
                .isTrue();
        heap.put("orders_0000000000000001.wal", Arrays.copyOf(sealed, 4096));
        assertThatThrownBy(() -> Wal.open(small(storage).build())).isInstanceOf(WalCorruptException.class);
    }

    @Test
    void closeOfALogWithoutNewRecordsMakesNoSegment() throws Exception {
        Wal.open(small(storage).build()).close();
        Wal.open(small(storage).build()).close();
        assertThat(heap.list()).contains("orders_current.wal").doesNotContain("orders_0000000000000001.wal");
    }

    /** A segment can be large, and a disk slow. */
    @Test
    void closeDoesNotWaitForALargeSegment() throws Exception {
        Hold filling = storage.hold(
                Operation.WRITE, name -> Thread.currentThread().getName().startsWith("veloz-wal-housekeeper"));
        Wal wal = Wal.open(
                WalConfig.builder(storage).segmentBytes(64 * 1024 * 1024).build());
        filling.awaitEntered();
        wal.appendDurable(1, payload("the last record"));
        Thread closer = new Thread(wal::close);
        closer.start();
        Logs.await("a close that waits for its threads", () -> closer.getState() == Thread.State.TIMED_WAITING);
        filling.release();
        closer.join();
        assertThat(heap.list()).contains("orders_0000000000000001.wal");
        assertThat(heap.bytes("orders_current.wal")).hasSizeBetween(4 << 20, 5 << 20);
    }

    @Test
    void appendThatWaitsForAGrowingSegmentGetsItALittleLargerThanTheLastOne() throws Exception {
        Hold filling = storage.hold(
                Operation.WRITE, name -> Thread.currentThread().getName().startsWith("veloz-wal-housekeeper"));
        try (Wal wal = Wal.open(
                WalConfig.builder(storage).segmentBytes(64 * 1024 * 1024).build())) {
            filling.awaitEntered();
            Thread appender = new Thread(() -> {
                for (int i = 0; i < 5; i++) {
                    wal.append(1, ByteBuffer.allocate(1_000_000));
                }
            });
            appender.start();
            Logs.await("an append that waits", () -> appender.getState() == Thread.State.TIMED_WAITING);
            filling.release();
            appender.join();
            wal.sync();
            assertThat(wal.stats().activeSegmentBytes()).isBetween(5L << 20, 6L << 20);
        }
    }

    @Test
    void segmentsOfALogThatNobodyWaitsForGrow() {
        try (Wal wal = Wal.open(
                WalConfig.builder(storage).segmentBytes(64 * 1024 * 1024).build())) {
            List<Long> sizes = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                sizes.add(wal.stats().activeSegmentBytes());
                wal.appendDurable(1, payload("one"));
                wal.roll();
            }
            assertThat(sizes).containsExactly(4L << 20, 16L << 20, 64L << 20, 64L << 20);
        }
    }

    @Test
    void closeThatCannotPrepareTheNextSegmentLeavesTheLastOneToTheNextOpen() throws Exception {
        FaultStorage.Fault fault =
                storage.fail(Operation.CREATE, () -> new IOException("no file")).after(1);
        try (Wal wal = Wal.open(small(storage).closeTimeout(Duration.ofHours(1)).build())) {
            wal.appendDurable(1, payload("the last record"));
            fault.awaitHit();
        }
        fault.end();
        assertThat(heap.list()).contains("orders_current.wal").doesNotContain("orders_0000000000000001.wal");
        assertThat(Records.of(heap).values()).containsExactly("the last record");
    }

    @Test
    void heartbeatFitsAfterABatchThatFillsTheSegment() throws Exception {
        // Every size of the last record: one of them fills the segment to its end.
        for (int bytes = 0; bytes <= 320; bytes += 8) {
            HeapStorage fresh = new HeapStorage();
            try (Wal wal =
                    Wal.open(small(fresh).heartbeatDelay(Duration.ofMillis(1)).build())) {
                for (int i = 0; i < 10; i++) {
                    wal.appendDurable(1, ByteBuffer.allocate(1112));
                }
                wal.appendDurable(1, ByteBuffer.allocate(bytes));
                Logs.await("a heartbeat", () -> Records.of(fresh).size() == 11);
                for (String name : fresh.list()) {
                    boolean sealed = name.startsWith("orders_0");
                    assertThat(sealed ? 0 : fresh.bytes(name).length).isLessThanOrEqualTo(Logs.SEGMENT_BYTES);
                }
            }
            try (Wal wal = Wal.open(small(fresh).build())) {
                assertThat(wal.lastSequence()).isEqualTo(11);
                assertThat(wal.recovery().quarantinedBytes()).isZero();
            }
        }
    }

    // ---- sizes

    @Test
    void recordsOfNoOneAndTheMostBytesAreRead() {
        int max;
        try (Wal wal = Wal.open(small(storage).build())) {
            max = wal.config().maxPayloadBytes();
            for (int bytes : new int[] {0, 1, max}) {
                wal.appendDurable(0xFFFF, ByteBuffer.allocate(bytes));
            }
        }
        assertThat(Records.of(heap).values()).extracting(String::length).containsExactly(0, 1, max);
    }

    @Test
    void tooLargeRecordIsRefusedBeforeAnythingIsWritten() {
        try (Wal wal = Wal.open(small(storage).build())) {
            prepared(wal);
            storage.forgetCalls();
            int tooLarge = wal.config().maxPayloadBytes() + 1;

            assertThatThrownBy(() -> wal.append(1, ByteBuffer.allocate(tooLarge)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(String.valueOf(tooLarge));
            assertThatThrownBy(() -> wal.append(0, payload("x"))).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> wal.append(65_536, payload("x"))).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> wal.append(new RecordGroup())).isInstanceOf(IllegalArgumentException.class);
            assertThat(wal.lastSequence()).isEqualTo(1);
            assertThat(storage.calls()).isEmpty();
        }
    }

    @Test
    void payloadThatGrowsWhileItIsAppendedIsRefusedAndHarmsNoOther() {
        ByteBuffer growing = ByteBuffer.allocate(1000).limit(8);
        AtomicLong limit = new AtomicLong(8);
        WalConfig config = small(storage)
                .wallClockNanos(() -> growing.limit((int) limit.get()).limit())
                .build();
        Wal wal = Wal.open(config);
        wal.appendDurable(1, payload("before"));
        limit.set(1000);

        assertThatThrownBy(() -> wal.append(new RecordGroup().add(1, growing)))
                .isInstanceOf(IllegalStateException.class);
        wal.appendDurable(1, payload("after"));
        wal.close();
        assertThat(Records.of(heap).values()).containsExactly("before", "after");
    }

    @Test
    void clockThatJumpsChangesNeitherOrderNorAcknowledgement() {
        long[] times = {5_000, -3, Long.MAX_VALUE, 0, Long.MIN_VALUE, 7};
        AtomicLong calls = new AtomicLong();
        WalConfig config = small(storage)
                .wallClockNanos(() -> times[(int) (calls.getAndIncrement() % times.length)])
                .build();
        for (int life = 0; life < 3; life++) {
            try (Wal wal = Wal.open(config)) {
                for (int i = 0; i < 30; i++) {
                    long sequence = wal.appendDurable(1, payload(kilobyte(i)));
                    assertThat(wal.durableSequence()).isEqualTo(sequence);
                }
            }
        }
        assertThat(Records.of(heap).keySet())
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 90).boxed().toList());
    }

    /** Waits until the next segment is prepared, so that all further forces are those of the commit thread. */
    private void prepared(Wal wal) {
        wal.appendDurable(1, payload("one"));
        Logs.await("prepared", () -> heap.list().contains(".orders_prepared.wal"));
    }
}
