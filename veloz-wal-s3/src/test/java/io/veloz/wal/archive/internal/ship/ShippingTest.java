package io.veloz.wal.archive.internal.ship;

import static io.veloz.wal.archive.internal.ship.TestShip.append;
import static io.veloz.wal.archive.internal.ship.TestShip.assertArchiveIsLog;
import static io.veloz.wal.archive.internal.ship.TestShip.open;
import static io.veloz.wal.archive.internal.ship.TestShip.slots;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.Wal;
import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.WalShippingRefusedException.Reason;
import io.veloz.wal.archive.SpoolPolicy;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.ship.TestShip.Stepper;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShippingTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore(1);

    @BeforeEach
    void makeDirectories() throws IOException {
        Files.createDirectories(dir.resolve("a"));
    }

    private Wal wal() {
        return open(DiskStorage.createOrOpen(dir.resolve("a")));
    }

    @Test
    void tailsAndSegmentsEqualTheLog() throws IOException {
        try (Wal wal = wal();
                Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
            for (int i = 0; i < 30; i++) {
                append(wal, 20);
                shipper.ship();
                assertThat(shipper.archived).isEqualTo(wal.durableSequence());
                assertArchiveIsLog(store, wal);
            }
            // Another segment may be sealed in the background at any time.
            int sealed = wal.files().sealed().size();
            assertThat(sealed).isGreaterThan(3);
            shipper.ship();
            long segments = slots(store).stream()
                    .filter(slot -> slot.part() instanceof Segment)
                    .count();
            assertThat(segments).isGreaterThanOrEqualTo(sealed);
            assertThat(shipper.releasedThrough).isPositive().isLessThan(shipper.archived);
        }
    }

    @Test
    void backlogIsShippedAsSegmentsOnly() throws IOException {
        try (Wal wal = wal();
                Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
            append(wal, 600);
            wal.roll();
            shipper.ship();
            assertThat(slots(store)).noneMatch(slot -> slot.part() instanceof Tail);
            assertArchiveIsLog(store, wal);
        }
    }

    @Test
    void tailsAreDeletedOnceTheirSegmentIsCommitted() throws IOException {
        try (Wal wal = wal();
                Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
            for (int i = 0; i < 40; i++) {
                append(wal, 10);
                shipper.ship();
            }
            wal.roll();
            shipper.ship();
            assertThat(slots(store)).noneMatch(slot -> slot.part() instanceof Tail);
            assertArchiveIsLog(store, wal);
        }
    }

    @Test
    void successorDeletesTheTailsOfItsPredecessor() throws IOException {
        try (Wal wal = wal()) {
            try (Stepper shipper = new Stepper(
                    LocalLog.of(wal),
                    store,
                    TestShip.shipping(store)
                            .tailGrace(java.time.Duration.ofDays(9000))
                            .build())) {
                for (int i = 0; i < 40; i++) {
                    append(wal, 10);
                    shipper.ship();
                }
            }
            assertThat(slots(store))
                    .filteredOn(slot -> slot.part() instanceof Tail)
                    .hasSizeGreaterThan(20);
            wal.roll();
            try (Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
                shipper.ship();
                assertThat(slots(store)).noneMatch(slot -> slot.part() instanceof Tail);
            }
            assertArchiveIsLog(store, wal);
        }
    }

    @Test
    void shipperShipsDurableRecordsWhileAnotherProcessWrites() throws IOException {
        try (Wal wal = wal();
                Stepper shipper = new Stepper(LocalLog.of(wal.files()), store)) {
            append(wal, 100);
            wal.roll();
            shipper.ship();
            assertArchiveIsLog(store, wal);
        }
    }

    @Test
    void checkpointOfATrimmedLogIsArchivedFirst() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 600);
            wal.writeCheckpoint(400, out -> out.write(1));
            wal.writeCheckpoint(450, out -> out.write(2));
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
            try (Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
                shipper.ship();
            }
            assertThat(slots(store).get(1).part()).isInstanceOf(Attachment.class);
            assertArchiveIsLog(store, wal);
        }
    }

    @Test
    void trimmedLogWithoutCheckpointIsRefused() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 600);
            wal.writeCheckpoint(400, out -> out.write(1));
            wal.writeCheckpoint(450, out -> out.write(2));
            wal.trim(0);
            try (Stream<Path> files = Files.list(dir.resolve("a"))) {
                for (Path file :
                        files.filter(f -> f.toString().contains("checkpoint")).toList()) {
                    Files.delete(file);
                }
            }
            assertRefused(wal, Reason.CHECKPOINT_MISSING);
            assertThat(store.objects()).isEmpty();
        }
    }

    @Test
    void newCheckpointIsArchived() throws IOException {
        try (Wal wal = wal();
                Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
            append(wal, 10);
            wal.writeCheckpoint(10, out -> out.write(1));
            shipper.ship();
            shipper.ship();
            assertThat(slots(store))
                    .filteredOn(slot -> slot.part() instanceof Attachment)
                    .hasSize(1);
        }
    }

    @Test
    void secondShipperFencesTheFirst() throws IOException {
        try (Wal wal = wal();
                Stepper first = new Stepper(LocalLog.of(wal), store)) {
            append(wal, 10);
            first.ship();
            try (Stepper second = new Stepper(LocalLog.of(wal), store)) {
                second.ship();
                assertThat(second.epoch).isEqualTo(2);
                append(wal, 5);
                assertThat(first.end()).isInstanceOfSatisfying(WalFencedException.class, fenced -> {
                    assertThat(fenced.epoch()).isEqualTo(2);
                    assertThat(fenced.firstBeyondFork()).isEqualTo(11);
                    assertThat(fenced.lastBeyondFork()).isEqualTo(15);
                });
                second.ship();
                assertArchiveIsLog(store, wal);
            }
        }
    }

    @Test
    void rolledBackDiskIsRefused() throws IOException {
        copyAfter(50);
        try (Wal wal = wal();
                Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
            append(wal, 10);
            shipper.ship();
        }
        try (Wal copy = open(DiskStorage.open(dir.resolve("b")))) {
            assertRefused(copy, Reason.BEHIND);
        }
    }

    @Test
    void divergedCloneIsRefused() throws IOException {
        copyAfter(50);
        try (Wal wal = wal();
                Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
            append(wal, 10);
            shipper.ship();
        }
        try (Wal copy = open(DiskStorage.open(dir.resolve("b")))) {
            append(copy, 20, "another");
            assertRefused(copy, Reason.DIVERGED);
        }
    }

    @Test
    void divergedCloneIsRefusedByASealedSegment() throws IOException {
        copyAfter(50);
        try (Wal wal = wal();
                Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
            append(wal, 10);
            wal.roll();
            shipper.ship();
        }
        try (Wal copy = open(DiskStorage.open(dir.resolve("b")))) {
            append(copy, 20, "another");
            copy.roll();
            assertRefused(copy, Reason.DIVERGED);
        }
    }

    private void copyAfter(int records) throws IOException {
        try (Wal wal = wal()) {
            append(wal, records);
        }
        Files.createDirectories(dir.resolve("b"));
        try (Stream<Path> files = Files.list(dir.resolve("a"))) {
            for (Path file : files.toList()) {
                Files.copy(file, dir.resolve("b").resolve(file.getFileName()));
            }
        }
    }

    @Test
    void anotherLogIsRefused() throws IOException {
        try (Wal wal = wal();
                Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
            append(wal, 10);
            shipper.ship();
        }
        try (Wal other = open(DiskStorage.createOrOpen(dir.resolve("b")))) {
            append(other, 20);
            assertRefused(other, Reason.OTHER_LOG);
        }
    }

    @Test
    void recordsTrimmedBeforeTheyWereArchivedAreRefusedOrDeclared() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 10);
            try (Stepper shipper = new Stepper(LocalLog.of(wal), store)) {
                shipper.ship();
            }
            append(wal, 600);
            wal.writeCheckpoint(400, out -> out.write(1));
            wal.writeCheckpoint(450, out -> out.write(2));
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
            assertRefused(wal, Reason.TRIMMED_AHEAD);
            var config = TestShip.shipping(store)
                    .spoolPolicy(SpoolPolicy.giveUpOldest(0))
                    .build();
            try (Stepper shipper = new Stepper(LocalLog.of(wal), store, config)) {
                shipper.ship();
                assertThat(shipper.gaps).hasSize(1).first().asString().startsWith("11-");
                assertThat(shipper.archived).isEqualTo(wal.durableSequence());
            }
        }
    }

    @Test
    void guardGivesUpTheOldestBeyondTheBudget() throws IOException {
        try (Wal wal = wal()) {
            append(wal, 600);
            var sealed = wal.files().sealed();
            long budget = 2 * wal.files().sealed(sealed.get(0)).orElseThrow().fileBytes() + 100;
            LocalLog log = LocalLog.of(wal);
            assertThat(new Spool.Guard(log, "x", SpoolPolicy.KEEP).releasedThrough())
                    .isZero();
            assertThat(new Spool.Guard(log, "x", SpoolPolicy.giveUpOldest(Long.MAX_VALUE)).releasedThrough())
                    .isZero();
            long kept = sealed.get(sealed.size() - 2);
            assertThat(new Spool.Guard(log, "x", SpoolPolicy.giveUpOldest(budget)).releasedThrough())
                    .isEqualTo(wal.files().sealed(kept).orElseThrow().firstSequence() - 1);
        }
    }

    private void assertRefused(Wal wal, Reason reason) {
        var config = TestShip.shipping(store).takeOver(1).build();
        try (Stepper shipper = new Stepper(LocalLog.of(wal), store, config)) {
            assertThat(shipper.end())
                    .isInstanceOfSatisfying(
                            WalShippingRefusedException.class,
                            refused -> assertThat(refused.reason()).isEqualTo(reason));
        }
    }

    /** A backlog leaves no idle moment in which the slots for the SUMMARY could be read. */
    @Test
    void shipperThatIsNeverIdlePutsSummaries() throws IOException {
        try (Wal wal = open(new FaultyStorage(1, DiskRules.WORST))) {
            for (int segment = 0; segment < 140; segment++) {
                append(wal, 1);
                wal.roll();
            }
            HeapStore busy = new HeapStore();
            try (Stepper shipper = new Stepper(LocalLog.of(wal), busy)) {
                shipper.ship();
            }
            assertThat(TestShip.slots(busy))
                    .filteredOn(slot -> slot.part() instanceof Summary)
                    .hasSize(2);
        }
    }
}
