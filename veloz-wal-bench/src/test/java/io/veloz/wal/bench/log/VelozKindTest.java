package io.veloz.wal.bench.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VelozKindTest {
    private static final int MIB = 1024 * 1024;
    private static final int RECORD_BYTES = 64 * 1024;

    private final VelozKind kind = new VelozKind();

    @TempDir
    private Path directory;

    private static LogKind.Settings settings(int segmentMib, boolean callbacks) {
        return new LogKind.Settings(segmentMib * MIB, RECORD_BYTES, callbacks);
    }

    private static ByteBuffer record() {
        return ByteBuffer.allocate(RECORD_BYTES);
    }

    @Test
    void grownLogDoesNotRollUntilASegmentOfFullSizeIsUsed() throws Exception {
        try (MeasuredLog log = kind.open(directory, settings(16, false))) {
            log.grow();
            long rolls = log.rolls().orElseThrow();
            for (int i = 0; i < 15 * MIB / RECORD_BYTES; i++) {
                log.appendBuffered(record());
            }
            log.sync();

            assertThat(log.rolls()).hasValue(rolls);
        }
    }

    @Test
    void logThatStartsWithItsFullSizeGrowsWithoutARecord() throws Exception {
        try (MeasuredLog log = kind.open(directory, settings(4, false))) {
            log.grow();
        }

        assertThat(kind.replay(directory, settings(4, false)).records()).isZero();
    }

    @Test
    void callbackOfARecordAfterTheGrowthRuns() throws Exception {
        CountDownLatch durable = new CountDownLatch(2);
        try (MeasuredLog log = kind.open(directory, settings(16, true))) {
            log.grow();
            log.appendAsync(record(), durable::countDown);
            log.appendAsync(record(), durable::countDown);
            log.sync();

            assertThat(durable.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void logWithoutCallbacksRefusesAnAsynchronousAppend() throws Exception {
        try (MeasuredLog log = kind.open(directory, settings(4, false))) {
            assertThatThrownBy(() -> log.appendAsync(record(), () -> {}))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the log was opened without callbacks");
        }
    }
}
