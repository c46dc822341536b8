package io.veloz.wal.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.veloz.wal.Wal;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalMetricsTest {
    @TempDir
    Path dir;

    @Test
    void promisedNamesCountTheWrittenRecords() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (Wal wal = Wal.open(dir)) {
            new WalMetrics(wal, Tags.of("log", "orders")).bindTo(registry);
            for (int i = 0; i < 10; i++) {
                wal.appendDurable(1, ByteBuffer.allocate(100));
            }
            wal.roll();
            assertThat(registry.get("veloz_wal_entries_written")
                            .functionCounter()
                            .count())
                    .isEqualTo(10);
            // Each record is in a separate batch, and there may be batches without records.
            assertThat(registry.get("veloz_wal_bytes_written").functionCounter().count())
                    .isGreaterThanOrEqualTo(10 * (128 + 56))
                    .isEqualTo(wal.stats().bytesWritten());
            assertThat(registry.get("veloz_wal_rotations").functionCounter().count())
                    .isEqualTo(1);
            assertThat(registry.get("veloz_wal_corrupted_entries")
                            .functionCounter()
                            .count())
                    .isZero();
            assertThat(registry.get("veloz_wal_durable_sequence").gauge().value())
                    .isEqualTo(10);
            assertThat(registry.get("veloz_wal_healthy")
                            .tag("log", "orders")
                            .gauge()
                            .value())
                    .isEqualTo(1);
            assertThat(registry.get("veloz_wal_force_p50_seconds").gauge().value())
                    .isPositive();
        }
    }
}
