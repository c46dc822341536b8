package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Logs.start;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Fault;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A caller waits for a roll while the active segment has room, so the commit thread does not wait. */
@Timeout(60)
class AwaitedRollTest {
    private final FaultStorage storage = new FaultStorage(new HeapStorage());

    @Test
    void rollThatWaitsForASegmentThatCannotBeMadeFailsTheLog() {
        Wal wal = open();
        Fault fault = storage.fail(Operation.CREATE, () -> new IOException("Input/output error"));
        wal.appendDurable(1, payload("a"));
        wal.roll();
        wal.appendDurable(1, payload("b"));
        CompletableFuture<Boolean> roll = start(() -> {
            wal.roll();
            return true;
        });

        assertThatThrownBy(() -> roll.get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(WalFailedException.class)
                .hasMessageContaining("Input/output error");
        assertThat(fault.hits()).isGreaterThanOrEqualTo(10);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
    }

    @Test
    void rollThatWaitsForASegmentContinuesWhenItCanBeMade() throws Exception {
        try (Wal wal = open()) {
            Fault fault = storage.fail(Operation.CREATE, () -> new IOException("Input/output error"))
                    .times(3);
            wal.appendDurable(1, payload("a"));
            wal.roll();
            wal.appendDurable(1, payload("b"));
            wal.roll();
            assertThat(fault.hits()).isEqualTo(3);
        }
    }

    /** Opens a log and waits until its next segment is prepared. */
    private Wal open() {
        Wal wal = Wal.open(small(storage).build());
        Logs.await("prepared", () -> {
            try {
                return storage.list().contains(".orders_prepared.wal");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        return wal;
    }
}
