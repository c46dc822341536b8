package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.HeapStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A caller waits for an old record, and a slot that has to be read for the answer is missing. */
@Timeout(60)
class ReadBackTroubleTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private final AtomicInteger troubles = new AtomicInteger();
    private final AtomicInteger ends = new AtomicInteger();

    @Test
    void slotThatCannotBeReadBackIsOneTroubleWhileSlotsGoOn() {
        try (Wal wal = SmallLog.open(dir)) {
            try (WalShipper shipper = WalShipper.start(wal, config())) {
                SmallLog.append(wal, 600);
                assertThat(shipper.awaitArchived(600, Duration.ofSeconds(20))).isTrue();
            }
            SmallLog.append(wal, 1);
            for (int slot = 1; slot <= 4; slot++) {
                store.remove(ArchiveKeys.slot(slot));
            }
            try (WalShipper shipper = WalShipper.start(wal, config())) {
                assertThat(shipper.awaitArchived(601, Duration.ofSeconds(20))).isTrue();
                assertThat(shipper.awaitArchived(1, Duration.ofMillis(1))).isFalse();
                long end = System.nanoTime() + 2_000_000_000L;
                while (System.nanoTime() < end) {
                    SmallLog.append(wal, 1);
                    shipper.awaitArchived(wal.durableSequence(), Duration.ofMillis(100));
                }
            }
        }
        assertThat(troubles.get()).isEqualTo(1);
        assertThat(ends.get()).isZero();
    }

    private ShipperConfig config() {
        return ShipperConfig.builder(store)
                .maxTailBytes(4096)
                .flushInterval(Duration.ofMillis(50))
                .listener(new ShipperListener() {
                    @Override
                    public void onTrouble(String reason) {
                        troubles.incrementAndGet();
                    }

                    @Override
                    public void onTroubleEnded() {
                        ends.incrementAndGet();
                    }
                })
                .build();
    }
}
