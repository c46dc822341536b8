package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SmokeTest {
    @Test
    void works(@TempDir Path dir) throws Exception {
        WalConfig config = WalConfig.builder(dir)
                .segmentBytes(64 * 1024)
                .maxBatchBytes(16 * 1024)
                .build();
        long last = 0;
        for (int life = 0; life < 3; life++) {
            try (Wal wal = Wal.open(config)) {
                System.out.println(wal.recovery());
                assertThat(wal.lastSequence()).isEqualTo(last);
                for (int i = 0; i < 500; i++) {
                    last = wal.appendDurable(
                            7, ByteBuffer.wrap(("record " + i + " of " + life).getBytes(StandardCharsets.UTF_8)));
                }
                List<CompletableFuture<Long>> f = new ArrayList<>();
                for (int i = 0; i < 500; i++) {
                    f.add(wal.appendAsync(
                            7, ByteBuffer.wrap(("record " + i + " of " + life).getBytes(StandardCharsets.UTF_8))));
                }
                for (var x : f) {
                    last = x.get();
                }
                wal.roll();
                System.out.println(wal.stats());
            }
        }
        try (WalReader reader = WalReader.open(ReadOptions.of(dir))) {
            long n = 0;
            while (reader.next()) {
                n++;
                assertThat(reader.sequence()).isEqualTo(n);
            }
            assertThat(n).isEqualTo(3000);
        }
    }

    @Test
    void speed(@TempDir Path dir) throws Exception {
        try (Wal wal = Wal.open(dir)) {
            for (int threads : new int[] {1, 16, 1, 16}) {
                long t = System.nanoTime();
                int n = threads == 1 ? 5000 : 3000;
                Thread[] th = new Thread[threads];
                for (int k = 0; k < threads; k++) {
                    th[k] = new Thread(() -> {
                        ByteBuffer p = ByteBuffer.allocate(200);
                        for (int i = 0; i < n; i++) {
                            wal.appendDurable(1, p);
                        }
                    });
                    th[k].start();
                }
                for (Thread x : th) {
                    x.join();
                }
                double s = (System.nanoTime() - t) / 1e9;
                System.out.printf(
                        "%d threads: %.0f/s  %.1f us each; %s%n", threads, threads * n / s, s * 1e6 / n, wal.stats());
            }
            long t = System.nanoTime();
            ByteBuffer p = ByteBuffer.allocate(200);
            for (int i = 0; i < 2_000_000; i++) {
                wal.append(1, p, Durability.LOSE_UNFORCED);
            }
            wal.sync();
            double s = (System.nanoTime() - t) / 1e9;
            System.out.printf("unforced %.0f/s %s%n", 2_000_000 / s, wal.stats());
        }
    }
}
