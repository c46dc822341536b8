package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.OutputGate;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalGateFailedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.FaultPlan;
import io.veloz.wal.testkit.FaultyStorage;
import io.veloz.wal.testkit.Operation;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A gate that publishes when records are archived. */
@Timeout(120)
class ArchivedGateTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private final HeapStore store = new HeapStore();
    private final FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);

    private Wal open() {
        return Wal.open(WalConfig.builder(storage)
                .segmentBytes(64 * 1024)
                .maxBatchBytes(16 * 1024)
                .bufferBytes(64 * 1024)
                .bufferFullTimeout(LONG)
                .build());
    }

    private ShipperConfig.Builder config() {
        return ShipperConfig.builder(store).flushInterval(Duration.ofHours(1));
    }

    private static long append(Wal wal) {
        return wal.append(1, ByteBuffer.allocate(100));
    }

    /** Records sequences, and fails the test if an output is published before its record is archived. */
    private static final class Sink implements OutputGate.Sink<String> {
        private final WalShipper shipper;
        private final List<Long> published = new ArrayList<>();
        private final List<Long> discarded = new ArrayList<>();
        private final AtomicReference<Throwable> cause = new AtomicReference<>();

        Sink(WalShipper shipper) {
            this.shipper = shipper;
        }

        @Override
        public synchronized void publish(long sequence, String output) {
            if (shipper.archivedSequence() < sequence) {
                throw new AssertionError("record " + sequence + " is published before it is archived");
            }
            published.add(sequence);
        }

        @Override
        public synchronized void discard(long sequence, String output, Throwable why) {
            discarded.add(sequence);
            cause.set(why);
        }

        synchronized List<Long> published() {
            return List.copyOf(published);
        }

        synchronized List<Long> discarded() {
            return List.copyOf(discarded);
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > LONG.toNanos()) {
                throw new AssertionError("the condition did not become true: " + what);
            }
            Thread.yield();
        }
    }

    @Test
    void outputIsPublishedWhenItsRecordIsArchivedBeforeTheFlushInterval() {
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config().build())) {
            Sink sink = new Sink(shipper);
            try (OutputGate<String> gate = shipper.archivedGate(8, sink)) {
                gate.submit(0, "before the first record");
                gate.append(() -> append(wal), "a");
                gate.append(() -> append(wal), "b");
                await("published", () -> sink.published().size() == 3);
            }
            assertThat(sink.published()).containsExactly(0L, 1L, 2L);
        }
    }

    @Test
    void durableRecordWaitsWhileTheStoreIsUnreachable() {
        store.plan(request -> request.kind() == Kind.PUT ? Fault.FAIL : null);
        CountDownLatch trouble = new CountDownLatch(1);
        ShipperListener listener = new ShipperListener() {
            @Override
            public void onTrouble(String error) {
                trouble.countDown();
            }
        };
        try (Wal wal = open();
                WalShipper shipper =
                        WalShipper.start(wal, config().listener(listener).build())) {
            Sink sink = new Sink(shipper);
            try (OutputGate<String> gate = shipper.archivedGate(2, sink)) {
                gate.append(() -> append(wal), "a");
                gate.append(() -> append(wal), "b");
                wal.awaitDurable(2);
                trouble.await();
                assertThat(gate.submit(2, "c", Duration.ofMillis(10))).isFalse();
                assertThat(gate.status().held()).isEqualTo(2);
                assertThat(sink.published()).isEmpty();
                store.plan(Plan.NONE);
            }
            assertThat(sink.published()).containsExactly(1L, 2L);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void fencedShipperPublishesNothingMore() {
        // While its store is away the first shipper does not detect that it is fenced.
        AtomicBoolean away = new AtomicBoolean();
        HeapStore own = store.client(request -> away.get() ? Fault.FAIL : null);
        try (Wal wal = open();
                WalShipper first = WalShipper.start(
                        wal,
                        ShipperConfig.builder(own)
                                .flushInterval(Duration.ofHours(1))
                                .build())) {
            Sink sink = new Sink(first);
            OutputGate<String> gate = first.archivedGate(8, sink);
            gate.append(() -> append(wal), "a");
            await("published", () -> sink.published().size() == 1);
            away.set(true);
            try (WalShipper second = WalShipper.start(wal, config().build())) {
                await("the second epoch", () -> second.status().epoch() == 2);
                gate.append(() -> append(wal), "b");
                gate.append(wal::lastSequence, "without a record");
                away.set(false);
                await("discarded", () -> sink.discarded().size() == 2);
                assertThat(sink.discarded()).containsExactly(2L, 2L);
                assertThat(sink.cause.get()).isInstanceOfSatisfying(WalFencedException.class, fenced -> {
                    assertThat(fenced.epoch()).isEqualTo(2);
                    assertThat(fenced.firstBeyondFork()).isEqualTo(2);
                });
                // The second shipper archives the record. The first engine does not publish it nevertheless.
                assertThat(second.awaitArchived(2, LONG)).isTrue();
                long before = wal.lastSequence();
                assertThatThrownBy(() -> gate.append(() -> append(wal), "c"))
                        .isInstanceOf(WalGateFailedException.class)
                        .hasCauseInstanceOf(WalFencedException.class);
                assertThat(wal.lastSequence()).isEqualTo(before);
            }
            gate.close();
            assertThat(sink.published()).containsExactly(1L);
        }
    }

    @Test
    void outputOfAnArchivedRecordIsDiscardedAfterTheFenceWasDetected() {
        try (Wal wal = open();
                WalShipper first = WalShipper.start(wal, config().build())) {
            Sink sink = new Sink(first);
            try (OutputGate<String> gate = first.archivedGate(8, sink)) {
                gate.append(() -> append(wal), "a");
                await("published", () -> sink.published().size() == 1);
                try (WalShipper second = WalShipper.start(wal, config().build())) {
                    await("the second epoch", () -> second.status().epoch() == 2);
                    await(
                            "fenced",
                            () -> first.awaitArchived(1, LONG) && first.status().fenced() != null);
                    gate.append(wal::lastSequence, "without a record of its own");
                    await("discarded", () -> sink.discarded().size() == 1);
                    assertThat(sink.cause.get()).isInstanceOf(WalFencedException.class);
                }
            }
            assertThat(sink.published()).containsExactly(1L);
        }
    }

    @Test
    void failedLogPublishesWhatWasDurableOnceItIsArchived() {
        Wal wal = open();
        WalShipper shipper = WalShipper.start(wal, config().build());
        // A directory whose disk has failed cannot acquire the right to ship, because it cannot record its id.
        await("the right to ship", () -> shipper.status().epoch() == 1);
        store.plan(request -> request.kind() == Kind.PUT ? Fault.FAIL : null);
        Sink sink = new Sink(shipper);
        OutputGate<String> gate = shipper.archivedGate(8, sink);
        gate.append(() -> append(wal), "a");
        wal.awaitDurable(1);
        storage.plan(FaultPlan.always(Operation.Kind.FORCE, io.veloz.wal.testkit.Fault.IO_ERROR));
        long lost = gate.append(() -> append(wal), "b");
        assertThatThrownBy(() -> wal.awaitDurable(lost)).isInstanceOf(WalFailedException.class);
        assertThat(sink.published()).isEmpty();
        store.plan(Plan.NONE);
        await("discarded", () -> sink.discarded().size() == 1);
        assertThat(sink.published()).containsExactly(1L);
        assertThat(sink.discarded()).containsExactly(2L);
        assertThat(sink.cause.get()).isInstanceOf(WalFailedException.class);
        gate.close();
        shipper.close();
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
    }

    @Test
    void recordInAGapFailsTheGate() {
        store.plan(request -> request.kind() == Kind.PUT ? Fault.FAIL : null);
        ShipperConfig config =
                config().spoolPolicy(SpoolPolicy.giveUpOldest(100 * 1024)).build();
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config)) {
            Sink sink = new Sink(shipper);
            try (OutputGate<String> gate = shipper.archivedGate(8, sink)) {
                gate.append(() -> append(wal), "in the gap");
                for (int i = 1; i < 3000; i++) {
                    wal.appendDurable(1, ByteBuffer.allocate(100));
                }
                gate.append(() -> append(wal), "after the gap");
                wal.sync();
                wal.writeCheckpoint(2900, out -> out.write(1));
                wal.writeCheckpoint(3000, out -> out.write(1));
                assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
                store.plan(Plan.NONE);
                await("discarded", () -> sink.discarded().size() == 2);
                assertThat(sink.published()).isEmpty();
                assertThat(sink.discarded()).containsExactly(1L, 3001L);
                assertThat(sink.cause.get())
                        .isInstanceOf(WalShippingRefusedException.class)
                        .hasMessageStartingWith("record 1 will never be archived: it is in a gap of the archive");
            }
        }
    }

    @Test
    void closedShipperDiscardsTheOutputsThatWait() {
        store.plan(request -> request.kind() == Kind.PUT ? Fault.FAIL : null);
        try (Wal wal = open()) {
            WalShipper shipper = WalShipper.start(
                    wal, config().closeTimeout(Duration.ofMillis(10)).build());
            Sink sink = new Sink(shipper);
            OutputGate<String> gate = shipper.archivedGate(8, sink);
            gate.append(() -> append(wal), "a");
            shipper.close();
            await("discarded", () -> sink.discarded().size() == 1);
            assertThat(sink.cause.get())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("the shipper is closed");
            gate.close();
            assertThat(sink.published()).isEmpty();
        }
    }

    @Test
    void closeDiscardsWhatIsNotArchivedInTime() {
        store.plan(request -> request.kind() == Kind.PUT ? Fault.FAIL : null);
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(
                        wal, config().closeTimeout(Duration.ofMillis(10)).build())) {
            Sink sink = new Sink(shipper);
            OutputGate<String> gate = shipper.archivedGate(8, sink);
            gate.append(() -> append(wal), "a");
            gate.close();
            assertThat(sink.published()).isEmpty();
            assertThat(sink.discarded()).containsExactly(1L);
        }
    }

    @Test
    void logOfAnotherProcessHasNoGate() {
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal.files(), config().build())) {
            assertThatThrownBy(() -> shipper.archivedGate(8, new Sink(shipper)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("another process writes the log");
        }
    }

    @Test
    void hundredThreadsSharePuts() throws InterruptedException {
        int threads = 100;
        int each = 20;
        try (Wal wal = open();
                WalShipper shipper = WalShipper.start(wal, config().build())) {
            Sink sink = new Sink(shipper);
            try (OutputGate<String> gate = shipper.archivedGate(64, sink)) {
                List<Thread> running = new ArrayList<>();
                for (int t = 0; t < threads; t++) {
                    Thread thread = new Thread(() -> {
                        for (int i = 0; i < each; i++) {
                            gate.append(() -> append(wal), "x");
                        }
                    });
                    running.add(thread);
                    thread.start();
                }
                for (Thread thread : running) {
                    thread.join();
                }
            }
            assertThat(sink.discarded()).isEmpty();
            assertThat(sink.published())
                    .containsExactlyElementsOf(
                            LongStream.rangeClosed(1, threads * each).boxed().toList());
            assertThat(shipper.status().requests().puts()).isLessThan(threads * each);
        }
    }
}
