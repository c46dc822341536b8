package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.veloz.wal.fault.Logs;
import java.io.IOException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules of a gate, with a condition that the test moves. */
@Timeout(120)
class OutputGateTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private final ManualSource source = new ManualSource(LONG);
    private final RecordingSink sink = new RecordingSink();

    private OutputGate<String> gate(int capacity) {
        return OutputGate.start(source, capacity, sink);
    }

    private static void fill(OutputGate<String> gate, ManualSource source, int count) {
        for (int i = 0; i < count; i++) {
            gate.append(source::append, "x");
        }
    }

    private static RuntimeException broken() {
        return new WalFailedException("broken", 0, 0, null);
    }

    // ---- order

    @Test
    void outputsArePublishedInOrderUpToTheRecordThatHasPassed() {
        try (OutputGate<String> gate = gate(8)) {
            for (String output : List.of("a", "b", "c", "d")) {
                gate.append(source::append, output);
            }
            source.pass(2);
            sink.awaitPublished("1 a", "2 b");
            assertThat(gate.status().held()).isEqualTo(2);
            source.pass(4);
            sink.awaitPublished("1 a", "2 b", "3 c", "4 d");
        }
        assertThat(sink.discarded).isEmpty();
    }

    @Test
    void outputsOfOneRecordKeepTheOrderOfTheirSubmission() {
        try (OutputGate<String> gate = gate(8)) {
            long sequence = source.append();
            gate.submit(sequence, "a");
            gate.submit(sequence, "b");
            gate.submit(sequence, "c");
            source.pass(sequence);
            sink.awaitPublished("1 a", "1 b", "1 c");
        }
    }

    @Test
    void outputOfRecordsThatHavePassedIsPublishedAtOnce() {
        try (OutputGate<String> gate = gate(8)) {
            gate.submit(0, "before the first record");
            source.append();
            source.pass(source.append());
            gate.submit(1, "a");
            sink.awaitPublished("0 before the first record", "1 a");
        }
    }

    @Test
    void decreasingSequenceIsRefusedAndTheGateContinues() {
        try (OutputGate<String> gate = gate(2)) {
            source.append();
            source.append();
            gate.submit(2, "b");
            assertThatThrownBy(() -> gate.submit(1, "a"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("output of record 1 after one of record 2: expected sequences that do not decrease; "
                            + "threads that append and submit concurrently must use OutputGate.append");
            gate.submit(2, "c");
            source.pass(2);
            sink.awaitPublished("2 b", "2 c");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1})
    void recordThatWasNotAppendedIsRefused(long sequence) {
        try (OutputGate<String> gate = gate(1)) {
            assertThatThrownBy(() -> gate.submit(sequence, "a"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("record " + sequence + " has not been appended; the last one is 0");
            assertThatThrownBy(() -> gate.append(() -> sequence, "a")).isInstanceOf(IllegalArgumentException.class);
            gate.submit(0, "b");
            sink.awaitPublished("0 b");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, (1 << 24) + 1})
    void capacityIsBounded(int capacity) {
        assertThatThrownBy(() -> gate(capacity))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("capacity " + capacity + ": expected 1 to 16777216");
    }

    // ---- room

    @Test
    void appendToAFullGateAppendsNothing() {
        try (OutputGate<String> gate = gate(2)) {
            fill(gate, source, 2);
            assertThatThrownBy(() -> gate.append(source::append, "c"))
                    .isInstanceOf(WalBusyException.class)
                    .hasMessageContaining("the output gate is full: OutputGate[manual, held=2")
                    .hasMessageEndingWith("; the record was not appended");
            assertThat(source.lastSequence()).isEqualTo(2);
            source.pass(2);
        }
    }

    @Test
    void submitReturnsFalseIfTheGateStaysFull() {
        try (OutputGate<String> gate = gate(1)) {
            fill(gate, source, 1);
            source.append();
            assertThat(gate.submit(2, "b", Duration.ZERO)).isFalse();
            assertThat(gate.submit(2, "b", Duration.ofMillis(20))).isFalse();
            source.pass(2);
            assertThat(gate.submit(2, "b", LONG)).isTrue();
            sink.awaitPublished("1 x", "2 b");
        }
    }

    @Test
    void submitWaitsForRoom() throws Exception {
        try (OutputGate<String> gate = gate(1)) {
            fill(gate, source, 1);
            source.append();
            CompletableFuture<Boolean> submitted = Logs.start(() -> {
                gate.submit(2, "b");
                return true;
            });
            assertThat(submitted).isNotDone();
            source.pass(2);
            assertThat(submitted.get(30, TimeUnit.SECONDS)).isTrue();
            sink.awaitPublished("1 x", "2 b");
        }
    }

    @Test
    void appendThatFailsLeavesItsPlaceFree() {
        try (OutputGate<String> gate = gate(1)) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> gate.append(
                                () -> {
                                    throw new WalDiskFullException("full", null);
                                },
                                "a"))
                        .isInstanceOf(WalDiskFullException.class);
            }
            gate.append(source::append, "b");
            source.pass(1);
            sink.awaitPublished("1 b");
        }
    }

    @Test
    void appendThatSubmitsToTheGateIsRefused() {
        try (OutputGate<String> gate = gate(4)) {
            assertThatThrownBy(() -> gate.append(() -> gate.append(source::append, "inner"), "outer"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("an append of the output gate submits to the gate; submit after it");
            assertThat(gate.status().held()).isZero();
        }
    }

    @Test
    void interruptDoesNotEndAWaitAndStaysPending() throws Exception {
        try (OutputGate<String> gate = gate(1)) {
            fill(gate, source, 1);
            source.append();
            CompletableFuture<Boolean> interrupted = Logs.start(() -> {
                Thread.currentThread().interrupt();
                gate.submit(2, "b");
                return Thread.interrupted();
            });
            source.pass(2);
            assertThat(interrupted.get(30, TimeUnit.SECONDS)).isTrue();
            sink.awaitPublished("1 x", "2 b");
        }
    }

    @Test
    void virtualThreadsSubmit() throws Exception {
        int threads = 200;
        ManualSource patient = new ManualSource(LONG, LONG);
        try (OutputGate<String> gate = OutputGate.start(patient, 4, sink)) {
            List<Thread> started = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                started.add(startVirtual(() -> patient.pass(gate.append(patient::append, "v"))));
            }
            for (Thread thread : started) {
                thread.join();
            }
        }
        assertThat(sink.published).hasSize(threads);
    }

    private static Thread startVirtual(Runnable task) throws Exception {
        try {
            Method start = Thread.class.getMethod("startVirtualThread", Runnable.class);
            return (Thread) start.invoke(null, task);
        } catch (NoSuchMethodException e) {
            return Assumptions.abort("this JDK has no virtual threads");
        }
    }

    // ---- failure

    @Test
    void failureDiscardsTheOutputsWhoseRecordsHaveNotPassed() {
        try (OutputGate<String> gate = gate(8)) {
            fill(gate, source, 2);
            source.pass(2);
            sink.awaitPublished("1 x", "2 x");
            fill(gate, source, 3);
            RuntimeException failure = broken();
            source.fail(failure);
            Logs.await("discarded", () -> sink.discarded.size() == 3);
            assertThat(sink.discarded).containsExactly("3 x", "4 x", "5 x");
            assertThat(sink.causes).containsOnly(failure);
            // Even if the condition becomes true after the failure.
            source.pass(5);
        }
        assertThat(sink.published).containsExactly("1 x", "2 x");
    }

    @Test
    void failedGateAcceptsNothingAndAppendsNothing() {
        try (OutputGate<String> gate = gate(8)) {
            fill(gate, source, 1);
            source.pass(1);
            sink.awaitPublished("1 x");
            fill(gate, source, 1);
            RuntimeException failure = broken();
            source.fail(failure);
            Logs.await("failed", () -> gate.status().failure() != null);
            assertThatThrownBy(() -> gate.append(source::append, "c"))
                    .isInstanceOfSatisfying(WalGateFailedException.class, e -> {
                        assertThat(e.publishedSequence()).isEqualTo(1);
                        assertThat(e).hasCause(failure);
                    })
                    .hasMessageStartingWith(
                            "the output was not accepted: the output gate has failed, and published outputs up to record"
                                    + " 1: io.veloz.wal.WalFailedException: broken");
            assertThatThrownBy(() -> gate.submit(2, "d")).isInstanceOf(WalGateFailedException.class);
            assertThat(source.lastSequence()).isEqualTo(2);
        }
        assertThat(sink.discarded).containsExactly("2 x");
    }

    @Test
    void failureReleasesThreadsThatWaitForRoom() {
        try (OutputGate<String> gate = gate(1)) {
            fill(gate, source, 1);
            source.append();
            CompletableFuture<Boolean> submitted = Logs.start(() -> {
                gate.submit(2, "b");
                return true;
            });
            source.fail(broken());
            assertThatThrownBy(() -> submitted.get(30, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(WalGateFailedException.class);
        }
    }

    @Test
    void outputOfAnAppendThatIsOvertakenByTheFailureIsRefusedWithItsRecord() throws Exception {
        CountDownLatch appending = new CountDownLatch(1);
        CountDownLatch failed = new CountDownLatch(1);
        try (OutputGate<String> gate = gate(4)) {
            fill(gate, source, 1);
            CompletableFuture<Long> late = Logs.start(() -> gate.append(
                    () -> {
                        appending.countDown();
                        awaitUnchecked(failed);
                        return source.append();
                    },
                    "late"));
            appending.await();
            source.fail(broken());
            Logs.await("failed", () -> gate.status().failure() != null);
            failed.countDown();
            assertThatThrownBy(() -> late.get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(WalGateFailedException.class)
                    .hasMessageContaining("the output of record 2 was not accepted");
        }
        assertThat(sink.discarded).containsExactly("1 x");
    }

    private static void awaitUnchecked(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static Stream<Throwable> throwables() {
        return Stream.of(
                new IOException("of a user"), new StackOverflowError("of a user"), new OutOfMemoryError("of a user"));
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void sneak(Throwable t) throws E {
        throw (E) t;
    }

    @ParameterizedTest
    @MethodSource("throwables")
    void sinkThatThrowsFailsTheGateAndReceivesTheLaterOutputs(Throwable thrown) {
        RecordingSink recording = new RecordingSink();
        OutputGate.Sink<String> throwing = new OutputGate.Sink<>() {
            @Override
            public void publish(long sequence, String output) throws Exception {
                if (sequence == 2) {
                    OutputGateTest.<RuntimeException>sneak(thrown);
                }
                recording.publish(sequence, output);
            }

            @Override
            public void discard(long sequence, String output, Throwable cause) {
                recording.discard(sequence, output, cause);
            }
        };
        try (OutputGate<String> gate = OutputGate.start(source, 8, throwing)) {
            fill(gate, source, 4);
            source.pass(4);
            Logs.await("discarded", () -> recording.discarded.size() == 2);
            assertThat(gate.status()).isEqualTo(new OutputGate.Status(0, Duration.ZERO, 1, 2, 1, thrown));
        }
        assertThat(recording.published).containsExactly("1 x");
        assertThat(recording.discarded).containsExactly("3 x", "4 x");
        assertThat(recording.causes).containsOnly(thrown);
    }

    @Test
    void sinkThatThrowsWhileItDiscardsReceivesTheOtherOutputs() {
        RecordingSink recording = new RecordingSink();
        OutputGate.Sink<String> throwing = new OutputGate.Sink<>() {
            @Override
            public void publish(long sequence, String output) {}

            @Override
            public void discard(long sequence, String output, Throwable cause) {
                recording.discard(sequence, output, cause);
                throw new StackOverflowError("of a user");
            }
        };
        try (OutputGate<String> gate = OutputGate.start(source, 8, throwing)) {
            fill(gate, source, 3);
            source.fail(broken());
        }
        assertThat(recording.discarded).containsExactly("1 x", "2 x", "3 x");
    }

    // ---- calls of the sink

    @Test
    void sinkMaySubmitToTheGate() {
        AtomicReference<OutputGate<String>> gate = new AtomicReference<>();
        RecordingSink recording = new RecordingSink();
        OutputGate.Sink<String> answering = new OutputGate.Sink<>() {
            @Override
            public void publish(long sequence, String output) throws Exception {
                recording.publish(sequence, output);
                if (output.equals("question")) {
                    gate.get().append(source::append, "answer");
                }
            }

            @Override
            public void discard(long sequence, String output, Throwable cause) {
                recording.discard(sequence, output, cause);
            }
        };
        try (OutputGate<String> started = OutputGate.start(source, 2, answering)) {
            gate.set(started);
            started.append(source::append, "question");
            source.pass(2);
            recording.awaitPublished("1 question", "2 answer");
        }
    }

    @Test
    void sinkThatWaitsForItselfIsRefusedAtOnce() {
        AtomicReference<OutputGate<String>> gate = new AtomicReference<>();
        List<Throwable> refusals = new ArrayList<>();
        RecordingSink recording = new RecordingSink();
        OutputGate.Sink<String> waiting = new OutputGate.Sink<>() {
            @Override
            public void publish(long sequence, String output) throws Exception {
                refusals.add(catchThrowable(() -> gate.get().submit(1, "b")));
                refusals.add(catchThrowable(() -> gate.get().append(source::append, "b")));
                refusals.add(catchThrowable(() -> gate.get().close()));
                assertThat(gate.get().submit(1, "b", LONG)).isFalse();
                recording.publish(sequence, output);
            }

            @Override
            public void discard(long sequence, String output, Throwable cause) {
                recording.discard(sequence, output, cause);
            }
        };
        try (OutputGate<String> started = OutputGate.start(source, 1, waiting)) {
            gate.set(started);
            started.append(source::append, "a");
            source.pass(1);
            recording.awaitPublished("1 a");
        }
        assertThat(refusals.get(0))
                .isInstanceOf(WalBusyException.class)
                .hasMessageStartingWith("the output gate is full, and the sink cannot wait for itself")
                .hasMessageEndingWith("the output of record 1 was not accepted");
        assertThat(refusals.get(1)).isInstanceOf(WalBusyException.class).hasMessageContaining("was not appended");
        assertThat(refusals.get(2))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("close was called by the sink, which it waits for");
        assertThat(source.lastSequence()).isEqualTo(1);
    }

    // ---- observe

    @Test
    void statusCountsTheOutputsThatWait() {
        try (OutputGate<String> gate = gate(8)) {
            assertThat(gate.status()).isEqualTo(new OutputGate.Status(0, Duration.ZERO, 0, 0, 0, null));
            fill(gate, source, 3);
            Duration age = gate.status().oldestAge();
            assertThat(age).isPositive();
            assertThat(gate.status().oldestAge()).isGreaterThanOrEqualTo(age);
            assertThat(gate.status().held()).isEqualTo(3);
            source.pass(3);
            Logs.await("published", () -> gate.status().held() == 0);
            assertThat(gate.status()).isEqualTo(new OutputGate.Status(0, Duration.ZERO, 3, 0, 3, null));
        }
    }

    @Test
    void outputInTheSinkStillWaits() throws Exception {
        try (OutputGate<String> gate = gate(1)) {
            sink.hold();
            fill(gate, source, 1);
            source.pass(1);
            sink.awaitEntered();
            assertThat(gate.status().held()).isEqualTo(1);
            assertThat(gate.submit(1, "b", Duration.ZERO)).isFalse();
            sink.release();
        }
    }
}
