package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Hold;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A8, when the log fails between two futures: each future completes once, in the order of the sequences. */
@Timeout(60)
class FuturesInOrderTest {
    private static final int RECORDS = 20;

    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);
    private final List<String> completed = Collections.synchronizedList(new ArrayList<>());

    @Test
    void futuresCompleteOnceAndInOrderThoughTheLogFailsBetweenThem() throws Exception {
        Wal wal = Wal.open(small(storage).build());
        wal.appendDurable(1, payload("one"));
        Logs.await("prepared", () -> heap.list().contains(".orders_prepared.wal"));
        Hold force = storage.hold(Operation.FORCE, name -> true);
        storage.fail(Operation.FORCE, () -> new IOException("Input/output error"))
                .after(1);
        append(wal, 0);
        force.awaitEntered();
        for (int i = 1; i < RECORDS; i++) {
            append(wal, i);
        }
        force.release();
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);

        List<String> expected = new ArrayList<>();
        for (int i = 0; i < RECORDS; i++) {
            expected.add(i + (i == 0 ? " ok" : " failed"));
        }
        assertThat(completed).isEqualTo(expected);
    }

    private void append(Wal wal, int number) {
        var unused = wal.appendAsync(1, payload("x"))
                .whenComplete((sequence, failure) -> completed.add(number + (failure == null ? " ok" : " failed")));
    }
}
