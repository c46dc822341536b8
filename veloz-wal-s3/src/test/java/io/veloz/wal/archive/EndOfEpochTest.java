package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The record that a writer ended on purpose, and what it shows. */
@Timeout(60)
class EndOfEpochTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir
    Path dir;

    private final HeapStore heap = new HeapStore();
    private Wal wal;

    @BeforeEach
    void open() {
        wal = Wal.open(WalConfig.builder(dir.resolve("log"))
                .segmentBytes(64 * 1024)
                .maxBatchBytes(16 * 1024)
                .bufferBytes(64 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .build());
        append(10);
    }

    @AfterEach
    void close() {
        wal.close();
    }

    private void append(int count) {
        for (int i = 0; i < count; i++) {
            wal.appendDurable(1, ByteBuffer.wrap(new byte[100]));
        }
    }

    private ShipRig rig(ObjectStore store) {
        return new ShipRig(ShipperConfig.builder(store).closeTimeout(Duration.ofSeconds(1)), LocalLog.of(wal), store);
    }

    private static List<Long> slots(HeapStore store) {
        return new ArrayList<>(new TreeSet<>(store.objects().keySet().stream()
                .map(ArchiveKeys::slotNumber)
                .filter(number -> number > 0)
                .toList()));
    }

    private static void removeLast(HeapStore store) {
        List<Long> slots = slots(store);
        store.remove(ArchiveKeys.slot(slots.get(slots.size() - 1)));
    }

    @Test
    void writerThatIsClosedRecordsItsEndWithOneRequest() throws IOException {
        ShipRig rig = rig(heap);
        long[] puts = new long[1];
        rig.at(MINUTE.minusMillis(1), () -> puts[0] = rig.counts.puts());
        rig.run(MINUTE);
        assertThat(rig.counts.puts()).isEqualTo(puts[0] + 1);
        assertThat(heap.objects()).containsKey("ends/e0000000001");
        assertThat(ArchiveStatus.of(heap).endedAt()).isPresent();
        assertThat(new ArchiveVerifier(heap).full(WalProgress.NONE).isSound()).isTrue();
    }

    @Test
    void writerThatWasKilledOrRunsHasNoEnd() throws IOException {
        ShipRig rig = rig(heap);
        rig.at(Duration.ofSeconds(10), () -> {
            assertThat(ArchiveStatus.of(heap).endedAt()).isEmpty();
            heap.plan(request -> Fault.FAIL);
        });
        rig.run(MINUTE);
        heap.plan(Plan.NONE);
        assertThat(ArchiveStatus.of(heap).endedAt()).isEmpty();
    }

    @Test
    void endCountsUntilTheNextWriterStarts() throws IOException {
        rig(heap).run(MINUTE);
        ShipRig next = rig(heap);
        next.at(
                Duration.ofSeconds(10),
                () -> assertThat(ArchiveStatus.of(heap).endedAt()).isEmpty());
        next.run(MINUTE);
        assertThat(heap.objects()).containsKeys("ends/e0000000001", "ends/e0000000002");
        assertThat(ArchiveStatus.of(heap).endedAt()).isPresent();
    }

    @Test
    void failureToRecordTheEndIsReportedAndDelaysNothing() {
        ShipRig rig = rig(heap);
        rig.at(
                Duration.ofSeconds(30),
                () -> heap.plan(request ->
                        request.kind() == Kind.PUT && request.key().startsWith("ends/") ? Fault.DENY : null));
        rig.run(MINUTE);
        assertThat(rig.now()).isEqualTo(MINUTE);
        assertThat(rig.events).noneMatch(event -> event.startsWith("trouble"));
        assertThat(rig.state.status().state()).isEqualTo(ShipperStatus.State.CLOSED);
        assertThat(rig.state.status().lastError()).contains("ends/e0000000001");
        assertThat(rig.state.status().lagRecords()).isZero();
    }

    @Test
    void fencedWriterRecordsNoEnd() {
        ShipRig first = rig(heap);
        first.at(Duration.ofSeconds(10), () -> {
            ShipRig second = rig(heap);
            second.run(Duration.ofSeconds(5));
            append(1);
        });
        first.run(MINUTE);
        assertThat(first.events).contains("fenced by epoch 2");
        assertThat(heap.objects()).containsKey("ends/e0000000002").doesNotContainKey("ends/e0000000001");
    }

    @Test
    void tailThatWasLostAfterTheEndIsDetectedByEveryReader() throws IOException {
        rig(heap).run(MINUTE);
        removeLast(heap);
        WalRestoreException status = catchThrowableOfType(WalRestoreException.class, () -> ArchiveStatus.of(heap));
        assertThat(status.reason()).isEqualTo(WalRestoreException.Reason.DAMAGED);
        assertThat(status).hasMessageContaining("ends/e0000000001").hasMessageContaining("the slots end with slot 1");
        ShipRig next = rig(heap);
        next.run(MINUTE);
        assertThat(next.events).containsExactly("refused " + WalShippingRefusedException.Reason.LOST_SLOTS);
        assertThat(slots(heap)).containsExactly(1L);
    }

    @Test
    void epochThatWasLostIsDetectedAlsoInARestoredDirectory() throws IOException {
        rig(heap).run(MINUTE);
        List<Long> first = slots(heap);
        rig(heap).run(MINUTE);
        slots(heap).stream().filter(slot -> !first.contains(slot)).forEach(slot -> heap.remove(ArchiveKeys.slot(slot)));
        try (Stream<Path> files = Files.list(dir.resolve("log"))) {
            for (Path file : files.filter(file -> file.getFileName().toString().contains("_archive_"))
                    .toList()) {
                Files.delete(file);
            }
        }
        ShipRig next = new ShipRig(ShipperConfig.builder(heap).takeOver(1), LocalLog.of(wal), heap);
        next.run(MINUTE);
        assertThat(next.events).containsExactly("refused " + WalShippingRefusedException.Reason.LOST_SLOTS);
    }

    @Test
    void endOfAnotherWriterOfTheSameEpochIsReported() {
        ShipRig first = rig(heap);
        first.run(MINUTE);
        byte[] end = heap.objects().get("ends/e0000000001");
        ShipRig second = rig(heap);
        second.at(Duration.ofSeconds(30), () -> heap.damage("ends/e0000000002", end));
        second.run(MINUTE);
        assertThat(second.events).containsExactly("trouble");
        assertThat(second.state.status().lastError())
                .contains("ends/e0000000002")
                .contains("slots were lost and put again");
    }

    @Test
    void archiveOfWhichOnlyTheEndIsLeftIsNotCreatedAgain() {
        rig(heap).run(MINUTE);
        heap.objects().keySet().stream().filter(key -> !key.startsWith("ends/")).forEach(heap::remove);
        ShipRig next = rig(heap);
        next.run(MINUTE);
        assertThat(next.events).containsExactly("refused " + WalShippingRefusedException.Reason.LOST_IDENTITY);
        assertThat(heap.objects()).hasSize(1);
    }

    @Test
    void recordThatCannotBeReadPreventsNothing() throws IOException {
        rig(heap).run(MINUTE);
        heap.damage("ends/e0000000001", new byte[100]);
        assertThat(ArchiveStatus.of(heap).endedAt()).isEmpty();
        heap.damage("ends/e0000000009", new byte[100]);
        ShipRig next = rig(heap);
        next.run(MINUTE);
        assertThat(next.events).isEmpty();
        assertThat(new ShipLog(heap)
                        .check(slots(heap).get(slots(heap).size() - 1))
                        .map(decoded -> decoded.slot())
                        .map(Slot::epoch))
                .contains(2L);
    }
}
