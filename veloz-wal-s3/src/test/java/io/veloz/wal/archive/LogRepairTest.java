package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.ArchiveDivergence.Relation;
import io.veloz.wal.archive.ArchiveRepairReport.Cause;
import io.veloz.wal.archive.internal.care.CareWriter;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.CareState.Plan;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.repair.LogRepair;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The repair of a log from its archive. */
@Timeout(60)
class LogRepairTest {
    static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-29T01:02:03Z"), ZoneOffset.UTC);
    private static final String SUFFIX = ".damaged-20261129T010203Z";
    private static final int RECORDS = 600;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path log;
    private List<Entry> all;
    private long sealed;

    @BeforeEach
    void makeLog() throws IOException {
        log = dir.resolve("log");
        SmallLog.idle(log, wal -> SmallLog.append(wal, RECORDS));
        all = SmallLog.read(log);
        sealed = LogFiles.of(log).sealed().size();
        assertThat(sealed).isGreaterThan(2);
    }

    private TestArchive archive() throws IOException {
        return new TestArchive(store, log).segments(1, sealed);
    }

    private ArchiveRepairReport repair(Path directory) {
        return repair(store, directory);
    }

    private static ArchiveRepairReport repair(HeapStore from, Path directory) {
        return ArchiveRepair.log(from, LogFiles.of(directory), WalProgress.NONE, new Retries(attempt -> {}), CLOCK);
    }

    private static String name(long segment) {
        return "orders_000000000000000" + segment + ".wal";
    }

    private static void flip(Path file, int at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[at] ^= 1;
        Files.write(file, bytes);
    }

    private static RecoveryReport verify(Path directory) {
        return WalRecovery.verify(ReadOptions.of(directory), WalProgress.NONE);
    }

    private void assertWhole(Path directory) {
        assertThat(verify(directory).isSound()).isTrue();
        assertThat(SmallLog.read(directory)).isEqualTo(all);
    }

