package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveRepairReport.Cause;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SealedSegment;
import io.veloz.wal.spi.SegmentReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The repair of a sealed segment of which the archive has tails only, as a close leaves the last one. */
@Timeout(60)
class TailsRepairTest {
    private static final String SUFFIX = ".damaged-20261129T010203Z";
    private static final int RECORDS = 500;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path log;
    private List<Entry> all;
    private SealedSegment last;
    private Path file;
    private byte[] intact;

    @BeforeEach
    void closeLog() throws IOException {
        use(dir.resolve("log"));
    }

    private void use(Path closed) throws IOException {
        log = closed;
        if (!Files.exists(log)) {
            try (Wal wal = SmallLog.open(log)) {
                SmallLog.append(wal, RECORDS);
            }
        }
        all = SmallLog.read(log);
        LogFiles files = LogFiles.of(log);
        last = files.sealed(files.sealed().size()).orElseThrow();
        file = log.resolve(last.file());
        intact = Files.readAllBytes(file);
        assertThat(last.lastSequence()).isEqualTo(all.size());
        assertThat(last.records()).isGreaterThan(30);
    }

    private TestArchive archive() throws IOException {
        return new TestArchive(store, log).segments(1, last.number() - 1);
    }

    /** Returns an archive with tails of the last segment up to a record, in several slots. */
    private TestArchive tailsUntil(long sequence) throws IOException {
        TestArchive archive = archive().tails(500, sequence);
        assertThat(archive.tailSlots().size()).isGreaterThan(2);
        return archive;
    }

    private long middle() {
        return (last.firstSequence() + last.lastSequence()) / 2;
    }

    /** Returns the position of the batch with a record. */
    private int positionOf(long sequence) throws IOException {
        try (SegmentReader reader = SegmentReader.open(LogFiles.of(log), last.number(), 0, last.firstSequence() - 1)) {
            while (reader.next()) {
                if (reader.lastSequence() == sequence) {
                    return (int) reader.position();
                }
            }
        }
        throw new AssertionError("no record " + sequence);
    }

