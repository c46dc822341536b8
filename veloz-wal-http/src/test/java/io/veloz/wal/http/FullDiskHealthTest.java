package io.veloz.wal.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalListener;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.FaultyStorage;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class FullDiskHealthTest {
    @Test
    void fullDiskIsLiveButNotReady() throws Exception {
        FaultyStorage storage = new FaultyStorage(1, DiskRules.WORST);
        CountDownLatch full = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        WalConfig config = WalConfig.builder(storage)
                .segmentBytes(16 * 1024)
                .maxBatchBytes(8 * 1024)
                .listener(new WalListener() {
                    @Override
                    public void onDiskFull(String reason) {
                        full.countDown();
                    }

                    @Override
                    public void onDiskFullEnded() {
                        ended.countDown();
                    }
                })
                .build();
        try (Wal wal = Wal.open(config);
                WalHttpServer server = Client.server().log(wal).start()) {
            wal.appendDurable(1, ByteBuffer.wrap(new byte[] {1}));
            storage.capacityBytes(1);
            // The first roll may use the segment that was prepared before the disk was full.
            wal.roll();
            assertThat(full.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(Client.get(server, "/health/live").status()).isEqualTo(200);
            Client.Reply ready = Client.get(server, "/health/ready");
            assertThat(ready.status()).isEqualTo(503);
            assertThat(ready.failed()).containsExactly("disk: the disk has no space for the next segment of the log");
            assertThat(Client.get(server, "/metrics").body()).contains("\nveloz_wal_disk_full 1\n");
            storage.capacityBytes(Long.MAX_VALUE);
            assertThat(ended.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(Client.get(server, "/health/ready").status()).isEqualTo(200);
        }
    }
}
