package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Call;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Records;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Recovery makes a record that only the page cache may have durable, before any reader receives it. */
@Timeout(60)
class ShownTailTest {
    private static final String CURRENT = "orders_current.wal";
    private static final String SEALED = "orders_0000000000000001.wal";

    private static HeapStorage leftByAKill() {
        HeapStorage heap = new HeapStorage();
        try (Wal wal = Wal.open(small(heap).build())) {
            wal.appendDurable(1, payload("acknowledged"));
            wal.append(1, payload("written"), Durability.LOSE_UNFORCED);
            io.veloz.wal.fault.Logs.await("written", () -> wal.stats().recordsWritten() == 2);
            return heap.copy();
        }
    }

    private static HeapStorage leftByAFailedForce() {
        HeapStorage heap = new HeapStorage();
        FaultStorage storage = new FaultStorage(heap);
        Wal wal = Wal.open(small(storage).build());
        wal.appendDurable(1, payload("acknowledged"));
        io.veloz.wal.fault.Logs.await("prepared", () -> heap.list().contains(".orders_prepared.wal"));
        storage.fail(Operation.FORCE, () -> new IOException("Input/output error"))
                .times(1);
        assertThatThrownBy(() -> wal.appendDurable(1, payload("written"))).isInstanceOf(WalFailedException.class);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
        return heap.copy();
    }

    @Test
    void tailLeftByAKillIsCopiedAndForcedBeforeItIsReturned() {
        assertCopied(leftByAKill());
    }

    @Test
    void tailLeftByAFailedForceIsCopiedAndForcedBeforeItIsReturned() {
        assertCopied(leftByAFailedForce());
    }

    private static void assertCopied(HeapStorage left) {
        FaultStorage storage = new FaultStorage(left);
        Wal wal = Wal.open(small(storage).build());
        List<Call> calls = storage.calls();
        assertThat(Records.of(left).values()).containsExactly("acknowledged", "written");
        wal.close();

        // The old file is neither written nor forced. A new file is, completely, and gets its name before the old one
        // loses it.
        assertThat(calls)
                .noneMatch(call ->
                        call.operation() != Operation.RENAME && call.name().equals(CURRENT));
        String temporary = "." + SEALED + ".tmp";
        List<Operation> ofCopy = calls.stream()
                .filter(call -> call.name().equals(temporary))
                .map(Call::operation)
                .distinct()
                .collect(Collectors.toList());
        assertThat(ofCopy).containsExactly(Operation.CREATE, Operation.WRITE, Operation.FORCE, Operation.RENAME);
        int copied = calls.indexOf(new Call(Operation.RENAME, temporary, 0, false));
        int replaced = calls.indexOf(new Call(Operation.RENAME, ".orders_prepared.wal", 0, false));
        assertThat(calls.get(copied + 1).operation()).isEqualTo(Operation.FORCE_DIRECTORY);
        assertThat(replaced).isGreaterThan(copied + 1);
        assertThat(calls.get(replaced + 1).operation()).isEqualTo(Operation.FORCE_DIRECTORY);
    }

    @Test
    void readerOfAClosedLogSleepsInsteadOfSpinning() {
        HeapStorage heap = new HeapStorage();
        FaultStorage storage = new FaultStorage(heap);
        Wal wal = Wal.open(small(storage).build());
        WalReader reader = wal.reader();
        wal.close();
        FaultStorage.Fault looks =
                storage.fail(Operation.READ, () -> new IOException("never")).after(2_000);
        assertThat(reader.next(java.time.Duration.ofMillis(200))).isFalse();
        assertThat(looks.hits()).isZero();
        reader.close();
    }

    @Test
    void tornFirstBatchIsNotDamageForAReader() throws Exception {
        HeapStorage heap = new HeapStorage();
        try (Wal wal = Wal.open(small(heap).build())) {
            wal.appendDurable(1, payload("the first record"));
            HeapStorage left = heap.copy();
            byte[] current = left.bytes(CURRENT);
            current[SmallFiles.lastRecordAt(current, "the first record")] ^= 1;
            left.put(CURRENT, current);

            assertThat(Records.of(left)).isEmpty();
            try (WalReader reader = WalReader.open(ReadOptions.of(left))) {
                assertThat(reader.next()).isFalse();
                assertThat(reader.hasTornTail()).isTrue();
            }
        }
    }
}
