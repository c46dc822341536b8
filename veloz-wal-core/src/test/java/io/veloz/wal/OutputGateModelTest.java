package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.Logs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares a gate with a model after each of many random steps. The system property {@code wal.seed} sets the first seed,
 * {@code wal.rounds} multiplies their number.
 */
@Timeout(300)
class OutputGateModelTest {
    private static final int STEPS = 60;

    static LongStream seeds() {
        long first = Long.getLong("wal.seed", 1);
        return LongStream.range(first, first + 200L * Integer.getInteger("wal.rounds", 1));
    }

    /** The expected behaviour of a gate: a queue, and the last record that has passed. */
    private static final class Model {
        final List<String> waiting = new ArrayList<>();
        final List<Long> sequences = new ArrayList<>();
        final List<String> published = new ArrayList<>();
        final List<String> discarded = new ArrayList<>();
        long newest;
        long passed;
        boolean sourceFailed;

        void submit(long sequence, String output) {
            waiting.add(sequence + " " + output);
            sequences.add(sequence);
            newest = sequence;
            settle();
        }

        void pass(long sequence) {
            passed = sequence;
            settle();
        }

        void failSource() {
            sourceFailed = true;
            settle();
        }

        private void settle() {
            while (!sequences.isEmpty() && sequences.get(0) <= passed) {
                sequences.remove(0);
                published.add(waiting.remove(0));
            }
            if (sourceFailed) {
                discarded.addAll(waiting);
                waiting.clear();
                sequences.clear();
            }
        }

        /** A gate that has nothing to publish does not wait for its source, so it has not failed yet. */
        boolean hasFailed() {
            return !discarded.isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void gateDoesWhatTheModelDoes(long seed) {
        Random random = new Random(seed);
        int capacity = 1 + random.nextInt(6);
        ManualSource source = new ManualSource(Duration.ofMinutes(1));
        RecordingSink sink = new RecordingSink();
        Model model = new Model();
        try (OutputGate<String> gate = OutputGate.start(source, capacity, sink)) {
            for (int step = 0; step < STEPS && !model.hasFailed(); step++) {
                int kind = random.nextInt(100);
                if (kind < 30) {
                    append(gate, source, model, capacity);
                } else if (kind < 60) {
                    submit(gate, source, model, capacity, random);
                } else if (kind < 99) {
                    pass(
                            source,
                            model,
                            model.passed + random.nextInt((int) (source.lastSequence() - model.passed) + 1));
                } else if (!model.sourceFailed) {
                    source.fail(new WalFailedException("broken", model.passed, source.lastSequence(), null));
                    model.failSource();
                }
                compare(seed, gate, sink, model);
            }
            pass(source, model, source.lastSequence());
        }
        assertThat(sink.published).as("seed %d", seed).isEqualTo(model.published);
        assertThat(sink.discarded).as("seed %d", seed).isEqualTo(model.discarded);
    }

    /** Lets records pass, unless the source has failed: then no further one does. */
    private static void pass(ManualSource source, Model model, long sequence) {
        if (!model.sourceFailed) {
            source.pass(sequence);
            model.pass(sequence);
        }
    }

    private static void append(OutputGate<String> gate, ManualSource source, Model model, int capacity) {
        long before = source.lastSequence();
        try {
            long sequence = gate.append(source::append, "append");
            assertThat(model.waiting.size()).isLessThan(capacity);
            assertThat(sequence).isEqualTo(before + 1);
            model.submit(sequence, "append");
        } catch (WalBusyException e) {
            assertThat(model.waiting).hasSize(capacity);
            assertThat(source.lastSequence()).isEqualTo(before);
        }
    }

    private static void submit(OutputGate<String> gate, ManualSource source, Model model, int capacity, Random random) {
        if (random.nextBoolean()) {
            source.append();
        }
        long sequence = random.nextInt((int) source.lastSequence() + 2);
        boolean isFull = model.waiting.size() == capacity;
        try {
            assertThat(gate.submit(sequence, "submit", Duration.ZERO)).isEqualTo(!isFull);
            if (!isFull) {
                assertThat(sequence).isBetween(model.newest, source.lastSequence());
                model.submit(sequence, "submit");
            }
        } catch (IllegalArgumentException e) {
            assertThat(sequence < model.newest || sequence > source.lastSequence())
                    .as(e.getMessage())
                    .isTrue();
        }
    }

    /** The publisher is a separate thread: waits until it has done what the model has done, and checks that it does no more. */
    private static void compare(long seed, OutputGate<String> gate, RecordingSink sink, Model model) {
        Logs.await("seed " + seed + ": " + gate + " does as the model", () -> {
            OutputGate.Status status = gate.status();
            return status.held() == model.waiting.size()
                    && status.published() == model.published.size()
                    && status.discarded() == model.discarded.size();
        });
        assertThat(sink.published).as("seed %d", seed).isEqualTo(model.published);
    }
}
