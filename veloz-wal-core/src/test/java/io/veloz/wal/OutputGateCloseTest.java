package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.Logs;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The close of a gate. */
@Timeout(120)
class OutputGateCloseTest {
    private static final Duration SHORT = Duration.ofMillis(50);

    private final RecordingSink sink = new RecordingSink();

    private static CompletableFuture<Boolean> close(OutputGate<String> gate) {
        return Logs.start(() -> {
            gate.close();
            return true;
        });
    }

    @Test
    void closePublishesTheOutputsWhoseRecordsPassInTime() throws Exception {
        ManualSource source = new ManualSource(Duration.ofMinutes(1));
        OutputGate<String> gate = OutputGate.start(source, 8, sink);
        gate.append(source::append, "a");
        gate.append(source::append, "b");
        CompletableFuture<Boolean> closed = close(gate);
        Logs.await("closing", () -> isClosed(gate));
        assertThat(closed).isNotDone();
        source.pass(2);
        assertThat(closed.get(30, TimeUnit.SECONDS)).isTrue();
        assertThat(sink.published).containsExactly("1 a", "2 b");
        assertThat(sink.discarded).isEmpty();
    }

    /** Submits an output that an open gate refuses, because the test has submitted a later one. */
    private static boolean isClosed(OutputGate<String> gate) {
        try {
            gate.submit(0, "probe", Duration.ZERO);
            throw new AssertionError("the probe was accepted");
        } catch (IllegalArgumentException e) {
            return false;
        } catch (IllegalStateException e) {
            return e.getMessage().equals("the output gate is closed");
        }
    }

    @Test
    void closeDiscardsTheOutputsWhoseRecordsDoNotPassInTime() {
        ManualSource source = new ManualSource(SHORT);
        OutputGate<String> gate = OutputGate.start(source, 8, sink);
        gate.append(source::append, "a");
        gate.append(source::append, "b");
        source.pass(1);
        sink.awaitPublished("1 a");
        gate.close();
        source.pass(2);
        assertThat(sink.published).containsExactly("1 a");
        assertThat(sink.discarded).containsExactly("2 b");
        assertThat(sink.causes.get(0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("the output gate was closed, and waited PT0.05S for its outputs");
    }

    @Test
    void closedGateAcceptsNothing() {
        ManualSource source = new ManualSource(SHORT);
        OutputGate<String> gate = OutputGate.start(source, 8, sink);
        gate.close();
        gate.close();
        assertThatThrownBy(() -> gate.append(source::append, "a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the output gate is closed");
        assertThatThrownBy(() -> gate.submit(0, "a")).hasMessage("the output gate is closed");
        assertThat(source.lastSequence()).isZero();
        assertThat(gate.status().failure()).isNull();
    }

    @Test
    void closeWaitsForAnAppendThatHasBegun() throws Exception {
        ManualSource source = new ManualSource(Duration.ofMinutes(1));
        OutputGate<String> gate = OutputGate.start(source, 8, sink);
        gate.append(source::append, "first");
        source.pass(1);
        sink.awaitPublished("1 first");
        CountDownLatch appending = new CountDownLatch(1);
        CountDownLatch proceed = new CountDownLatch(1);
        CompletableFuture<Long> appended = Logs.start(() -> gate.append(
                () -> {
                    appending.countDown();
                    try {
                        proceed.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                    return source.append();
                },
                "a"));
        appending.await();
        CompletableFuture<Boolean> closed = close(gate);
        Logs.await("closing", () -> isClosed(gate));
        source.pass(2);
        assertThat(closed).isNotDone();
        proceed.countDown();
        assertThat(appended.get(30, TimeUnit.SECONDS)).isEqualTo(2);
        assertThat(closed.get(30, TimeUnit.SECONDS)).isTrue();
        assertThat(sink.published).containsExactly("1 first", "2 a");
    }

    @Test
    void closeReleasesThreadsThatWaitForRoom() throws Exception {
        ManualSource source = new ManualSource(Duration.ofMinutes(1));
        OutputGate<String> gate = OutputGate.start(source, 1, sink);
        gate.append(source::append, "a");
        CompletableFuture<Boolean> submitted = Logs.start(() -> {
            gate.submit(1, "b");
            return true;
        });
        CompletableFuture<Boolean> closed = close(gate);
        assertThatThrownBy(() -> submitted.get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the output gate is closed");
        source.pass(1);
        assertThat(closed.get(30, TimeUnit.SECONDS)).isTrue();
        assertThat(sink.published).containsExactly("1 a");
    }

    @Test
    void sinkThatDoesNotReturnIsReportedAndNothingIsPublishedAfterIt() throws Exception {
        ManualSource source = new ManualSource(SHORT);
        OutputGate<String> gate = OutputGate.start(source, 8, sink);
        sink.hold();
        gate.append(source::append, "a");
        gate.append(source::append, "b");
        source.pass(2);
        sink.awaitEntered();
        assertThatThrownBy(gate::close)
                .isInstanceOf(WalBusyException.class)
                .hasMessageStartingWith("the sink has not returned: OutputGate[manual, held=2")
                .hasMessageEndingWith("the outputs that wait are discarded when it returns");
        sink.release();
        Logs.await("discarded", () -> sink.discarded.size() == 1);
        gate.close();
        assertThat(sink.published).containsExactly("1 a");
        assertThat(sink.discarded).containsExactly("2 b");
    }

    @Test
    void closedGateLeavesNoThread() throws Exception {
        ManualSource source = new ManualSource(SHORT);
        OutputGate.start(source, 8, sink).close();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals("veloz-wal-output manual")) {
                thread.join(30_000);
                assertThat(thread.isAlive()).isFalse();
            }
        }
    }
}
