package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.ArchiveTakeOver;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.DirectoryState;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Epoch;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.ship.TestShip.Stepper;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which directory of a log may ship to its archive. */
@Timeout(60)
class ShippingRightTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path original;

    @BeforeEach
    void shipFromTheOriginalDirectory() throws IOException {
        original = dir.resolve("original");
        try (Wal wal = open(original)) {
            TestShip.append(wal, 20);
            ship(wal, 0);
        }
    }

    private static Wal open(Path directory) throws IOException {
        return TestShip.open(DiskStorage.createOrOpen(directory));
    }

    private void ship(Wal wal, long takeOver) {
        try (Stepper shipper = stepper(wal, takeOver)) {
            shipper.ship();
            assertThat(shipper.archived).isEqualTo(wal.durableSequence());
        }
    }

    private Stepper stepper(Wal wal, long takeOver) {
        return new Stepper(
                LocalLog.of(wal),
                store,
                TestShip.shipping(store).takeOver(takeOver).build());
    }

    private void ship(Path directory, long takeOver) throws IOException {
        try (Wal wal = open(directory)) {
            ship(wal, takeOver);
        }
    }

    private WalShippingRefusedException refused(Path directory, long takeOver) throws IOException {
        try (Wal wal = open(directory);
                Stepper shipper = stepper(wal, takeOver)) {
            WalException end = shipper.end();
            assertThat(end).isInstanceOf(WalShippingRefusedException.class);
            return (WalShippingRefusedException) end;
        }
    }

    private void assertSuperseded(Path directory, long takeOver) throws IOException {
        int slots = slots();
        WalShippingRefusedException refused = refused(directory, takeOver);
        assertThat(refused.reason()).isEqualTo(Reason.SUPERSEDED);
        assertThat(refused)
                .hasMessageContaining("another directory of this log")
                .hasMessageContaining("take over ");
        assertThat(slots()).isEqualTo(slots);
    }

    private long lastSlot() {
        return store.objects().keySet().stream()
                .mapToLong(ArchiveKeys::slotNumber)
                .max()
                .orElseThrow();
    }

    private int slots() {
        return (int) store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.SLOTS))
                .count();
    }

    /** Copies the files of the log, as a restore does, or the whole directory, as cp does. */
    private Path copy(String name, boolean whole) throws IOException {
        Path copy = Files.createDirectory(dir.resolve(name));
        try (Stream<Path> files = Files.list(original)) {
            for (Path file : files.toList()) {
                String fileName = file.getFileName().toString();
                boolean isOfTheDirectory = fileName.contains("_archive_");
                if (!fileName.endsWith(".lock") && (whole || !isOfTheDirectory)) {
                    Files.copy(file, copy.resolve(fileName));
                }
            }
        }
        return copy;
    }

    private List<Epoch> epochs() throws IOException {
        List<Epoch> epochs = new ArrayList<>();
        for (Slot slot : TestShip.slots(store)) {
            if (slot.part() instanceof Epoch epoch) {
                epochs.add(epoch);
            }
        }
        return epochs;
    }

    @Test
    void sameDirectoryContinuesAfterEachRestart() throws IOException {
        ship(original, 0);
        ship(original, 0);
        assertThat(epochs()).extracting(Epoch::reason).containsOnly(Slot.Reason.START);
        assertThat(epochs()).hasSize(3);
    }

    @Test
    void restoredDirectoryShipsOnlyIfItTakesOver() throws IOException {
        Path restored = copy("restored", false);
        assertSuperseded(restored, 0);
        assertSuperseded(restored, 7);
        ship(restored, 1);
        assertThat(epochs()).extracting(Epoch::reason).containsExactly(Slot.Reason.START, Slot.Reason.TAKEOVER);
        assertThat(epochs()).extracting(Epoch::observed).containsExactly(0L, 1L);
    }

    @Test
    void directoryThatTookOverContinuesWithoutTheOption() throws IOException {
        Path restored = copy("restored", false);
        ship(restored, 1);
        ship(restored, 0);
        ship(restored, 1);
        assertThat(epochs()).hasSize(4);
    }

    @Test
    void recordedTakeOverHasTheEffectOfTheOptionOnce() throws IOException {
        Path restored = copy("restored", false);
        permit(restored, 1);
        assertThat(permitted(restored)).isEqualTo(1);
        ship(restored, 0);
        assertThat(permitted(restored)).isZero();
        assertThat(epochs()).extracting(Epoch::reason).containsExactly(Slot.Reason.START, Slot.Reason.TAKEOVER);
        assertSuperseded(original, 0);
        ship(original, 2);
        assertSuperseded(restored, 0);
    }

    @Test
    void recordedTakeOverOfAnEpochThatIsNotTheLastIsRefused() throws IOException {
        Path restored = copy("restored", false);
        permit(restored, 1);
        ship(original, 0);
        assertSuperseded(restored, 0);
        assertThat(refused(restored, 0)).hasMessageContaining("; this directory may replace epoch 1. ");
        permit(restored, 2);
        ship(restored, 0);
    }

    @Test
    void takeOverOfTheArchiveOfAnotherLogIsNotRecorded() throws IOException {
        Path other = dir.resolve("other");
        try (Wal wal = open(other)) {
            TestShip.append(wal, 1);
        }
        assertThatThrownBy(() -> permit(other, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is the archive of log ");
        assertThatThrownBy(() -> permit(original, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("epoch 0: expected 1 or more");
    }

    private long permitted(Path directory) throws IOException {
        return ArchiveTakeOver.permitted(store, LogFiles.of(DiskStorage.open(directory), "orders"));
    }

    private void permit(Path directory, long epoch) throws IOException {
        ArchiveTakeOver.permit(store, LogFiles.of(DiskStorage.open(directory), "orders"), epoch);
    }

    @Test
    void restartedPrimaryDoesNotTakeBack() throws IOException {
        Path restored = copy("restored", false);
        try (Wal wal = open(restored)) {
            TestShip.append(wal, 5);
            ship(wal, 1);
        }
        assertSuperseded(original, 0);
        try (Wal wal = open(original)) {
            TestShip.append(wal, 50);
        }
        assertSuperseded(original, 0);
        assertSuperseded(original, 1);
    }

    @Test
    void directoryThatLacksArchivedRecordsIsSentToTheRestoreNotToTheTakeOver() throws IOException {
        Path restored = copy("restored", false);
        try (Wal wal = open(restored)) {
            TestShip.append(wal, 5);
            ship(wal, 1);
        }
        assertThat(refused(original, 0))
                .hasMessageContaining(". The archive has records up to 25, and this log only up to 20. ")
                .hasMessageContaining("restore the log again, into another directory")
                .hasMessageNotContaining("take over epoch ");
        assertThat(refused(original, 2).reason()).isEqualTo(Reason.BEHIND);
        try (Wal wal = open(original)) {
            TestShip.append(wal, 5);
        }
        assertThat(refused(original, 0)).hasMessageContaining("take over epoch 2");
    }

    @Test
    void slotsNameTheInstanceInTheFileIfAnotherShipperCreatesItFirst() throws IOException {
        HeapStore archive = new HeapStore();
        try (Wal wal = open(dir.resolve("new"));
                Stepper slower = new Stepper(LocalLog.of(wal), archive);
                Stepper faster = new Stepper(LocalLog.of(wal), archive)) {
            TestShip.append(wal, 5);
            for (int step = 0; step < 3; step++) {
                slower.shipping.advance();
            }
            faster.ship();
            slower.ship();
            assertThat(slower.epoch).isEqualTo(2);
        }
        assertThat(TestShip.slots(archive)).extracting(Slot::instance).containsOnly(instance(dir.resolve("new")));
    }

    private static String instance(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            Path file = files.filter(each -> each.getFileName().toString().matches("\\.orders_archive_[0-9a-f]{16}"))
                    .findFirst()
                    .orElseThrow();
            return DirectoryState.decode("file", Files.readAllBytes(file)).instance();
        }
    }

    @Test
    void ofTwoDirectoriesThatSawTheSameEpochOneTakesOver() throws IOException {
        Path one = copy("one", false);
        Path two = copy("two", false);
        ship(one, 1);
        assertSuperseded(two, 1);
    }

    @Test
    void copiedDirectoryTakesOverOnceAndNotInTurn() throws IOException {
        Path copied = copy("copied", true);
        ship(copied, 0);
        assertSuperseded(original, 0);
        ship(copied, 0);
        assertSuperseded(original, 0);
        ship(original, 3);
        assertSuperseded(copied, 0);
    }

    @Test
    void writerThatDiesAfterItsEpochWasStoredContinues() throws IOException {
        try (Wal wal = open(original);
                Stepper shipper = stepper(wal, 0)) {
            int slots = slots();
            while (slots() == slots) {
                shipper.shipping.advance();
            }
        }
        ship(original, 0);
        assertThat(epochs()).hasSize(3);
    }

    /** The id of the writer is durable before its EPOCH slot is put, so no power cut locks the directory out. */
    @Test
    void powerCutAfterAnyRequestLeavesTheRightToShip() throws IOException {
        for (int at = 1; at <= 25; at++) {
            HeapStore archive = new HeapStore(at);
            FaultyStorage disk = new FaultyStorage(at, DiskRules.WORST);
            Wal wal = TestShip.open(disk);
            TestShip.append(wal, 5);
            try (Stepper shipper = new Stepper(LocalLog.of(wal), archive.client(Plan.at(at, Fault.DIE_AFTER)))) {
                shipper.ship();
            }
            FaultyStorage after = disk.cutPower(at);
            try {
                wal.close();
            } catch (WalException e) {
                // Its storage has failed.
            }
            try (Wal again = TestShip.open(after);
                    Stepper shipper = new Stepper(LocalLog.of(again), archive.client(Plan.NONE))) {
                shipper.ship();
                assertThat(shipper.archived).as("request " + at).isEqualTo(again.durableSequence());
            }
            assertThat(TestShip.slots(archive))
                    .extracting(Slot::part)
                    .filteredOn(part -> part instanceof Epoch)
                    .allMatch(part -> ((Epoch) part).reason() == Slot.Reason.START);
        }
    }

    @Test
    void writerRefusesToShipOverLostSlots() throws IOException {
        try (Wal wal = open(original)) {
            TestShip.append(wal, 400);
            ship(wal, 0);
        }
        long last = lastSlot();
        for (long number = 3; number <= last; number++) {
            store.delete(List.of(ArchiveKeys.slot(number)));
        }
        int left = slots();
        // Uploaded objects would be evidence, too.
        store.delete(store.objects().keySet().stream()
                .filter(key -> !key.startsWith(ArchiveKeys.SLOTS) && !key.equals(ArchiveKeys.LOG))
                .toList());
        WalShippingRefusedException refused = refused(original, 0);
        assertThat(refused.reason()).isEqualTo(Reason.LOST_SLOTS);
        assertThat(refused).hasMessageContaining("the store confirmed slot ");
        assertThat(slots()).isEqualTo(left);
    }

    @Test
    void writerRefusesToShipOverReplacedSlots() throws IOException {
        String key = ArchiveKeys.slot(1);
        byte[] first = store.objects().get(key).clone();
        ship(original, 0);
        long kept = lastSlot();
        store.delete(List.of(ArchiveKeys.slot(kept)));
        Slot slot = SlotCodec.decode(key, 1, first).slot();
        assertThat(slot.isKept()).isTrue();
        store.damage(
                ArchiveKeys.slot(kept),
                SlotCodec.encode(new Slot(
                        slot.logId(),
                        slot.origin(),
                        kept,
                        2,
                        slot.writer(),
                        "other",
                        slot.written(),
                        slot.previous(),
                        slot.kept(),
                        slot.archived(),
                        slot.part(),
                        slot.instance(),
                        slot.chain())));
        assertThat(refused(original, 0).reason()).isEqualTo(Reason.LOST_SLOTS);
    }

    @Test
    void damagedFileOfTheDirectoryIsRefusedUntilItIsMovedAway() throws IOException {
        Path file;
        try (Stream<Path> files = Files.list(original)) {
            file = files.filter(each -> each.getFileName().toString().matches("\\.orders_archive_[0-9a-f]{16}"))
                    .findFirst()
                    .orElseThrow();
        }
        Files.writeString(file, "{\"format\":1,\"instance\":\"x\"}");
        WalShippingRefusedException refused = refused(original, 1);
        assertThat(refused.reason().name()).isEqualTo("DAMAGED_FILE");
        assertThat(refused)
                .hasMessageContaining(file.getFileName().toString())
                .hasMessageContaining("move the file out of the directory, and take over the last epoch");
        Files.move(file, dir.resolve("moved"));
        assertSuperseded(original, 0);
        ship(original, 1);
    }
}