    private void damage(int... positions) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        for (int position : positions) {
            bytes[position] ^= 1;
        }
        Files.write(file, bytes);
        assertThat(verify().isSound()).isFalse();
    }

    private ArchiveRepairReport repair() {
        return ArchiveRepair.log(
                store, LogFiles.of(log), WalProgress.NONE, new Retries(attempt -> {}), LogRepairTest.CLOCK);
    }

    private RecoveryReport verify() {
        return WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE);
    }

    private Verdict verdict() {
        return verify().segments().stream()
                .filter(segment -> segment.file().equals(last.file()))
                .map(SegmentReport::verdict)
                .findFirst()
                .orElseThrow();
    }

    private void assertRepaired(Cause cause) throws IOException {
        byte[] damaged = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
        ArchiveRepairReport report = repair();
        assertThat(report.untouched()).isEmpty();
        assertThat(report.repaired()).singleElement().satisfies(repaired -> {
            assertThat(repaired.name()).isEqualTo(last.file());
            assertThat(repaired.cause()).isEqualTo(cause);
            assertThat(repaired.other()).isEqualTo(cause == Cause.MISSING ? "" : last.file() + SUFFIX);
        });
        if (cause == Cause.DAMAGED) {
            assertThat(log.resolve(last.file() + SUFFIX)).hasBinaryContent(damaged);
        }
        assertThat(verify().isSound()).isTrue();
        assertThat(SmallLog.read(log)).isEqualTo(all);
        assertThat(repair()).isEqualTo(new ArchiveRepairReport(List.of(), List.of(), List.of()));
    }

    private void assertWholeAgain() throws IOException {
        assertRepaired(Cause.DAMAGED);
        assertThat(verdict()).isEqualTo(Verdict.SEALED);
        assertThat(file).hasBinaryContent(intact);
    }

    /** Returns the digests of all files but the lock, which names its last holder. */
    private Map<String, String> files() throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> found = Files.list(log)) {
            for (Path each : found.toList()) {
                files.put(each.getFileName().toString(), Digest.of(Files.readAllBytes(each)));
            }
        }
        files.remove(LogFiles.of(log).lockName());
        return files;
    }

    private Problem assertUntouched() throws IOException {
        Map<String, String> before = files();
        ArchiveRepairReport report = repair();
        assertThat(report.repaired()).isEmpty();
        assertThat(report.isComplete()).isFalse();
        assertThat(files()).isEqualTo(before);
        return report.untouched().stream()
                .filter(problem -> problem.key().equals(last.file()))
                .findFirst()
                .orElseThrow();
    }

    private void assertLost(long first, long end) throws IOException {
        Problem problem = assertUntouched();
        assertThat(problem.firstSequence()).isEqualTo(first);
        assertThat(problem.lastSequence()).isEqualTo(end);
        assertThat(problem.reason()).contains("does not prove them").contains(last.file());
    }

    private void assertDiverged() throws IOException {
        Map<String, String> before = files();
        assertThatThrownBy(this::repair)
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DIVERGED))
                .hasMessageContaining("nothing was changed");
        assertThat(files()).isEqualTo(before);
    }

    // ---- what the tails prove

    @Test
    void recordsAndHeaderOfALogThatWasClosedAfterItsShipperAreRepaired() throws IOException {
        Path shipped = dir.resolve("shipped");
        try (Wal wal = SmallLog.open(shipped)) {
            SmallLog.append(wal, RECORDS);
            assertThat(DirectShip.ship(wal, store)).isEmpty();
        }
        use(shipped);
        assertThat(CaredArchive.proof(store).segments()).hasSize((int) last.number() - 1);
        damage(40, positionOf(last.firstSequence()) + 60, positionOf(middle()) + 20, positionOf(RECORDS) + 70);
        assertWholeAgain();
        try (Wal wal = SmallLog.open(log)) {
            SmallLog.append(wal, 10);
            assertThat(DirectShip.ship(wal, store)).isEmpty();
        }
    }

    @Test
    void recordsInTailsAreRepairedAndThoseAfterThemStay() throws IOException {
        tailsUntil(middle());
        damage(positionOf(last.firstSequence()), positionOf(middle() - 3) + 70, positionOf(middle()) + 100);
        assertWholeAgain();
    }

    @Test
    void headerIsRepaired() throws IOException {
        tailsUntil(middle());
        damage(24);
        assertWholeAgain();
    }

    @Test
    void everyDamagedByteUpToTheEndOfTheTailsIsRepaired() throws IOException {
        tailsUntil(last.firstSequence() + 20);
        int end = positionOf(last.firstSequence() + 21);
        int repaired = 0;
        for (int at = 0; at < end; at = at < 96 || at >= 4088 ? at + 13 : 4088) {
            Files.write(file, intact);
            byte[] bytes = intact.clone();
            bytes[at] ^= 1;
            Files.write(file, bytes);
            if (!verify().isSound()) {
                assertThat(repair().isComplete()).isTrue();
                assertThat(verify().isSound()).isTrue();
                assertThat(file).hasBinaryContent(intact);
                repaired++;
            }
        }
        assertThat(repaired).isGreaterThan(50);
    }

    @Test
    void zeroedBeginningIsRepaired() throws IOException {
        tailsUntil(middle());
        byte[] bytes = intact.clone();
        Arrays.fill(bytes, 0, positionOf(middle()), (byte) 0);
        Files.write(file, bytes);
        assertWholeAgain();
    }

    @Test
    void damagedFooterIsLeftToTheNextOpenWhichRebuildsIt() throws IOException {
        tailsUntil(Long.MAX_VALUE);
        damage(positionOf(middle()) + 70, intact.length - 3, intact.length - 60);
        assertRepaired(Cause.DAMAGED);
        assertThat(verdict()).isEqualTo(Verdict.UNSEALED);
        SmallLog.open(log).close();
        assertThat(verdict()).isEqualTo(Verdict.SEALED);
        assertThat(file).hasBinaryContent(intact);
    }

    @Test
    void truncatedSegmentIsRepairedIfTheTailsReachItsEnd() throws IOException {
        tailsUntil(Long.MAX_VALUE);
        Files.write(file, Arrays.copyOf(intact, 5000));
        assertRepaired(Cause.DAMAGED);
        SmallLog.open(log).close();
        assertThat(file).hasBinaryContent(intact);
    }

    @Test
    void missingSegmentIsRepairedIfTheTailsReachItsEnd() throws IOException {
        tailsUntil(Long.MAX_VALUE);
        Files.delete(file);
        assertRepaired(Cause.MISSING);
        SmallLog.open(log).close();
        assertThat(file).hasBinaryContent(intact);
    }

    @Test
    void segmentThatIsArchivedAsAWholeIsFetched() throws IOException {
        tailsUntil(middle()).segment(last.number());
        damage(positionOf(middle() - 2) + 70, positionOf(RECORDS - 1) + 70, intact.length - 50);
        assertWholeAgain();
    }

    @Test
    void otherSegmentsAreRepairedToo() throws IOException {
        tailsUntil(middle());
        Path first = log.resolve(LogFiles.of(log).sealedName(1));
        byte[] bytes = Files.readAllBytes(first);
        byte[] before = bytes.clone();
        bytes[9000] ^= 1;
        Files.write(first, bytes);
        damage(positionOf(middle()) + 70);
        assertThat(repair().repaired()).hasSize(2);
        assertThat(verify().isSound()).isTrue();
        assertThat(first).hasBinaryContent(before);
        assertThat(file).hasBinaryContent(intact);
    }

    @Test
    void severalSegmentsInTailsAreRepaired() throws IOException {
        new TestArchive(store, log).segments(1, last.number() - 2).tails(500, middle());
        int damaged = positionOf(middle()) + 70;
        Path before = log.resolve(LogFiles.of(log).sealedName(last.number() - 1));
        byte[] bytes = Files.readAllBytes(before);
        byte[] intactBefore = bytes.clone();
        bytes[9000] ^= 1;
        Files.write(before, bytes);
        damage(24, damaged);
        assertThat(repair().repaired()).hasSize(2);
        assertThat(verify().isSound()).isTrue();
        assertThat(before).hasBinaryContent(intactBefore);
        assertThat(file).hasBinaryContent(intact);
    }

    @Test
    void segmentInTailsOfATrimmedLogIsRepaired() throws IOException {
        tailsUntil(middle());
        try (Wal wal = SmallLog.open(log)) {
            wal.writeCheckpoint(200, out -> out.write(1));
            wal.writeCheckpoint(201, out -> out.write(1));
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
        }
        all = SmallLog.read(log);
        assertThat(all.get(0).sequence()).isGreaterThan(1);
        damage(24, positionOf(middle()) + 70);
        assertWholeAgain();
    }

    // ---- what they do not

    @Test
    void damageAfterTheTailsStaysAndIsNamedWithItsRecords() throws IOException {
        tailsUntil(middle());
        damage(positionOf(middle() + 4) + 70);
        Problem problem = assertUntouched();
        assertThat(problem.firstSequence()).isEqualTo(middle() + 4);
        assertThat(problem.lastSequence()).isEqualTo(middle() + 4);
        assertThat(problem.reason())
                .contains("record " + (middle() + 4) + " lost: " + last.file())
                .contains("up to record " + middle());
    }

    @Test
    void damageInTheTailsIsRepairedAndThatAfterThemStays() throws IOException {
        tailsUntil(middle());
        damage(positionOf(middle() - 4) + 70, positionOf(middle() + 4) + 70, positionOf(middle() + 9) + 70);
        ArchiveRepairReport report = repair();
        assertThat(report.repaired())
                .extracting(ArchiveRepairReport.Repaired::name)
                .containsExactly(last.file());
        assertThat(report.untouched()).singleElement().satisfies(problem -> {
            assertThat(problem.firstSequence()).isEqualTo(middle() + 4);
            assertThat(problem.lastSequence()).isEqualTo(middle() + 9);
            assertThat(problem.reason())
                    .contains("record " + (middle() + 4) + " lost: ")
                    .contains("record " + (middle() + 9) + " lost: ");
        });
        List<Entry> expected = new ArrayList<>(all);
        expected.removeIf(entry -> entry.sequence() == middle() + 4 || entry.sequence() == middle() + 9);
        assertThat(SmallLog.read(ReadOptions.of(log).salvage())).isEqualTo(expected);
        assertThat(assertUntouched().firstSequence()).isEqualTo(middle() + 4);
    }

    @Test
    void damageThatReachesOverTheEndOfTheTailsStays() throws IOException {
        tailsUntil(middle());
        damage(positionOf(middle()) + 70, positionOf(middle() + 1) + 70);
        assertLost(middle(), middle() + 1);
    }

    @Test
    void truncatedSegmentStaysIfTheTailsDoNotReachItsEnd() throws IOException {
        tailsUntil(middle());
        Files.write(file, Arrays.copyOf(intact, positionOf(middle() - 5)));
        assertLost(middle() - 5, RECORDS);
    }

    @Test
    void missingSegmentStaysMissingIfTheTailsDoNotReachItsEnd() throws IOException {
        tailsUntil(middle());
        Files.delete(file);
        assertLost(last.firstSequence(), RECORDS);
    }

    @Test
    void segmentWithoutFooterAndNextSegmentStays() throws IOException {
        tailsUntil(RECORDS - 1);
        int end = positionOf(RECORDS);
        Files.write(file, Arrays.copyOf(intact, end));
        Files.delete(log.resolve("orders_current.wal"));
        damage(24);
        assertThat(assertUntouched().reason()).contains("does not prove them");
    }

    @Test
    void segmentWithATraceOfItsFooterAndNoNextSegmentStays() throws IOException {
        tailsUntil(Long.MAX_VALUE);
        Files.delete(log.resolve("orders_current.wal"));
        damage(24, positionOf(middle()) + 70, intact.length - 60);
        assertThat(assertUntouched().reason()).contains("its footer").contains("does not prove them");
    }

    @Test
    void intactSegmentIsNotReplacedByItsTails() throws IOException {
        tailsUntil(middle());
        Map<String, String> before = files();
        assertThat(repair()).isEqualTo(new ArchiveRepairReport(List.of(), List.of(), List.of()));
        assertThat(files()).isEqualTo(before);
    }

    // ---- tails that are wrong

    @Test
    void changedTailIsRefused() throws IOException {
        TestArchive archive = tailsUntil(middle());
        String key = ArchiveKeys.slot(archive.tailSlots().get(1));
        byte[] bytes = store.objects().get(key).clone();
        bytes[bytes.length - 60] ^= 1;
        store.damage(key, bytes);
        damage(positionOf(middle()) + 70);
        Map<String, String> before = files();
        assertThatThrownBy(this::repair).isInstanceOf(WalRestoreException.class);
        assertThat(files()).isEqualTo(before);
    }

    @Test
    void tailsWithAGapAreRefused() throws IOException {
        TestArchive archive = tailsUntil(middle());
        store.remove(ArchiveKeys.slot(archive.tailSlots().get(1)));
        damage(positionOf(middle()) + 70);
        Map<String, String> before = files();
        assertThatThrownBy(this::repair).isInstanceOf(WalRestoreException.class);
        assertThat(files()).isEqualTo(before);
    }

    @Test
    void tailsOfAnotherLogAreRefused() throws IOException {
        Path other = dir.resolve("other");
        try (Wal wal = SmallLog.open(other)) {
            SmallLog.append(wal, RECORDS);
        }
        new TestArchive(store, other).segments(1, last.number() - 1).tails(500, middle());
        damage(positionOf(middle()) + 70);
        Map<String, String> before = files();
        assertThatThrownBy(this::repair)
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.OTHER_LOG));
        assertThat(files()).isEqualTo(before);
    }

    /** Archives a copy of the log that has continued with other records in its last segment. */
    private void fork() throws IOException {
        Path theirs = dir.resolve("theirs");
        Files.createDirectory(theirs);
        try (Stream<Path> files = Files.list(log)) {
            for (Path each : files.toList()) {
                Files.copy(each, theirs.resolve(each.getFileName()));
            }
        }
        for (Path each : List.of(log, theirs)) {
            try (Wal wal = SmallLog.open(each)) {
                for (int i = 0; i < 40; i++) {
                    wal.appendDurable(9, SmallLog.bytes(each.getFileName() + " " + i + " ".repeat(40)));
                }
            }
        }
        long number = LogFiles.of(theirs).sealed().size();
        new TestArchive(store, theirs).segments(1, number - 1).tails(500, Long.MAX_VALUE);
        use(log);
        assertThat(last.number()).isEqualTo(number);
        assertThat(last.firstSequence()).isEqualTo(RECORDS + 1);
    }

    @Test
    void tailsWithOtherRecordsThanTheIntactOnesAreRefused() throws IOException {
        fork();
        damage(positionOf(last.firstSequence() + 5) + 70);
        assertDiverged();
    }

    @Test
    void tailsOfAForkAreNotUsedAlsoIfNoRecordCanBeCompared() throws IOException {
        fork();
        damage(24);
        assertLost(RECORDS + 1, RECORDS + 40);
    }

    /** The log is a copy that was made, and closed, when the archived segment had fewer records. */
    @Test
    void tailsThatContinueWhereTheSegmentEndsAreNotUsed() throws IOException {
        Path mine = dir.resolve("mine");
        Path theirs = dir.resolve("theirs");
        Files.createDirectory(mine);
        try (Wal wal = SmallLog.open(theirs)) {
            SmallLog.append(wal, RECORDS);
            for (String name : wal.files().storage().list()) {
                if (!name.equals(wal.files().lockName())) {
                    Files.copy(theirs.resolve(name), mine.resolve(name));
                }
            }
            SmallLog.append(wal, 5);
        }
        SmallLog.open(mine).close();
        use(mine);
        new TestArchive(store, theirs).segments(1, last.number() - 1).tails(500, Long.MAX_VALUE);
        damage(positionOf(middle()) + 70);
        assertThat(assertUntouched().reason()).contains("does not prove them");
    }
}
