package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.Records;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class InterruptedRollTest {
    /** The segment has its footer but not its name: the new segment must not replace it under the current name. */
    @Test
    void sealedSegmentThatStillHasTheCurrentNameIsKept() throws Exception {
        HeapStorage heap = new HeapStorage();
        FaultStorage storage = new FaultStorage(heap);
        Wal wal = Wal.open(small(storage).build());
        wal.appendDurable(1, payload("acknowledged"));
        Logs.await("prepared", () -> heap.list().contains(".orders_prepared.wal"));
        storage.fail(Operation.RENAME, () -> new IOException("the process dies here"));
        assertThatThrownBy(wal::roll).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);

        HeapStorage left = heap.copy();
        try (Wal again = Wal.open(small(left).build())) {
            assertThat(again.lastSequence()).isEqualTo(1);
        }
        assertThat(Records.of(left).values()).containsExactly("acknowledged");
    }
}
