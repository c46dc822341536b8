package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.SpoolPolicy;
import io.veloz.wal.archive.internal.io.Backoff;
import io.veloz.wal.archive.internal.io.RateLimiter;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.ship.TestShip.Stepper;
import io.veloz.wal.archive.store.HeapStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The log trims segments while an older segment is being uploaded: the gap is declared after the end of the upload. */
@Timeout(60)
class WaitingGapTest {
    private static final SpoolPolicy BUDGET = SpoolPolicy.giveUpOldest(3 * 16 * 1024);
    private static final long LONG_NANOS = Duration.ofMinutes(1).toNanos();

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private final AtomicLong nanos = new AtomicLong();
    private final Queue<Runnable> uploads = new ArrayDeque<>();

    @Test
    void shipperChecksTheFenceAndIdlesWhileAGapWaitsForAnUpload() throws IOException {
        ShipperConfig config = TestShip.shipping(store).spoolPolicy(BUDGET).build();
        try (Wal wal = SmallLog.open(dir);
                Stepper progress = new Stepper(LocalLog.of(wal), store, config);
                Shipping shipping = new Shipping(
                        config,
                        LocalLog.of(wal),
                        store,
                        progress,
                        new Backoff(new Random(1)),
                        RateLimiter.UNLIMITED,
                        nanos::incrementAndGet,
                        uploads::add,
                        () -> {})) {
            SmallLog.append(wal, 600);
            shipAll(shipping);
            assertThat(uploads).hasSize(1);
            trimAhead(wal);
            shipAll(shipping);
            nanos.addAndGet(LONG_NANOS);
            long requests = store.requests();
            shipAll(shipping);
            assertThat(store.requests()).as("requests of a fence check").isGreaterThan(requests);
            assertThat(shipping.nanosToNext()).isPositive();
            uploads.remove().run();
            shipAll(shipping);
            assertThat(progress.gaps).hasSize(1);
        }
    }

    private static void shipAll(Shipping shipping) throws IOException {
        shipping.flush();
        int steps = 0;
        while (shipping.advance()) {
            assertThat(steps++).isLessThan(1000);
        }
    }

    private static void trimAhead(Wal wal) {
        SmallLog.append(wal, 1200);
        var guard = new Spool.Guard(LocalLog.of(wal), "x", BUDGET);
        wal.addTrimGuard(guard);
        wal.writeCheckpoint(wal.durableSequence() - 1, out -> out.write(1));
        wal.writeCheckpoint(wal.durableSequence(), out -> out.write(2));
        assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
        wal.removeTrimGuards(guard.name());
    }
}
