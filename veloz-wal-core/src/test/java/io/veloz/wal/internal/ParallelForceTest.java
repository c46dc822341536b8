package io.veloz.wal.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ParallelForceTest {
    private static final List<String> NAMES =
            IntStream.range(0, 200).mapToObj(Integer::toString).toList();

    private final FaultStorage storage = new FaultStorage(new HeapStorage());

    @BeforeEach
    void createFiles() throws IOException {
        for (String name : NAMES) {
            storage.create(name).close();
        }
        storage.forgetCalls();
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("veloz-wal-open"))
                .toList();
    }

    @Test
    void everyFileIsForcedOnceAndNoThreadIsLeft() throws IOException {
        ParallelForce.force(storage, NAMES);
        assertThat(storage.calls())
                .filteredOn(call -> call.operation() == Operation.FORCE)
                .hasSize(200)
                .extracting(FaultStorage.Call::file)
                .doesNotHaveDuplicates();
        assertThat(threads()).isEmpty();
        assertThat(storage.openFiles()).isZero();
    }

    @Test
    void failureIsThrownWhenAllThreadsHaveEnded() {
        storage.fail(Operation.FORCE, () -> new IOException("disk error")).after(50);
        assertThatThrownBy(() -> ParallelForce.force(storage, NAMES)).hasMessage("disk error");
        assertThat(threads()).isEmpty();
        assertThat(storage.openFiles()).isZero();
    }
}
