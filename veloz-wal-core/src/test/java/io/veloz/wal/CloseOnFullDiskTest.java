package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Logs.start;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Fault;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.Records;
import io.veloz.wal.storage.StorageFullException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A disk that rejects a write into allocated blocks: the only case in which an accepted append waits for space. */
@Timeout(60)
class CloseOnFullDiskTest {
    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);

    /**
     * Opens a log with a close timeout longer than the test timeout, so that a close that waits for it fails the test.
     */
    private Wal open(Duration heartbeatDelay) {
        Wal wal = Wal.open(small(storage)
                .heartbeatDelay(heartbeatDelay)
                .closeTimeout(Duration.ofHours(1))
                .build());
        // From now on, only the commit thread writes.
        Logs.await("the next segment", () -> heap.list().contains(".orders_prepared.wal"));
        return wal;
    }

    private Fault fillDisk() {
        return storage.fail(Operation.WRITE, () -> new StorageFullException("No space left on device", null));
    }

    @Test
    void closeFailsAppendsThatWaitForSpaceAndReportsWhy() throws Exception {
        Wal wal = open(Duration.ofHours(1));
        wal.appendDurable(1, payload("one"));
        Fault full = fillDisk();
        CompletableFuture<Long> future = wal.appendAsync(1, payload("two"));
        full.awaitHit();
        CompletableFuture<Boolean> waiting = start(() -> {
            wal.awaitDurable(2);
            return true;
        });
        Logs.await("reported", () -> wal.stats().diskFull());
        assertThatThrownBy(() -> wal.appendDurable(1, payload("three"))).isInstanceOf(WalDiskFullException.class);

        WalFailedException failure = catchThrowableOfType(WalFailedException.class, wal::close);
        assertThat(failure.firstInDoubt()).isEqualTo(2);
        assertThat(failure.lastInDoubt()).isEqualTo(2);
        assertThat(failure)
                .hasMessageContaining("the disk was full")
                .hasRootCauseInstanceOf(StorageFullException.class);
        assertFailed(future);
        assertFailed(waiting);
        assertThat(storage.openFiles()).isZero();

        full.end();
        try (Wal again = Wal.open(small(storage).build())) {
            assertThat(again.lastSequence()).isEqualTo(1);
            assertThat(again.appendDurable(1, payload("two again"))).isEqualTo(2);
        }
        assertThat(Records.of(heap).values()).containsExactly("one", "two again");
    }

    @Test
    void closeWithOnlyAHeartbeatPendingDoesNotFail() throws Exception {
        Wal wal = open(Duration.ofMillis(1));
        Fault full = fillDisk().after(1);
        wal.appendDurable(1, payload("one"));
        full.awaitHit();
        wal.close();

        full.end();
        try (Wal again = Wal.open(small(storage).build())) {
            assertThat(again.lastSequence()).isEqualTo(1);
        }
    }

    @Test
    void lastHeartbeatAndSealOfACloseNeedNoSpace() throws Exception {
        Wal wal = open(Duration.ofHours(1));
        wal.appendDurable(1, payload("one"));
        Fault full = fillDisk();
        wal.close();
        assertThat(full.hits()).as("the heartbeat, and the seal").isEqualTo(2);
        full.end();
        assertThat(Records.of(heap)).hasSize(1);
    }

    private static void assertFailed(CompletableFuture<?> future) {
        ExecutionException failure =
                catchThrowableOfType(ExecutionException.class, () -> future.get(30, TimeUnit.SECONDS));
        assertThat(failure).hasCauseInstanceOf(WalFailedException.class);
    }
}