    @Test
    void damagedAndMissingSegmentsAreReplaced() throws IOException {
        archive().tails(4000, Long.MAX_VALUE);
        flip(log.resolve(name(1)), 9000);
        Files.delete(log.resolve(name(2)));
        ArchiveRepairReport report = repair(log);
        assertThat(report.isComplete()).isTrue();
        assertThat(report.repaired())
                .extracting(ArchiveRepairReport.Repaired::name, ArchiveRepairReport.Repaired::cause)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(name(1), Cause.DAMAGED),
                        org.assertj.core.groups.Tuple.tuple(name(2), Cause.MISSING));
        assertThat(report.repaired().get(0).other()).isEqualTo(name(1) + SUFFIX);
        assertThat(log.resolve(name(1) + SUFFIX)).exists();
        assertThat(report.repaired().get(1).other()).isEmpty();
        assertWhole(log);
        assertNoStagedFiles();
        assertThat(repair(log).repaired()).isEmpty();
    }

    @Test
    void damagedSegmentOfATrimmedLogIsReplaced() throws IOException {
        archive().tails(4000, Long.MAX_VALUE);
        try (Wal wal = SmallLog.open(log)) {
            wal.writeCheckpoint(200, out -> out.write(1));
            wal.writeCheckpoint(201, out -> out.write(1));
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
        }
        all = SmallLog.read(log);
        assertThat(all.get(0).sequence()).isGreaterThan(1);
        flip(log.resolve(name(sealed)), 9000);
        assertThat(repair(log).repaired())
                .extracting(ArchiveRepairReport.Repaired::name)
                .containsExactly(name(sealed));
        assertWhole(log);
    }

    @Test
    void damagedLastCareRecordIsNoted() throws IOException {
        archive().tails(4000, Long.MAX_VALUE);
        ArchiveHolds.hold(store, 0, "audit");
        store.damage("care/00000000000000000001", new byte[100]);
        flip(log.resolve(name(1)), 9000);
        ArchiveRepairReport report = repair(log);
        assertThat(report.isComplete()).isTrue();
        assertThat(report.notes()).singleElement().asString().contains("care/00000000000000000001");
        assertWhole(log);
    }

    private void assertNoStagedFiles() throws IOException {
        try (Stream<Path> files = Files.list(log)) {
            assertThat(files.map(file -> file.getFileName().toString())).noneMatch(name -> name.startsWith(".repair"));
        }
    }

    @Test
    void segmentWithoutFooterAndHeaderIsReplaced() throws IOException {
        archive();
        flip(log.resolve(name(2)), 40);
        byte[] bytes = Files.readAllBytes(log.resolve(name(1)));
        Files.write(log.resolve(name(1)), java.util.Arrays.copyOf(bytes, bytes.length - 100));
        assertThat(repair(log).repaired()).hasSize(2);
        assertWhole(log);
    }

    @Test
    void soundLogIsNotChanged() throws IOException {
        archive().tails(4000, Long.MAX_VALUE);
        List<Path> before = files();
        ArchiveRepairReport report = repair(log);
        assertThat(report).isEqualTo(new ArchiveRepairReport(List.of(), List.of(), List.of()));
        assertThat(files()).isEqualTo(before);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(log)) {
            return files.sorted().toList();
        }
    }

    @Test
    void segmentThatIsNotArchivedIsNamedAndStays() throws IOException {
        new TestArchive(store, log).segment(1);
        flip(log.resolve(name(1)), 9000);
        flip(log.resolve(name(2)), 9000);
        ArchiveRepairReport report = repair(log);
        assertThat(report.repaired())
                .extracting(ArchiveRepairReport.Repaired::name)
                .containsExactly(name(1));
        assertThat(report.isComplete()).isFalse();
        assertThat(report.untouched()).hasSize(1);
        assertThat(report.untouched().get(0).key()).isEqualTo(name(2));
        assertThat(report.untouched().get(0).reason()).contains("no slot commits it");
        assertThat(log.resolve(name(2) + SUFFIX)).doesNotExist();
    }

    @Test
    void missingActiveSegmentGetsItsArchivedBeginning() throws IOException {
        TestArchive archive = archive().tails(1000, Long.MAX_VALUE);
        assertThat(archive.archived().sequence()).isEqualTo(RECORDS);
        Files.delete(log.resolve("orders_current.wal"));
        ArchiveRepairReport report = repair(log);
        assertThat(report.repaired()).hasSize(1);
        assertThat(report.repaired().get(0).name()).isEqualTo("orders_current.wal");
        assertThat(report.repaired().get(0).cause()).isEqualTo(Cause.MISSING);
        assertWhole(log);
    }

    @Test
    void lostEndOfALogIsFetched() throws IOException {
        archive().tails(1000, Long.MAX_VALUE);
        Files.delete(log.resolve("orders_current.wal"));
        Files.delete(log.resolve(name(sealed)));
        assertThat(repair(log).repaired()).hasSize(2);
        assertWhole(log);
    }

    @Test
    void damagedActiveSegmentKeepsItsRecordsAfterTheArchive() throws IOException {
        long first = all.get(all.size() - 1).sequence() - 20;
        TestArchive archive = archive().tails(100, first);
        assertThat(archive.archived().sequence()).isLessThan(RECORDS);
        int damaged = (int) archive.archived().position() - 20;
        assertThat(damaged).isGreaterThan(4096);
        flip(log.resolve("orders_current.wal"), damaged);
        assertThat(verify(log).isSound()).isFalse();
        ArchiveRepairReport report = repair(log);
        assertThat(report.repaired()).hasSize(1);
        assertThat(report.repaired().get(0).other()).isEqualTo("orders_current.wal" + SUFFIX);
        assertWhole(log);
    }

    @Test
    void damageInTheActiveSegmentAfterTheArchiveStays() throws IOException {
        long first = all.get(all.size() - 1).sequence() - 20;
        TestArchive archive = archive().tails(100, first);
        flip(log.resolve("orders_current.wal"), (int) archive.archived().position() + 200);
        byte[] before = Files.readAllBytes(log.resolve("orders_current.wal"));
        assertThat(verify(log).isSound()).isFalse();
        try {
            ArchiveRepairReport report = repair(log);
            assertThat(report.repaired()).isEmpty();
            assertThat(report.isComplete()).isFalse();
        } catch (WalRestoreException e) {
            assertThat(e.reason()).isEqualTo(Reason.DIVERGED);
        }
        assertThat(Files.readAllBytes(log.resolve("orders_current.wal"))).isEqualTo(before);
    }

    @Test
    void missingActiveSegmentOfWhichNothingIsArchivedStaysMissing() throws IOException {
        archive();
        Files.delete(log.resolve("orders_current.wal"));
        ArchiveRepairReport report = repair(log);
        assertThat(report.repaired()).isEmpty();
        assertThat(report.untouched()).hasSize(1);
    }

    @Test
    void logThatIsBehindIsNotChanged() throws IOException {
        Path older = dir.resolve("older");
        try (Wal wal = SmallLog.open(older)) {
            SmallLog.append(wal, RECORDS);
        }
        Path before = dir.resolve("before");
        Files.createDirectory(before);
        try (Stream<Path> files = Files.list(older)) {
            for (Path file : files.toList()) {
                Files.copy(file, before.resolve(file.getFileName()));
            }
        }
        try (Wal wal = SmallLog.open(older)) {
            SmallLog.append(wal, RECORDS);
        }
        new TestArchive(store, older)
                .segments(1, LogFiles.of(older).sealed().size())
                .tails(1000, Long.MAX_VALUE);
        all = SmallLog.read(before);
        ArchiveRepairReport report = repair(before);
        assertThat(report.repaired()).isEmpty();
        assertThat(report.notes().get(0)).contains("restore with merge");
        assertWhole(before);
    }

    @Test
    void openLogIsRefused() throws IOException {
        archive();
        try (Wal wal = SmallLog.open(log)) {
            assertThat(wal.lastSequence()).isEqualTo(RECORDS);
            assertThatThrownBy(() -> repair(log)).isInstanceOf(WalLockedException.class);
        }
    }

    @Test
    void anotherLogIsRefused() throws IOException {
        archive();
        Path other = dir.resolve("other");
        try (Wal wal = SmallLog.open(other)) {
            SmallLog.append(wal, 5);
        }
        assertThatThrownBy(() -> repair(other))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.OTHER_LOG));
    }

    @Test
    void damagedObjectLeavesItsSegmentAndRepairsTheOthers() throws IOException {
        archive();
        String key = segmentKey();
        store.damage(key, new byte[] {1, 2, 3});
        flip(log.resolve(name(1)), 9000);
        flip(log.resolve(name(2)), 9000);
        byte[] before = Files.readAllBytes(log.resolve(name(1)));
        ArchiveRepairReport report = repair(log);
        assertThat(report.repaired())
                .extracting(ArchiveRepairReport.Repaired::name)
                .containsExactly(name(2));
        assertThat(report.untouched()).singleElement().satisfies(problem -> {
            assertThat(problem.key()).isEqualTo(name(1));
            assertThat(problem.reason()).contains(key);
        });
        assertThat(Files.readAllBytes(log.resolve(name(1)))).isEqualTo(before);
        assertNoStagedFiles();
    }

    @Test
    void missingActiveSegmentIsNotCreatedAfterASegmentThatCannotBeFetched() throws IOException {
        archive().tails(1000, Long.MAX_VALUE);
        String key = store.objects().keySet().stream()
                .filter(object -> object.startsWith("segments/"))
                .reduce((one, next) -> next)
                .orElseThrow();
        store.damage(key, new byte[] {1, 2, 3});
        Files.delete(log.resolve("orders_current.wal"));
        Files.delete(log.resolve(name(sealed)));
        ArchiveRepairReport report = repair(log);
        assertThat(report.repaired()).isEmpty();
        assertThat(report.untouched())
                .anyMatch(problem ->
                        problem.key().equals(name(sealed)) && problem.reason().contains(key));
        assertThat(log.resolve("orders_current.wal")).doesNotExist();
        assertThat(verify(log).isSound()).isFalse();
        assertNoStagedFiles();
    }

    @Test
    void objectThatIsRetiredMeanwhileIsNamedAsRetired() throws IOException {
        archive();
        flip(log.resolve(name(1)), 9000);
        List<Segment> segments = CaredArchive.proof(store).segments();
        LogRepair repair = new LogRepair(
                LogFiles.of(log).storage(),
                store,
                new Retries(attempt -> {}),
                CaredArchive.proof(store),
                Floor.NONE,
                SUFFIX,
                WalProgress.NONE);
        Cut cut = new Cut(2, segments.get(1).firstSequence());
        CareWriter care =
                new CareWriter(store, new Retries(attempt -> {}), CaredArchive.identity(store), CLOCK, "host");
        care.put(Kind.PLAN, tip -> tip.state().planned(new Plan(1, cut, 1, 1, Digest.NONE, Instant.EPOCH)));
        care.put(Kind.DELETE, tip -> tip.state().deleted(new Floor(2, cut, 1, 1, 1, 1)));
        store.remove(segments.get(0).key());
        assertThat(repair.run().untouched())
                .singleElement()
                .satisfies(file -> assertThat(file.reason()).contains("retired from the archive by care record 2"));
    }

    @Test
    void failedRequestLeavesNoStagedFile() throws IOException {
        archive();
        flip(log.resolve(name(1)), 9000);
        flip(log.resolve(name(2)), 9000);
        byte[] before = Files.readAllBytes(log.resolve(name(1)));
        for (int n = 1; ; n++) {
            HeapStore client = store.client(HeapStore.Plan.at(n, HeapStore.Fault.DIE_BEFORE));
            try {
                repair(client, log);
            } catch (WalException e) {
                assertThat(client.isDead()).isTrue();
            }
            assertNoStagedFiles();
            if (!client.isDead()) {
                assertThat(n).isGreaterThan(3);
                break;
            }
            assertThat(Files.readAllBytes(log.resolve(name(1)))).isEqualTo(before);
        }
        assertWhole(log);
    }

    private String segmentKey() {
        return store.objects().keySet().stream()
                .filter(object -> object.startsWith("segments/"))
                .findFirst()
                .orElseThrow();
    }

    // ---- the same records in other files

    /** After a failover and back without any new record. */
    @Test
    void logWithTheSameRecordsInOtherFilesIsRepairedAndShips() throws IOException {
        Path mine = dir.resolve("mine");
        Path theirs = dir.resolve("theirs");
        SmallLog.twins(mine, theirs, RECORDS);
        all = SmallLog.read(mine);
        assertThat(SmallLog.read(theirs)).isEqualTo(all);
        assertThat(ship(theirs)).isEmpty();
        ArchiveDivergence before = ArchiveDivergence.of(store, LogFiles.of(mine), new Retries(attempt -> {}));
        assertThat(before.relation()).isEqualTo(Relation.SAME_RECORDS);
        ArchiveTakeOver.permit(store, LogFiles.of(mine), 1);
        assertThat(ship(mine))
                .hasValueSatisfying(e -> assertThat(((WalShippingRefusedException) e).reason())
                        .isEqualTo(WalShippingRefusedException.Reason.DIVERGED));
        ArchiveRepairReport report = repair(mine);
        assertThat(report.isComplete()).isTrue();
        assertThat(report.repaired())
                .extracting(ArchiveRepairReport.Repaired::cause)
                .contains(Cause.OTHER_FILE);
        assertWhole(mine);
        assertThat(ArchiveDivergence.of(store, LogFiles.of(mine), new Retries(attempt -> {}))
                        .relation())
                .isEqualTo(Relation.SAME);
        assertThat(ship(mine)).isEmpty();
        try (Wal wal = SmallLog.open(mine)) {
            SmallLog.append(wal, 10);
            assertThat(DirectShip.ship(wal, store)).isEmpty();
        }
    }

    private Optional<WalException> ship(Path directory) {
        try (Wal wal = SmallLog.open(directory)) {
            return DirectShip.ship(wal, store);
        }
    }

    @Test
    void recordsAfterOtherFilesAreNotLost() throws IOException {
        Path mine = dir.resolve("mine");
        Path theirs = dir.resolve("theirs");
        SmallLog.twins(mine, theirs, RECORDS);
        assertThat(ship(theirs)).isEmpty();
        try (Wal wal = SmallLog.open(mine)) {
            SmallLog.append(wal, 3);
        }
        all = SmallLog.read(mine);
        assertThatThrownBy(() -> repair(mine))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DIVERGED))
                .hasMessageContaining("Restore with merge")
                .hasMessageContaining("nothing was changed");
        assertWhole(mine);
    }

    @Test
    void recordsAfterTheArchivedOnesInADamagedSegmentAreNotLost() throws IOException {
        Path mine = dir.resolve("mine");
        Path theirs = dir.resolve("theirs");
        Files.createDirectory(theirs);
        try (Wal wal = SmallLog.open(mine)) {
            SmallLog.append(wal, RECORDS);
            for (String name : wal.files().storage().list()) {
                if (!name.equals(wal.files().lockName())) {
                    Files.copy(mine.resolve(name), theirs.resolve(name));
                }
            }
            SmallLog.append(wal, 5);
        }
        SmallLog.open(mine).close();
        assertThat(ship(theirs)).isEmpty();
        Path last = mine.resolve(name(LogFiles.of(mine).sealed().size()));
        assertThat(theirs.resolve(last.getFileName())).exists();
        flip(last, 4096 + 300);
        byte[] before = Files.readAllBytes(last);
        List<Entry> readable = SmallLog.read(ReadOptions.of(mine).salvage());
        assertThat(readable.get(readable.size() - 1).sequence()).isEqualTo(RECORDS + 5);
        assertThatThrownBy(() -> repair(mine))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DIVERGED))
                .hasMessageContaining("record " + (RECORDS + 1) + " is readable")
                .hasMessageContaining("nothing was changed");
        assertThat(Files.readAllBytes(last)).isEqualTo(before);
        assertThat(SmallLog.read(ReadOptions.of(mine).salvage())).isEqualTo(readable);
    }

    @Test
    void logWithOtherRecordsIsRefused() throws IOException {
        Path mine = dir.resolve("mine");
        Path theirs = dir.resolve("theirs");
        SmallLog.twins(mine, theirs, RECORDS);
        for (Path each : List.of(mine, theirs)) {
            try (Wal wal = SmallLog.open(each)) {
                for (int i = 0; i < 300; i++) {
                    wal.appendDurable(9, SmallLog.bytes(each + " " + i + " ".repeat(40)));
                }
            }
        }
        assertThat(ship(theirs)).isEmpty();
        all = SmallLog.read(mine);
        assertThatThrownBy(() -> repair(mine))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DIVERGED))
                .hasMessageContaining("record " + (RECORDS + 1) + " differs");
        assertWhole(mine);
        ArchiveDivergence found = ArchiveDivergence.of(store, LogFiles.of(mine), new Retries(attempt -> {}));
        assertThat(found.relation()).isEqualTo(Relation.FORK);
        assertThat(found.forkSequence()).isEqualTo(RECORDS + 1);
        assertThat(found.localOnly()).isEqualTo(300);
        assertThat(found.archiveOnly()).isEqualTo(300);
    }
}
