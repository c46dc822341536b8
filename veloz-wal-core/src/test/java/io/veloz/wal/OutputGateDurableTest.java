package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Hold;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.metrics.OutputGateMetrics;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A gate that publishes when records are durable. */
@Timeout(120)
class OutputGateDurableTest {
    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);
    private final RecordingSink sink = new RecordingSink();

    private void awaitPrepared() {
        Logs.await("prepared", () -> heap.list().contains(".orders_prepared.wal"));
    }

    @Test
    void outputIsPublishedOnlyAfterItsRecordIsDurable() throws Exception {
        try (Wal wal = Wal.open(small(storage).build());
                OutputGate<String> gate = OutputGate.durable(wal, 8, sink)) {
            awaitPrepared();
            Hold force = storage.hold(Operation.FORCE, name -> true);
            gate.append(() -> wal.append(1, payload("a")), "a");
            gate.submit(wal.append(1, payload("b")), "b");
            force.awaitEntered();
            assertThat(sink.published).isEmpty();
            assertThat(gate.status().held()).isEqualTo(2);
            force.release();
            sink.awaitPublished("1 a", "2 b");
        }
    }

    @Test
    void outputOfAGroupIsPublishedWithItsLastRecord() {
        try (Wal wal = Wal.open(small(storage).build());
                OutputGate<String> gate = OutputGate.durable(wal, 8, sink)) {
            RecordGroup group = new RecordGroup().add(1, payload("a")).add(1, payload("b"));
            gate.append(() -> wal.append(group), "both");
            sink.awaitPublished("2 both");
        }
    }

    @Test
    void outputWithoutARecordFollowsTheLastRecord() {
        try (Wal wal = Wal.open(small(storage).build());
                OutputGate<String> gate = OutputGate.durable(wal, 8, sink)) {
            gate.append(() -> wal.append(1, payload("a")), "a");
            gate.append(wal::lastSequence, "cancel");
            sink.awaitPublished("1 a", "1 cancel");
        }
    }

    @Test
    void failedForceDiscardsTheOutputsInDoubt() {
        Wal wal = Wal.open(small(storage).build());
        OutputGate<String> gate = OutputGate.durable(wal, 8, sink);
        awaitPrepared();
        gate.append(() -> wal.append(1, payload("a")), "a");
        sink.awaitPublished("1 a");
        storage.fail(Operation.FORCE, () -> new IOException("of the test"));
        gate.append(() -> wal.append(1, payload("b")), "b");
        Logs.await("discarded", () -> sink.discarded.size() == 1);
        assertThat(sink.discarded).containsExactly("2 b");
        assertThat(sink.causes.get(0)).isInstanceOfSatisfying(WalFailedException.class, failure -> {
            assertThat(failure.durableSequence()).isEqualTo(1);
            assertThat(failure.lastInDoubt()).isEqualTo(2);
        });
        assertThatThrownBy(() -> gate.append(() -> wal.append(1, payload("c")), "c"))
                .isInstanceOf(WalGateFailedException.class);
        gate.close();
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
        assertThat(sink.published).containsExactly("1 a");
    }

    @Test
    void outputsOfDurableRecordsArePublishedEvenIfTheLogHasFailedSince() throws Exception {
        Wal wal = Wal.open(small(storage).build());
        OutputGate<String> gate = OutputGate.durable(wal, 8, sink);
        awaitPrepared();
        sink.hold();
        gate.append(() -> wal.append(1, payload("a")), "a");
        sink.awaitEntered();
        gate.append(() -> wal.append(1, payload("b")), "b");
        wal.awaitDurable(2);
        storage.fail(Operation.FORCE, () -> new IOException("of the test"));
        long last = gate.append(() -> wal.append(1, payload("c")), "c");
        assertThatThrownBy(() -> wal.awaitDurable(last)).isInstanceOf(WalFailedException.class);
        sink.release();
        Logs.await("discarded", () -> sink.discarded.size() == 1);
        gate.close();
        assertThat(sink.published).containsExactly("1 a", "2 b");
        assertThat(sink.discarded).containsExactly("3 c");
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
    }

    @Test
    void logThatIsClosedFirstPublishesWhatItHasCommitted() {
        Wal wal = Wal.open(small(storage).build());
        OutputGate<String> gate = OutputGate.durable(wal, 8, sink);
        gate.append(() -> wal.append(1, payload("a")), "a");
        wal.close();
        gate.close();
        assertThat(sink.published).containsExactly("1 a");
    }

    @Test
    void sinkMayWaitForTheLog() {
        List<Long> answers = new CopyOnWriteArrayList<>();
        try (Wal wal = Wal.open(small(storage).build())) {
            OutputGate.Sink<String> appending = new OutputGate.Sink<>() {
                @Override
                public void publish(long sequence, String output) throws Exception {
                    answers.add(wal.appendDurable(1, payload("answer")));
                    answers.add(wal.appendAsync(1, payload("answer")).get(30, TimeUnit.SECONDS));
                }

                @Override
                public void discard(long sequence, String output, Throwable cause) {}
            };
            try (OutputGate<String> gate = OutputGate.durable(wal, 1, appending)) {
                gate.append(() -> wal.append(1, payload("question")), "question");
            }
        }
        assertThat(answers).containsExactly(2L, 3L);
    }

    @Test
    void callbackOfTheLogMaySubmit() throws Exception {
        try (Wal wal = Wal.open(small(storage).build());
                OutputGate<String> gate = OutputGate.durable(wal, 1, sink)) {
            List<CompletableFuture<Void>> submitted = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                submitted.add(wal.appendAsync(1, payload("a")).thenAccept(sequence -> gate.submit(sequence, "x")));
            }
            for (CompletableFuture<Void> future : submitted) {
                future.get(30, TimeUnit.SECONDS);
            }
        }
        assertThat(sink.published).hasSize(100);
    }

    /** A sink that checks the order and the durability of each output when it is published. */
    private static final class CheckingSink implements OutputGate.Sink<Long> {
        private final Wal wal;
        final List<Long> published = new ArrayList<>();
        final List<Throwable> discards = new ArrayList<>();

        CheckingSink(Wal wal) {
            this.wal = wal;
        }

        @Override
        public void publish(long sequence, Long thread) {
            if (wal.durableSequence() < sequence) {
                throw new AssertionError("record " + sequence + " is published before it is durable");
            }
            published.add(sequence);
        }

        @Override
        public void discard(long sequence, Long thread, Throwable cause) {
            discards.add(cause);
        }
    }

    @Test
    void hundredThreadsPublishInTheOrderOfTheLogThroughAFewPlaces() throws Exception {
        int threads = 100;
        int each = 50;
        CheckingSink checking;
        try (Wal wal =
                Wal.open(small(heap).bufferFullTimeout(Duration.ofMinutes(1)).build())) {
            checking = new CheckingSink(wal);
            try (OutputGate<Long> gate = OutputGate.durable(wal, 16, checking)) {
                List<CompletableFuture<Boolean>> running = new ArrayList<>();
                for (int t = 0; t < threads; t++) {
                    long thread = t;
                    running.add(Logs.start(() -> {
                        for (int i = 0; i < each; i++) {
                            gate.append(() -> wal.append(1, payload("x")), thread);
                        }
                        return true;
                    }));
                }
                for (CompletableFuture<Boolean> thread : running) {
                    thread.get(60, TimeUnit.SECONDS);
                }
                assertThat(gate.status().failure()).isNull();
            }
        }
        assertThat(checking.discards).isEmpty();
        assertThat(checking.published)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, threads * each).boxed().toList());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void everyAcceptedOutputIsPublishedOrDiscardedOnceWhenTheLogFailsUnderLoad(long seed) throws Exception {
        Random random = new Random(seed);
        Wal wal = Wal.open(small(storage).build());
        Set<Long> accepted = new ConcurrentSkipListSet<>();
        OutputGate<String> gate = OutputGate.durable(wal, 1 + random.nextInt(200), sink);
        List<CompletableFuture<Boolean>> running = new ArrayList<>();
        for (int t = 0; t < 100; t++) {
            running.add(Logs.start(() -> {
                while (true) {
                    accepted.add(gate.append(() -> wal.append(1, payload("x")), "x"));
                }
            }));
        }
        long before = random.nextInt(3_000);
        Logs.await("published " + before, () -> gate.status().published() >= before);
        storage.fail(Operation.FORCE, () -> new IOException("of the test"));
        for (CompletableFuture<Boolean> thread : running) {
            assertThatThrownBy(() -> thread.get(30, TimeUnit.SECONDS))
                    .as("seed %d", seed)
                    .cause()
                    .isInstanceOfAny(WalFailedException.class, WalGateFailedException.class);
        }
        gate.close();
        List<String> received = new ArrayList<>(sink.published);
        received.addAll(sink.discarded);
        assertThat(received)
                .as("seed %d", seed)
                .isEqualTo(accepted.stream().map(sequence -> sequence + " x").toList());
        assertThat(gate.status().publishedSequence()).isLessThanOrEqualTo(wal.durableSequence());
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
    }

    @Test
    void metricsHaveTheStateOfTheGate() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        Wal wal = Wal.open(small(storage).build());
        OutputGate<String> gate = OutputGate.durable(wal, 8, sink);
        awaitPrepared();
        new OutputGateMetrics(gate, Tags.of("gate", "fills")).bindTo(registry);
        gate.append(() -> wal.append(1, payload("a")), "a");
        Logs.await("published", () -> gate.status().published() == 1);
        assertThat(value(registry, "veloz_wal_output_published")).isEqualTo(1);
        assertThat(value(registry, "veloz_wal_output_published_sequence")).isEqualTo(1);
        assertThat(value(registry, "veloz_wal_output_held")).isZero();
        assertThat(value(registry, "veloz_wal_output_oldest_seconds")).isZero();
        assertThat(value(registry, "veloz_wal_output_healthy")).isEqualTo(1);
        storage.fail(Operation.FORCE, () -> new IOException("of the test"));
        gate.append(() -> wal.append(1, payload("b")), "b");
        Logs.await("discarded", () -> gate.status().discarded() == 1);
        assertThat(value(registry, "veloz_wal_output_discarded")).isEqualTo(1);
        assertThat(value(registry, "veloz_wal_output_healthy")).isZero();
        gate.close();
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
    }

    private static double value(SimpleMeterRegistry registry, String name) {
        return registry.get(name)
                .tag("gate", "fills")
                .meter()
                .measure()
                .iterator()
                .next()
                .getValue();
    }

    /** Whichever call a stack overflow hits, each accepted output is published or discarded once, and no thread hangs. */
    @Test
    void appendAtTheEndOfTheStackNeverHangsTheGate() throws Exception {
        for (int life = 0; life < 20; life++) {
            ManualSource source = new ManualSource(Duration.ofMillis(100), Duration.ofSeconds(20));
            source.pass(Long.MAX_VALUE);
            RecordingSink sink = new RecordingSink();
            OutputGate<String> gate = OutputGate.start(source, 4, sink);
            // Linked here: a call site that is linked at the end of the stack is unusable for the rest of this JVM.
            LongSupplier append = source::append;
            gate.append(append, "first");
            int[] accepted = {1};
            Thread deep = new Thread(null, () -> appendAtEveryDepth(gate, append, accepted), "deep", 256 * 1024);
            deep.start();
            deep.join();
            Thread other = new Thread(() -> {
                try {
                    gate.append(append, "last");
                    accepted[0]++;
                } catch (WalGateFailedException e) {
                    assertThat(e).hasCauseInstanceOf(StackOverflowError.class);
                }
                gate.close();
            });
            other.start();
            other.join(30_000);
            assertThat(other.isAlive()).isFalse();
            assertThat(gate.status().published() + gate.status().discarded())
                    .isBetween((long) accepted[0], accepted[0] + 1L);
        }
    }

    private static void appendAtEveryDepth(OutputGate<String> gate, LongSupplier append, int[] accepted) {
        try {
            appendAtEveryDepth(gate, append, accepted);
        } catch (StackOverflowError e) {
            // Each returning frame submits with a little more stack.
        }
        if (accepted[0] == 1_000) {
            return;
        }
        try {
            gate.append(append, "x");
            accepted[0]++;
        } catch (StackOverflowError | LinkageError | WalException e) {
            // Not accepted, or unknown.
        }
    }
}
