package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogIdTest {
    @TempDir
    Path dir;

    /** The log may roll between the listing and the open of a file, which then has another name. */
    @Test
    void logIdIsReadWhileTheLogRolls() throws IOException, InterruptedException {
        try (Wal wal = Wal.open(WalConfig.builder(dir.resolve("log"))
                .segmentBytes(16 * 1024)
                .maxBatchBytes(4 * 1024)
                .bufferBytes(8 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .build())) {
            String expected = wal.files().logId().orElseThrow();
            AtomicBoolean rolling = new AtomicBoolean(true);
            Thread writer = new Thread(() -> {
                for (int i = 0; i < 40; i++) {
                    wal.appendDurable(1, ByteBuffer.allocate(10));
                    wal.roll();
                }
                rolling.set(false);
            });
            writer.start();
            while (rolling.get() && writer.isAlive()) {
                assertThat(wal.files().logId()).contains(expected);
            }
            writer.join();
        }
    }
}
