package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Kind;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Callers that wait for their records to be archived. */
@Timeout(120)
class AwaitArchivedTest {
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Duration NEVER = Duration.ofHours(1);

    @TempDir
    Path dir;

    private Wal wal;

    @BeforeEach
    void open() {
        wal = Wal.open(WalConfig.builder(dir.resolve("log"))
                .segmentBytes(4 * 1024 * 1024)
                .build());
    }

    @AfterEach
    void close() {
        wal.close();
    }

    private long append() {
        return wal.appendDurable(1, ByteBuffer.allocate(100));
    }

    @Test
    void callersThatWaitDuringAPutShareTheNextOne() throws Exception {
        CountDownLatch isPutting = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        AtomicInteger puts = new AtomicInteger();
        HeapStore heap = new HeapStore();
        // Slot 1 is the EPOCH, slot 2 the tail of the first caller. The plan runs while the store is locked.
        heap.plan(request -> {
            if (request.kind() == Kind.PUT && request.key().startsWith("ship/") && puts.getAndIncrement() == 1) {
                isPutting.countDown();
                await(mayEnd);
            }
            return null;
        });
        try (WalShipper shipper = WalShipper.start(
                wal, ShipperConfig.builder(heap).flushInterval(NEVER).build())) {
            List<FutureTask<Boolean>> callers = new ArrayList<>();
            callers.add(waiting(shipper, append()));
            isPutting.await();
            for (int i = 0; i < 20; i++) {
                callers.add(waiting(shipper, append()));
            }
            mayEnd.countDown();
            for (FutureTask<Boolean> caller : callers) {
                assertThat(caller.get()).isTrue();
            }
        }
        assertThat(puts.get()).isEqualTo(3);
    }

    private static FutureTask<Boolean> waiting(WalShipper shipper, long sequence) {
        FutureTask<Boolean> caller = new FutureTask<>(() -> shipper.awaitArchived(sequence, LONG));
        Thread thread = new Thread(caller);
        thread.setDaemon(true);
        thread.start();
        return caller;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
