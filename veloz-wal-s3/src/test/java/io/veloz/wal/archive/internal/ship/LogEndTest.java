package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.spi.LogFiles;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The end of a log that another process writes. */
@Timeout(60)
class LogEndTest {
    @TempDir
    Path dir;

    @Test
    void segmentThatACloseHasSealedIsNoActiveSegment() {
        LogEnd end = new LogEnd(LogFiles.of(dir));
        try (Wal wal = Wal.open(
                WalConfig.builder(dir).heartbeatDelay(Duration.ofMillis(1)).build())) {
            wal.appendDurable(1, ByteBuffer.allocate(1000));
            Logs.await("the record", () -> {
                end.follow();
                return end.durableSequence() == 1;
            });
            assertThat(end.activeBytes()).isGreaterThan(1000);
        }
        end.follow();
        assertThat(end.durableSequence()).isEqualTo(1);
        assertThat(end.activeBytes()).isZero();
        end.close();
    }
}
