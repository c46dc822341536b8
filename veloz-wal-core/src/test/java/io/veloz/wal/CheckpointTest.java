package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Logs.start;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.fault.FaultStorage;
import io.veloz.wal.fault.FaultStorage.Operation;
import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.fault.Records;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CheckpointTest {
    private static final List<String> SLOTS = List.of(".orders_checkpoint_a", ".orders_checkpoint_b");

    private final HeapStorage heap = new HeapStorage();
    private final FaultStorage storage = new FaultStorage(heap);

    private static CheckpointContent content(String text) {
        return out -> out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String read(WalCheckpoint checkpoint) throws IOException {
        try (InputStream in = checkpoint.open()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private Wal logOf(int records) {
        Wal wal = Wal.open(small(storage).build());
        for (int i = 0; i < records; i++) {
            wal.appendDurable(1, payload("record"));
        }
        return wal;
    }

    @Test
    void newestOfThreeIsRead() throws Exception {
        try (Wal wal = logOf(3)) {
            for (int i = 1; i <= 3; i++) {
                wal.writeCheckpoint(i, content("state " + i));
                assertThat(read(wal.newestCheckpoint().orElseThrow())).isEqualTo("state " + i);
            }
        }
        WalCheckpoint newest = WalCheckpoint.newest(ReadOptions.of(heap)).orElseThrow();
        assertThat(newest.sequence()).isEqualTo(3);
        assertThat(read(newest)).isEqualTo("state 3");
    }

    @Test
    void damagedCheckpointLeavesTheOther() throws Exception {
        try (Wal wal = logOf(2)) {
            wal.writeCheckpoint(1, content("older"));
            wal.writeCheckpoint(2, content("newer"));
        }
        for (String slot : SLOTS) {
            byte[] good = heap.bytes(slot);
            String other = new String(good, StandardCharsets.ISO_8859_1).contains("newer") ? "older" : "newer";
            for (int at = 0; at < good.length; at++) {
                byte[] damaged = good.clone();
                damaged[at] ^= 0x10;
                heap.put(slot, damaged);
                assertThat(read(WalCheckpoint.newest(ReadOptions.of(heap)).orElseThrow()))
                        .as("%s at %s", slot, at)
                        .isEqualTo(other);
            }
            heap.put(slot, good);
        }
    }

    @Test
    void crashDuringACheckpointLeavesThePreviousTwo() throws Exception {
        try (Wal wal = logOf(3)) {
            wal.writeCheckpoint(1, content("older"));
            wal.writeCheckpoint(2, content("newer"));
            HeapStorage[] left = new HeapStorage[1];
            wal.writeCheckpoint(3, out -> {
                out.write(new byte[100_000]);
                left[0] = heap.copy();
            });
            assertThat(read(WalCheckpoint.newest(ReadOptions.of(left[0])).orElseThrow()))
                    .isEqualTo("newer");
            try (Wal again = Wal.open(small(left[0]).build())) {
                assertThat(read(again.writeCheckpoint(3, content("again")))).isEqualTo("again");
            }
        }
    }

    @Test
    void checkpointOfARecordThatIsNotDurableIsRefused() {
        try (Wal wal = logOf(1)) {
            wal.append(1, payload("relaxed"), Durability.LOSE_UNFORCED);
            assertThatThrownBy(() -> wal.writeCheckpoint(2, content("x")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("2");
            assertThatThrownBy(() -> wal.writeCheckpoint(-1, content("x")))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void contentThatThrowsLeavesTheExistingCheckpoints() throws Exception {
        try (Wal wal = logOf(2)) {
            wal.writeCheckpoint(1, content("good"));
            assertThatThrownBy(() -> wal.writeCheckpoint(2, out -> {
                        throw new IOException("of the user");
                    }))
                    .isInstanceOf(UncheckedIOException.class);
            assertThatThrownBy(() -> wal.writeCheckpoint(2, out -> {
                        throw new IllegalStateException("of the user");
                    }))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(read(wal.newestCheckpoint().orElseThrow())).isEqualTo("good");
            assertThat(read(wal.writeCheckpoint(2, content("next")))).isEqualTo("next");
        }
        assertThat(storage.openFiles()).isZero();
    }

    @Test
    void directoryStaysLockedUntilARunningCheckpointIsDone() throws Exception {
        Wal wal = logOf(1);
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        CompletableFuture<WalCheckpoint> checkpoint = start(() -> wal.writeCheckpoint(1, out -> {
            writing.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            out.write(1);
        }));
        writing.await();
        wal.close();
        assertThatThrownBy(() -> Wal.open(small(heap).build())).isInstanceOf(WalLockedException.class);

        goOn.countDown();
        assertThat(checkpoint.get(30, TimeUnit.SECONDS).sequence()).isEqualTo(1);
        Wal.open(small(heap).build()).close();
    }

    @Test
    void logCanBeClosedWhileACheckpointIsWritten() {
        Wal wal = logOf(1);
        wal.writeCheckpoint(1, out -> wal.close());

        Wal.open(small(heap).build()).close();
    }

    // ---- trimming

    @Test
    void trimDeletesOnlyWhatBothCheckpointsCover() {
        try (Wal wal = logOf(0)) {
            for (int i = 0; i < 4; i++) {
                wal.appendDurable(1, payload("record"));
                wal.roll();
            }
            assertThat(wal.trim(0).deletedSegments()).isEmpty();
            wal.writeCheckpoint(2, content("a"));
            assertThat(wal.trim(0).deletedSegments()).isEmpty();
            wal.writeCheckpoint(3, content("b"));
            TrimReport report = wal.trim(0);
            assertThat(report.deletedSegments())
                    .containsExactly("orders_0000000000000001.wal", "orders_0000000000000002.wal");
            assertThat(report.firstSequence()).isEqualTo(3);
        }
        try (Wal wal = Wal.open(small(storage).build())) {
            assertThat(wal.lastSequence()).isEqualTo(4);
            assertThat(wal.recovery().firstSequence()).isEqualTo(3);
        }
    }

    @Test
    void trimThatDeletesNothingReportsWhereTheLogBegins() {
        try (Wal wal = logOf(4)) {
            wal.roll();
            wal.writeCheckpoint(4, content("a"));
            wal.writeCheckpoint(4, content("b"));
            assertThat(wal.trim(0).firstSequence()).isEqualTo(5);
            assertThat(wal.trim(0).firstSequence()).isEqualTo(5);
        }
        try (Wal wal = Wal.open(small(storage).build())) {
            assertThat(wal.trim(0).firstSequence()).isEqualTo(5);
            wal.appendDurable(1, payload("record"));
            assertThat(wal.trim(0).firstSequence()).isEqualTo(5);
        }
    }

    @Test
    void noGuardIsRefusedWhereItIsPassed() {
        try (Wal wal = logOf(0)) {
            assertThatThrownBy(() -> wal.addTrimGuard(null))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage("guard");
            assertThat(wal.trim(0).deletedSegments()).isEmpty();
        }
    }

    @Test
    void guardAndNumberOfSegmentsLimitATrim() {
        try (Wal wal = logOf(0)) {
            for (int i = 0; i < 4; i++) {
                wal.appendDurable(1, payload("record"));
                wal.roll();
            }
            wal.writeCheckpoint(4, content("a"));
            wal.writeCheckpoint(4, content("b"));
            wal.addTrimGuard(new TrimGuard() {
                @Override
                public String name() {
                    return "the archive";
                }

                @Override
                public long releasedThrough() {
                    return 3;
                }
            });
            assertThat(wal.trim(2).deletedSegments()).hasSize(2);
            TrimReport report = wal.trim(0);
            assertThat(report.deletedSegments()).hasSize(1);
            assertThat(report.heldBackBy()).contains("the archive");
            assertThat(Records.of(ReadOptions.of(heap)).firstKey()).isEqualTo(4);
        }
    }

    @Test
    void crashInATrimNeverLeavesALogThatIsRefused() throws Exception {
        for (int n = 0; ; n++) {
            HeapStorage fresh = new HeapStorage();
            FaultStorage faulty = new FaultStorage(fresh);
            Wal wal = Wal.open(small(faulty).build());
            for (int i = 0; i < 4; i++) {
                wal.appendDurable(1, payload("record"));
                wal.roll();
            }
            wal.writeCheckpoint(3, content("a"));
            wal.writeCheckpoint(3, content("b"));
            Logs.await("prepared", () -> fresh.list().contains(".orders_prepared.wal"));
            var fault = faulty.fail(operation -> operation != Operation.READ, () -> new IOException("dies here"))
                    .after(n);
            try {
                wal.trim(0);
            } catch (WalException | UncheckedIOException e) {
                assertThat(fault.hits()).isPositive();
            }
            HeapStorage left = fresh.copy();
            boolean over = fault.hits() == 0;
            fault.end();
            try {
                wal.close();
            } catch (WalFailedException e) {
                assertThat(over).isFalse();
            }
            try (Wal again = Wal.open(small(left).build())) {
                assertThat(again.lastSequence()).isEqualTo(4);
                assertThat(again.newestCheckpoint().orElseThrow().sequence()).isEqualTo(3);
            }
            if (over) {
                return;
            }
        }
    }
}
