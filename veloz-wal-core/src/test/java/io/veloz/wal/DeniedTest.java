package io.veloz.wal;

import static io.veloz.wal.fault.Logs.kilobyte;
import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Fault;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.Records;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** E12: a directory without write permission, from the start or from some moment on. */
@Timeout(60)
class DeniedTest {
    private static final Supplier<IOException> DENIED = () -> new AccessDeniedException("orders");
    private static final Supplier<IOException> READ_ONLY =
            () -> new FileSystemException("orders", null, "Read-only file system");

    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);

    private void writeTwoRecords() {
        try (Wal wal = Wal.open(small(heap).build())) {
            wal.appendDurable(1, payload("a"));
            wal.appendDurable(1, payload("b"));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Operation.class,
            names = {"LIST", "CREATE", "OPEN_FOR_READING", "RENAME", "WRITE", "FORCE_DIRECTORY"})
    void openIsRefusedWithTheReasonAndEverythingStaysReadable(Operation operation) {
        writeTwoRecords();
        for (Supplier<IOException> cause : List.of(DENIED, READ_ONLY)) {
            Fault fault = storage.fail(operation, cause);
            assertThatThrownBy(() -> Wal.open(small(storage).build()))
                    .isInstanceOf(WalOpenException.class)
                    .hasMessageContaining("heap")
                    .hasMessageContaining(String.valueOf(cause.get().getMessage()));
            fault.end();
            assertThat(storage.openFiles()).isZero();
            assertThat(Records.of(heap).values()).containsExactly("a", "b");
        }
        Wal.open(small(storage).build()).close();
        assertThat(Records.of(heap)).hasSize(2);
    }

    @Test
    void fileSystemThatTurnsReadOnlyFailsTheLogAtTheNextWrite() {
        Wal wal = Wal.open(small(storage).build());
        wal.appendDurable(1, payload("a"));
        storage.fail(operation -> operation != Operation.READ, READ_ONLY);

        assertThatThrownBy(() -> wal.appendDurable(1, payload("b")))
                .isInstanceOf(WalFailedException.class)
                .hasMessageContaining("Read-only file system");
        assertThat(wal.durableSequence()).isEqualTo(1);
        assertThatThrownBy(wal::close).isInstanceOf(WalFailedException.class);
        assertThat(storage.openFiles()).isZero();
        try (Wal again = Wal.open(small(heap).build())) {
            assertThat(again.lastSequence()).isEqualTo(1);
        }
    }

    /**
     * The active segment can still be written, so nothing fails before it is full, and permission may be granted again.
     */
    @Test
    void nextSegmentThatIsDeniedIsReportedAndMadeWhenItIsAllowed() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        WalListener listener = new WalListener() {
            @Override
            public void onPrepareFailed(String reason) {
                heard.add(reason);
            }
        };
        try (Wal wal = Wal.open(small(storage)
                .listener(listener)
                .bufferFullTimeout(Duration.ofSeconds(20))
                .build())) {
            Logs.await("prepared", () -> heap.list().contains(".orders_prepared.wal"));
            Fault denied = storage.fail(Operation.CREATE, DENIED);
            wal.appendDurable(1, payload("a"));
            wal.roll();
            denied.awaitHit();
            Logs.await("reported", () -> !heard.isEmpty());
            assertThat(heard.get(0)).contains("AccessDenied");
            for (int i = 0; i < 8; i++) {
                wal.appendDurable(1, payload(kilobyte(i)));
            }
            denied.end();
            for (int i = 0; i < 20; i++) {
                wal.appendDurable(1, payload(kilobyte(i)));
            }
        }
        assertThat(Records.of(heap)).hasSize(29);
    }
}
