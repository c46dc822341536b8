package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Hold;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Appends of many threads while the next segment is not prepared, when one thread at a time compares its claim with the space. */
@Timeout(120)
class ConcurrentClaimTest {
    private static final int THREADS = 16;
    private static final int APPENDS = 2_000;

    /** Everything fits into the active segment and the buffer, and no append may wait. */
    @Test
    void appendIsNotRefusedBecauseAnotherOneIsClaiming() throws Exception {
        FaultStorage storage = new FaultStorage(new HeapStorage());
        WalConfig config = WalConfig.builder(storage)
                .segmentBytes(16 << 20)
                .bufferFullTimeout(Duration.ZERO)
                .build();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try (Wal wal = Wal.open(config)) {
            Logs.awaitIdleHousekeepers();
            Hold hold = storage.hold(Operation.CREATE, name -> true);
            try {
                wal.appendDurable(1, ByteBuffer.allocate(8));
                wal.roll();
                hold.awaitEntered();
                CountDownLatch start = new CountDownLatch(1);
                List<Future<Integer>> appends = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    appends.add(threads.submit(() -> {
                        start.await();
                        return refused(wal);
                    }));
                }
                start.countDown();
                int refused = 0;
                for (Future<Integer> each : appends) {
                    refused += each.get(60, TimeUnit.SECONDS);
                }
                assertThat(refused).isZero();
                assertThat(wal.stats().stalls()).isZero();
            } finally {
                hold.release();
            }
            assertThat(wal.lastSequence()).isEqualTo(1 + THREADS * APPENDS);
        } finally {
            threads.shutdown();
        }
    }

    private static int refused(Wal wal) {
        int refused = 0;
        for (int i = 0; i < APPENDS; i++) {
            try {
                wal.append(1, ByteBuffer.allocate(8), Durability.LOSE_UNFORCED);
            } catch (WalBusyException e) {
                refused++;
            }
        }
        return refused;
    }
}
