package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalConfigTest {
    private static void refused(String message, UnaryOperator<WalConfig.Builder> change) {
        WalConfig.Builder builder = change.apply(WalConfig.builder(Path.of("wal")));
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void settingsOutOfRangeAreRefusedWithNameValueAndRange() {
        refused("segmentBytes 100: expected 16384 to", builder -> builder.segmentBytes(100));
        refused("bufferBytes 3000000: expected a power of two", builder -> builder.bufferBytes(3_000_000));
        refused("bufferBytes 1024: expected 8192 to", builder -> builder.bufferBytes(1024));
        refused("maxBatchBytes 8388608: expected 4096 to 4194304", builder -> builder.maxBatchBytes(8 * 1024 * 1024));
        refused(
                "maxBatchBytes 1048576: expected 4096 to 61264 with segmentBytes 65536",
                builder -> builder.segmentBytes(64 * 1024).maxBatchBytes(1024 * 1024));
        refused("maxBatchBytes 5001: expected a multiple of 8", builder -> builder.maxBatchBytes(5001));
        refused("maxPendingFutures 0: expected 1 to", builder -> builder.maxPendingFutures(0));
        refused("forceInterval PT0S: expected", builder -> builder.forceInterval(Duration.ZERO));
        refused("closeTimeout PT-1S: expected", builder -> builder.closeTimeout(Duration.ofSeconds(-1)));
        refused("prefix \"a/b\": expected", builder -> builder.prefix("a/b"));
        refused("prefix \"\": expected", builder -> builder.prefix(""));
    }

    @Test
    void aBuiltConfigurationDoesNotChangeWithItsBuilder() {
        WalConfig.Builder builder = WalConfig.builder(Path.of("wal"));
        WalConfig config = builder.build();
        builder.prefix("other");
        assertThat(config.prefix()).isEqualTo("orders");
    }

    @Test
    void aSmallerSegmentOrBufferLimitsTheBatchThatIsNotSet() {
        WalConfig segment =
                WalConfig.builder(Path.of("wal")).segmentBytes(1 << 20).build();
        assertThat(segment.maxBatchBytes()).isEqualTo((1 << 20) - 4096 - 2 * 88);
        WalConfig oddSegment =
                WalConfig.builder(Path.of("wal")).segmentBytes(100_001).build();
        assertThat(oddSegment.maxBatchBytes()).isBetween(90_000, 100_001).matches(bytes -> bytes % 8 == 0);
        WalConfig buffer =
                WalConfig.builder(Path.of("wal")).bufferBytes(64 * 1024).build();
        assertThat(buffer.maxBatchBytes()).isEqualTo(32 * 1024);
        // The limit was not set, so it follows the segment in both directions.
        WalConfig changed = segment.toBuilder().segmentBytes(64L << 20).build();
        assertThat(changed.maxBatchBytes()).isEqualTo(1 << 20);
    }

    @Test
    void theSmallestSegmentOpensWithoutFurtherSettings(@TempDir Path directory) {
        try (Wal wal =
                Wal.open(WalConfig.builder(directory).segmentBytes(16 * 1024).build())) {
            int largest = wal.config().maxPayloadBytes();
            for (int i = 1; i <= 3; i++) {
                assertThat(wal.appendDurable(7, ByteBuffer.allocate(largest))).isEqualTo(i);
            }
        }
        assertThat(WalRecovery.lastSequence(ReadOptions.of(directory))).isEqualTo(3);
    }

    @Test
    void theLargestPayloadFollowsFromTheLargestBatch() {
        WalConfig config = WalConfig.builder(Path.of("wal")).maxBatchBytes(4096).build();
        assertThat(config.maxPayloadBytes()).isEqualTo(4096 - 56 - 32 - 24);
    }
}
