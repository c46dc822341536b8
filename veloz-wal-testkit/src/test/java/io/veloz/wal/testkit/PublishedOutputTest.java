package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.OutputGate;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.storage.Storage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** An output gate with a power failure, a killed process or a failed operation at every point. */
class PublishedOutputTest {
    private static final int RECORDS = 6;

    /** Publishes to the history of the harness. */
    private record Publishing(History<Long> history) implements OutputGate.Sink<Long> {
        @Override
        public void publish(long sequence, Long value) {
            history.acknowledge(value);
        }

        @Override
        public void discard(long sequence, Long value, Throwable cause) {
            assertThat(history.acknowledged()).doesNotContain(value);
        }
    }

    @Test
    void recordOfAPublishedOutputSurvivesEveryCrash() {
        everyCrashPointOf((wal, sink) -> OutputGate.durable(wal, 2, sink));
    }

    @Test
    void gateThatPublishesAtOnceIsCaught() {
        assertThatThrownBy(() -> everyCrashPointOf((wal, sink) -> OutputGate.start(new AppendedRecords(wal), 2, sink)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("published, and so never lost");
    }

    private static void everyCrashPointOf(BiFunction<Wal, OutputGate.Sink<Long>, OutputGate<Long>> open) {
        CrashPoints.<Long>forAllCrashPoints(
                (storage, history) -> {
                    try (Wal wal = Wal.open(config(storage));
                            OutputGate<Long> gate = open.apply(wal, new Publishing(history))) {
                        long first = wal.lastSequence() + 1;
                        for (long value = first; value < first + RECORDS; value++) {
                            long output = value;
                            history.begin(value);
                            gate.append(() -> wal.append(1, payload(output)), output);
                        }
                    }
                },
                (storage, history) -> {
                    try (Wal wal = Wal.open(config(storage))) {
                        List<Long> logged = read(storage);
                        assertThat(wal.lastSequence()).isEqualTo(logged.size());
                        List<Long> published = history.acknowledged();
                        assertThat(published)
                                .as("published, and so never lost")
                                .isEqualTo(logged.subList(0, Math.min(published.size(), logged.size())));
                    }
                });
    }

    private static WalConfig config(Storage storage) {
        return WalConfig.builder(storage)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .build();
    }

    private static ByteBuffer payload(long value) {
        return ByteBuffer.allocate(1000).putLong(0, value);
    }

    private static List<Long> read(Storage storage) {
        List<Long> values = new ArrayList<>();
        try (WalReader reader = WalReader.open(ReadOptions.of(storage))) {
            while (reader.next()) {
                values.add(reader.payload().order(ByteOrder.BIG_ENDIAN).getLong());
            }
        }
        return values;
    }

    /** The wrong condition: a record passes when it has been appended. */
    private record AppendedRecords(Wal wal) implements OutputGate.Source {
        @Override
        public long lastSequence() {
            return wal.lastSequence();
        }

        @Override
        public boolean awaitPassed(long sequence, Duration timeout) {
            return true;
        }

        @Override
        public Duration roomTimeout() {
            return Duration.ofSeconds(10);
        }

        @Override
        public Duration closeTimeout() {
            return Duration.ofSeconds(10);
        }

        @Override
        public String describe() {
            return "appended";
        }
    }
}
