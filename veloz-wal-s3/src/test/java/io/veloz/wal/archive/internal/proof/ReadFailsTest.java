package io.veloz.wal.archive.internal.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.HeapStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadFailsTest {
    @TempDir
    Path dir;

    /** Memory runs out once, while this slot is read. */
    private static HeapStore.Plan outOfMemoryOnce(long slot) {
        AtomicBoolean happened = new AtomicBoolean();
        return request -> {
            boolean reads =
                    request.kind() == HeapStore.Kind.GET && request.key().equals(ArchiveKeys.slot(slot));
            if (reads && happened.compareAndSet(false, true)) {
                throw new OutOfMemoryError("of a test");
            }
            return null;
        };
    }

    @Test
    void errorInAReadingThreadEndsTheProof() throws IOException {
        HeapStore store = new HeapStore();
        try (Wal wal = SmallLog.open(dir)) {
            SmallLog.append(wal, 600);
        }
        new TestArchive(store, dir).segments(1, 3);
        ShipLog log = new ShipLog(store);
        long newest = prove(log).tip().number();
        for (long number = 1; number <= newest; number++) {
            store.plan(outOfMemoryOnce(number));
            assertThatThrownBy(() -> prove(log)).as("slot %d", number).isInstanceOf(OutOfMemoryError.class);
            assertThat(prove(log).tip().number()).isEqualTo(newest);
        }
    }

    private static Proof prove(ShipLog log) throws IOException {
        return new Prover(log, log.identity().orElseThrow(), new Retries(attempt -> {}), 3, slots -> {})
                .prove(Long.MAX_VALUE);
    }
}
