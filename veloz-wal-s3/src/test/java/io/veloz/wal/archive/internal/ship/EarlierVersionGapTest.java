package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.SpoolPolicy;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.ship.TestShip.Stepper;
import io.veloz.wal.archive.store.HeapStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An archive of the version before slots repeated log.json, with a gap before its first committed segment. */
@Timeout(60)
class EarlierVersionGapTest {
    private static final SpoolPolicy BUDGET = SpoolPolicy.giveUpOldest(3 * 16 * 1024);

    @TempDir
    Path dir;

    private HeapStore store = new HeapStore();

    @Test
    void archiveThatBeginsWithAGapIsContinued() throws IOException {
        try (Wal wal = SmallLog.open(dir)) {
            ship(wal);
            outage(wal);
            ship(wal);
            rewriteAsAnEarlierVersion();
            SmallLog.append(wal, 10);
            ship(wal);
        }
    }

    @Test
    void archiveWithTailsBeforeTheGapIsContinued() throws IOException {
        try (Wal wal = SmallLog.open(dir)) {
            SmallLog.append(wal, 20);
            ship(wal);
            outage(wal);
            ship(wal);
            rewriteAsAnEarlierVersion();
            SmallLog.append(wal, 10);
            ship(wal);
        }
    }

    private void ship(Wal wal) {
        ShipperConfig config = TestShip.shipping(store).spoolPolicy(BUDGET).build();
        try (Stepper shipper = new Stepper(LocalLog.of(wal), store, config)) {
            shipper.ship();
            assertThat(shipper.archived).isEqualTo(wal.durableSequence());
        }
    }

    private static void outage(Wal wal) {
        SmallLog.append(wal, 1200);
        var guard = new Spool.Guard(LocalLog.of(wal), "x", BUDGET);
        wal.addTrimGuard(guard);
        wal.writeCheckpoint(wal.durableSequence() - 1, out -> out.write(1));
        wal.writeCheckpoint(wal.durableSequence(), out -> out.write(2));
        assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
        wal.removeTrimGuards(guard.name());
    }

    private void rewriteAsAnEarlierVersion() throws IOException {
        // An earlier version had no file in the log's directory either.
        try (Stream<Path> files = Files.walk(dir)) {
            for (Path file : files.filter(each -> each.getFileName().toString().startsWith(".orders_archive_"))
                    .toList()) {
                Files.delete(file);
            }
        }
        String previous = Digest.NONE;
        SlotRef kept = SlotRef.NONE;
        for (long number = 1; store.objects().containsKey(ArchiveKeys.slot(number)); number++) {
            String key = ArchiveKeys.slot(number);
            Decoded decoded = SlotCodec.decode(key, number, store.objects().get(key));
            Slot slot = decoded.slot();
            Slot earlier = new Slot(
                    slot.logId(),
                    "",
                    number,
                    slot.epoch(),
                    slot.writer(),
                    slot.host(),
                    slot.written(),
                    previous,
                    kept,
                    slot.archived(),
                    slot.part() instanceof Epoch ? new Epoch("") : slot.part());
            byte[] bytes = SlotCodec.encode(earlier, decoded.content());
            store.damage(key, bytes);
            previous = Digest.of(bytes);
            kept = earlier.isKept() ? new SlotRef(number, previous) : kept;
        }
    }
}
