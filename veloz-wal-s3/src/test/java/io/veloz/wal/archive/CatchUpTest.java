package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which records wait for the upload of a segment, with a simulated clock. */
@Timeout(120)
class CatchUpTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir
    Path dir;

    private final HeapStore heap = new HeapStore();
    private final Random random = new Random(1);
    private Wal wal;

    @BeforeEach
    void open() {
        wal = Wal.open(WalConfig.builder(dir.resolve("log"))
                .segmentBytes(64 * 1024)
                .maxBatchBytes(16 * 1024)
                .bufferBytes(64 * 1024)
                .heartbeatDelay(Duration.ofHours(1))
                .build());
    }

    @AfterEach
    void close() {
        wal.close();
    }

    private ShipRig rig(Duration flushInterval) {
        ShipperConfig.Builder config = ShipperConfig.builder(heap)
                .flushInterval(flushInterval)
                .maxTailBytes(8 * 1024)
                .closeTimeout(SECOND);
        return new ShipRig(config, LocalLog.of(wal), heap);
    }

    private void append(int count) {
        byte[] payload = new byte[100];
        for (int i = 1; i < count; i++) {
            random.nextBytes(payload);
            var unused = wal.appendAsync(1, ByteBuffer.wrap(payload));
        }
        wal.appendDurable(1, ByteBuffer.wrap(payload));
    }

    private List<Tail> tails() {
        List<Tail> tails = new ArrayList<>();
        heap.objects().forEach((key, bytes) -> {
            long number = ArchiveKeys.slotNumber(key);
            try {
                if (number > 0 && SlotCodec.decode(key, number, bytes).slot().part() instanceof Tail tail) {
                    tails.add(tail);
                }
            } catch (BadObjectException e) {
                throw new AssertionError(e);
            }
        });
        return tails;
    }

    private static void assertArchived(ShipRig rig, long sequence) {
        assertThat(rig.state.archivedSequence()).isEqualTo(sequence);
    }

    @Test
    void tailsDoNotWaitWhenTheSegmentThatTheyHaveBegunIsSealed() {
        ShipRig rig = rig(SECOND);
        rig.holdUploads();
        rig.at(SECOND, () -> append(10));
        rig.at(SECOND.multipliedBy(10), () -> {
            assertArchived(rig, 10);
            // The rest of the segment does not fit into a tail.
            append(300);
            wal.roll();
            append(50);
        });
        rig.at(Duration.ofMillis(11_100), () -> assertArchived(rig, 360));
        rig.run(MINUTE);
    }

    @Test
    void backlogThatBeginsInTheMiddleOfASegmentIsSentOnceAsSegments() {
        ShipRig rig = rig(SECOND);
        rig.uploadsTake(SECOND);
        rig.at(SECOND, () -> append(10));
        rig.at(SECOND.multipliedBy(10), () -> heap.plan(request -> Fault.FAIL));
        rig.at(SECOND.multipliedBy(11), () -> {
            append(3000);
            wal.roll();
            append(10);
        });
        rig.at(MINUTE, () -> heap.plan(Plan.NONE));
        rig.at(MINUTE.multipliedBy(3), () -> assertArchived(rig, 3020));
        rig.run(MINUTE.multipliedBy(4));
        // The second one was being put when the store went away, the last one is of the active segment.
        assertThat(tails())
                .extracting(Tail::segment)
                .containsExactly(1L, 1L, tails().get(2).segment());
        assertThat(tails().get(2).firstSequence()).isEqualTo(3011);
    }

    @Test
    void tailsWaitTwoFlushIntervalsForAnUpload() {
        append(3000);
        ShipRig rig = rig(SECOND.multipliedBy(10));
        rig.holdUploads();
        rig.at(SECOND.multipliedBy(19), () -> assertArchived(rig, 0));
        rig.at(SECOND.multipliedBy(21), () -> assertArchived(rig, 3000));
        rig.run(MINUTE);
    }

    @Test
    void tailsWaitTwoSecondsForAnUploadIfACallerWaits() {
        append(3000);
        ShipRig rig = rig(Duration.ofHours(1));
        rig.holdUploads();
        rig.at(SECOND, rig.state::requestFlush);
        rig.at(Duration.ofMillis(1_900), () -> assertArchived(rig, 0));
        rig.at(Duration.ofMillis(2_100), () -> assertArchived(rig, 3000));
        rig.run(MINUTE);
    }

    @Test
    void archiveAdvancesWithEveryTailWhileUploadsAreSlow() {
        append(3000);
        ShipperConfig.Builder config =
                ShipperConfig.builder(heap).maxTailBytes(8 * 1024).uploadBytesPerSecond(16 * 1024);
        ShipRig rig = new ShipRig(config, LocalLog.of(wal), heap);
        rig.holdUploads();
        long[] last = {0};
        for (int second = 4; second < 20; second += 2) {
            rig.at(SECOND.multipliedBy(second), () -> {
                assertThat(rig.state.archivedSequence()).isGreaterThan(last[0]);
                last[0] = rig.state.archivedSequence();
            });
        }
        rig.run(MINUTE);
    }
}
