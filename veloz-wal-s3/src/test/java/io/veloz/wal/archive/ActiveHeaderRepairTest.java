package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
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
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SegmentReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The repair of an active segment with a damaged header page. */
@Timeout(60)
class ActiveHeaderRepairTest {
    private static final String ACTIVE = "orders_current.wal";
    private static final int RECORDS = 500;
    private static final int PAGE = 4096;
    private static final int LOG_ID = 24;
    private static final int FIRST_MARK = 512;
    private static final int SECOND_MARK = 1024;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path log;
    private Path file;
    private byte[] intact;
    private List<Entry> all;
    private int sealed;
    private long first;
    private TestArchive archive;

    @BeforeEach
    void makeLog() throws IOException {
        use(dir.resolve("log"));
    }

    private void use(Path directory) throws IOException {
        log = directory;
        if (!Files.exists(log)) {
            SmallLog.idle(log, wal -> SmallLog.append(wal, RECORDS));
        }
        file = log.resolve(ACTIVE);
        intact = Files.readAllBytes(file);
        all = SmallLog.read(log);
        sealed = LogFiles.of(log).sealed().size();
        first = LogFiles.of(log).sealed(sealed).orElseThrow().lastSequence() + 1;
        assertThat(RECORDS - first).isGreaterThan(20);
    }

    /** The archive has the sealed segments, and tails of the active one up to a record. */
    private void archiveUntil(long sequence) throws IOException {
        archive = new TestArchive(store, log).segments(1, sealed).tails(500, sequence);
        assertThat(archive.archived().segment()).isEqualTo(sealed + 1);
    }

    private long middle() {
        return (first + RECORDS) / 2;
    }

    private String name(int segment) {
        return LogFiles.of(log).sealedName(segment);
    }

    /** Returns the position of the batch with a record. */
    private int positionOf(long sequence) throws IOException {
        try (SegmentReader reader = SegmentReader.open(LogFiles.of(log), sealed + 1, 0, first - 1)) {
            while (reader.next()) {
                if (reader.lastSequence() == sequence) {
                    return (int) reader.position();
                }
            }
        }
        throw new AssertionError("no record " + sequence);
    }

    private void damage(int... positions) throws IOException {
        flip(file, positions);
        assertThat(verify().isSound()).isFalse();
    }

    private static void flip(Path damaged, int... positions) throws IOException {
        byte[] bytes = Files.readAllBytes(damaged);
        for (int position : positions) {
            bytes[position] ^= 1;
        }
        Files.write(damaged, bytes);
    }

    private void zero(int from, int to) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, from, to, (byte) 0);
        Files.write(file, bytes);
    }

    private void truncate(int length) throws IOException {
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), length));
    }

    private byte[] intactWithZeros(int from, int to) {
        byte[] bytes = intact.clone();
        Arrays.fill(bytes, from, to, (byte) 0);
        return bytes;
    }

    private ArchiveRepairReport repair() {
        return ArchiveRepair.log(
                store, LogFiles.of(log), WalProgress.NONE, new Retries(attempt -> {}), LogRepairTest.CLOCK);
    }

    private RecoveryReport verify() {
        return WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE);
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

    private void assertRepairedTo(byte[] expected) throws IOException {
        byte[] damaged = Files.readAllBytes(file);
        ArchiveRepairReport report = repair();
        assertThat(report.untouched()).isEmpty();
        assertThat(report.repaired()).singleElement().satisfies(repaired -> {
            assertThat(repaired.name()).isEqualTo(ACTIVE);
            assertThat(repaired.cause()).isEqualTo(Cause.DAMAGED);
            assertThat(log.resolve(repaired.other())).hasBinaryContent(damaged);
        });
        assertThat(file).hasBinaryContent(expected);
        assertWhole();
        assertThat(repair()).isEqualTo(new ArchiveRepairReport(List.of(), List.of(), List.of()));
    }

    private void assertWhole() {
        assertThat(verify().isSound()).isTrue();
        assertThat(SmallLog.read(log)).isEqualTo(all);
    }

    private Problem assertUntouched() throws IOException {
        Map<String, String> before = files();
        ArchiveRepairReport report = repair();
        assertThat(report.repaired()).isEmpty();
        assertThat(files()).isEqualTo(before);
        return untouched(report);
    }

    /** Of a killed log the next segment exists, so the active one counts as missing, too, while its header is unreadable. */
    private static Problem untouched(ArchiveRepairReport report) {
        assertThat(report.untouched())
                .filteredOn(problem -> !problem.key().equals(ACTIVE))
                .allSatisfy(problem -> assertThat(problem.reason()).contains("MISSING", "it may be " + ACTIVE));
        return report.untouched().stream()
                .filter(problem -> problem.key().equals(ACTIVE))
                .findFirst()
                .orElseThrow();
    }

    private void assertDiverged(String why) throws IOException {
        Map<String, String> before = files();
        assertThatThrownBy(this::repair)
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DIVERGED))
                .hasMessageContaining(why)
                .hasMessageContaining("nothing was changed");
        assertThat(files()).isEqualTo(before);
    }

    // ---- what is repaired

    @Test
    void damagedFieldsAreRepairedAndTheMarksStay() throws IOException {
        archiveUntil(middle());
        damage(LOG_ID);
        assertRepairedTo(intact);
    }

    @Test
    void everyFieldIsRepaired() throws IOException {
        archiveUntil(middle());
        for (int at : new int[] {0, 8, 20, LOG_ID, 40, 48, 56, 64, 72, 100, 2000, 4095}) {
            Files.write(file, intact);
            damage(at);
            assertThat(repair().isComplete()).as("byte %d", at).isTrue();
            assertThat(file).as("byte %d", at).hasBinaryContent(intact);
        }
        assertWhole();
    }

    @Test
    void damagedMarksAloneAreNoDamage() throws IOException {
        archiveUntil(middle());
        flip(file, FIRST_MARK + 20, SECOND_MARK + 20);
        Map<String, String> before = files();
        assertThat(repair()).isEqualTo(new ArchiveRepairReport(List.of(), List.of(), List.of()));
        assertThat(files()).isEqualTo(before);
    }

    @Test
    void fieldsAndOneMarkOrBoth() throws IOException {
        archiveUntil(middle());
        for (int[] marks : new int[][] {{FIRST_MARK}, {SECOND_MARK}, {FIRST_MARK, SECOND_MARK}}) {
            Files.write(file, intact);
            flip(file, marks);
            byte[] expected = Files.readAllBytes(file);
            damage(LOG_ID);
            assertThat(repair().isComplete()).isTrue();
            assertThat(file).hasBinaryContent(expected);
            assertWhole();
        }
    }

    @Test
    void zeroedPageIsRepaired() throws IOException {
        archiveUntil(middle());
        zero(0, PAGE);
        assertRepairedTo(intactWithZeros(FIRST_MARK, SECOND_MARK + 512));
    }

    @Test
    void zeroedPageIsRepairedIfTheTailsReachTheEnd() throws IOException {
        archiveUntil(Long.MAX_VALUE);
        zero(0, PAGE);
        assertRepairedTo(intactWithZeros(FIRST_MARK, SECOND_MARK + 512));
    }

    @Test
    void headerAndRecordsInTheTailsAreRepaired() throws IOException {
        archiveUntil(middle());
        damage(LOG_ID, PAGE + 100, positionOf(middle()) + 10);
        assertRepairedTo(intact);
    }

    @Test
    void zeroedBeginningIsRepairedByTheBatchAfterIt() throws IOException {
        archiveUntil(middle());
        zero(0, positionOf(middle() + 1));
        assertRepairedTo(intactWithZeros(FIRST_MARK, SECOND_MARK + 512));
    }

    @Test
    void logOfOneSegmentIsRepaired() throws IOException {
        Path small = dir.resolve("small");
        SmallLog.idle(small, wal -> SmallLog.append(wal, 10));
        log = small;
        file = log.resolve(ACTIVE);
        intact = Files.readAllBytes(file);
        all = SmallLog.read(log);
        new TestArchive(store, log).tails(500, 5);
        damage(LOG_ID);
        assertRepairedTo(intact);
    }

    @Test
    void sealedSegmentIsRepairedInTheSameRun() throws IOException {
        archiveUntil(middle());
        flip(log.resolve(name(1)), 9000);
        damage(LOG_ID);
        assertThat(repair().repaired())
                .extracting(ArchiveRepairReport.Repaired::name)
                .containsExactlyInAnyOrder(name(1), ACTIVE);
        assertThat(file).hasBinaryContent(intact);
        assertWhole();
    }

    @Test
    void sealedSegmentBeforeIsRepairedInTheSameRun() throws IOException {
        archiveUntil(middle());
        Path before = log.resolve(name(sealed));
        byte[] bytes = Files.readAllBytes(before);
        for (int at : new int[] {LOG_ID, 9000, bytes.length - 30}) {
            for (boolean isHeaderLost : new boolean[] {true, false}) {
                flip(before, at);
                if (isHeaderLost) {
                    damage(LOG_ID);
                }
                assertThat(repair().untouched()).as("byte %d", at).isEmpty();
                assertThat(before).hasBinaryContent(bytes);
                assertThat(file).hasBinaryContent(intact);
                assertWhole();
            }
        }
    }

    @Test
    void activeSegmentIsRepairedIfASealedOneCannotBe() throws IOException {
        archiveUntil(middle());
        String object = store.objects().keySet().stream()
                .filter(key -> key.startsWith("segments/"))
                .findFirst()
                .orElseThrow();
        store.damage(object, new byte[] {1, 2, 3});
        flip(log.resolve(name(1)), 9000);
        damage(LOG_ID);
        ArchiveRepairReport report = repair();
        assertThat(report.repaired())
                .extracting(ArchiveRepairReport.Repaired::name)
                .containsExactly(ACTIVE);
        assertThat(report.untouched()).extracting(Problem::key).containsExactly(name(1));
        assertThat(file).hasBinaryContent(intact);
    }

    /** The number of the active segment is not that after the last sealed file. */
    @Test
    void localRecordsStayIfTheSealedSegmentBeforeIsMissing() throws IOException {
        archiveUntil(middle());
        Files.delete(log.resolve(name(sealed)));
        damage(LOG_ID);
        assertThat(repair().isComplete()).isTrue();
        assertThat(file).hasBinaryContent(intact);
        assertWhole();
    }

    @Test
    void archivedSegmentTakesThePlaceOfTheActiveOneThatItIs() throws IOException {
        Path closed = copy("closed");
        SmallLog.open(closed).close();
        new TestArchive(store, closed).segments(1, sealed + 1);
        damage(LOG_ID);
        assertThat(repair().isComplete()).isTrue();
        assertWhole();
    }

    // ---- what stays

    @Test
    void shortenedLogIsNotTakenForComplete() throws IOException {
        archiveUntil(middle());
        truncate(positionOf(middle() - 3));
        damage(LOG_ID);
        assertThat(assertUntouched().reason()).contains("header is unreadable").contains("by the end mark");
    }

    @Test
    void shortenedLogWithoutReadableMarkIsNotTakenForComplete() throws IOException {
        archiveUntil(middle());
        truncate(positionOf(RECORDS - 2));
        zero(0, PAGE);
        assertThat(assertUntouched().reason()).contains("that the archived header states");
    }

    @Test
    void zerosToTheEndAreNotTakenForTheEnd() throws IOException {
        archiveUntil(middle());
        zero(positionOf(middle() - 3), intact.length);
        zero(0, PAGE);
        assertThat(assertUntouched().reason()).contains("no intact local batch reaches the end of the tails");
    }

    @Test
    void fileOfZerosStays() throws IOException {
        archiveUntil(Long.MAX_VALUE);
        zero(0, intact.length);
        assertThat(assertUntouched().reason()).contains("not known which segment it is");
    }

    @Test
    void lossAfterTheTailsStaysVisibleByTheMarks() throws IOException {
        archiveUntil(middle());
        zero(positionOf(middle() + 3), intact.length);
        byte[] expected = Files.readAllBytes(file);
        damage(LOG_ID);
        ArchiveRepairReport report = repair();
        assertThat(report.repaired()).hasSize(1);
        assertThat(report.untouched()).singleElement().satisfies(problem -> {
            assertThat(problem.key()).isEqualTo(ACTIVE);
            assertThat(problem.reason()).contains("by the end mark").contains("after the tails");
        });
        assertThat(file).hasBinaryContent(expected);
        assertThat(verify().isSound()).isFalse();
        assertUntouched();
    }

    @Test
    void sealedSegmentIsRepairedIfTheActiveOneCannotBe() throws IOException {
        archiveUntil(middle());
        byte[] before = Files.readAllBytes(log.resolve(name(1)));
        flip(log.resolve(name(1)), 9000);
        truncate(positionOf(middle() - 3));
        damage(LOG_ID);
        byte[] damaged = Files.readAllBytes(file);
        ArchiveRepairReport report = repair();
        assertThat(report.repaired())
                .extracting(ArchiveRepairReport.Repaired::name)
                .containsExactly(name(1));
        untouched(report);
        assertThat(log.resolve(name(1))).hasBinaryContent(before);
        assertThat(file).hasBinaryContent(damaged);
    }

    @Test
    void activeSegmentWithoutTailsStaysIfTheSealedOneBeforeIsMissing() throws IOException {
        new TestArchive(store, log).segments(1, sealed);
        Files.delete(log.resolve(name(sealed)));
        damage(LOG_ID);
        byte[] damaged = Files.readAllBytes(file);
        ArchiveRepairReport report = repair();
        assertThat(report.repaired())
                .extracting(ArchiveRepairReport.Repaired::name)
                .containsExactly(name(sealed));
        untouched(report);
        assertThat(file).hasBinaryContent(damaged);
        flip(file, LOG_ID);
        assertWhole();
    }

    /** The damaged record may be one that the archived file does not have. */
    @Test
    void activeSegmentWithMoreDamageStaysIfTheArchiveHasASealedOne() throws IOException {
        Path closed = copy("closed");
        SmallLog.open(closed).close();
        new TestArchive(store, closed).segments(1, sealed + 1);
        damage(LOG_ID, positionOf(middle()) + 10);
        byte[] damaged = Files.readAllBytes(file);
        ArchiveRepairReport report = repair();
        assertThat(report.repaired())
                .extracting(ArchiveRepairReport.Repaired::name)
                .containsExactly(name(sealed + 1));
        assertThat(untouched(report).reason()).contains("belong to segment " + (sealed + 1));
        assertThat(file).hasBinaryContent(damaged);
    }

    @Test
    void severalMissingSegmentsBeforeAreRepaired() throws IOException {
        new TestArchive(store, log).segments(1, sealed);
        Files.delete(log.resolve(name(sealed)));
        Files.delete(log.resolve(name(sealed - 1)));
        damage(LOG_ID);
        assertThat(repair().repaired()).hasSize(2);
        flip(file, LOG_ID);
        assertWhole();
    }

    @Test
    void damagedTailIsRefused() throws IOException {
        archiveUntil(middle());
        damage(LOG_ID);
        String key = ArchiveKeys.slot(archive.tailSlots().get(0));
        byte[] bytes = store.objects().get(key).clone();
        bytes[bytes.length - 60] ^= 1;
        store.damage(key, bytes);
        Map<String, String> before = files();
        assertThatThrownBy(this::repair).isInstanceOf(WalRestoreException.class);
        assertThat(files()).isEqualTo(before);
    }

    /** Either the log is whole afterwards, or its damage shows. No local byte after the tails changes, and no record gets lost. */
    @Test
    void noCombinationOfDamageIsTakenForACompleteLog() throws IOException {
        archiveUntil(middle());
        int tailsEnd = positionOf(middle() + 1);
        int[] ends = {PAGE + 200, positionOf(middle() - 2), tailsEnd, positionOf(middle() + 4), positionOf(RECORDS)};
        int whole = 0;
        for (int header = 0; header < 3; header++) {
            for (int end : ends) {
                for (int kind = 0; kind < 4; kind++) {
                    Files.write(file, intact);
                    switch (kind) {
                        case 0 -> flip(file, end + 10);
                        case 1 -> truncate(end);
                        case 2 -> zero(end, intact.length);
                        default -> flip(file, PAGE + 100, end + 10);
                    }
                    List<Entry> readable = SmallLog.read(ReadOptions.of(log).salvage());
                    damageHeader(header);
                    byte[] before = Files.readAllBytes(file);
                    repair();
                    byte[] after = Files.readAllBytes(file);
                    String what = "header " + header + ", end " + end + ", kind " + kind;
                    assertThat(after.length).as(what).isGreaterThanOrEqualTo(before.length);
                    assertThat(Arrays.mismatch(
                                    Arrays.copyOfRange(before, Math.min(tailsEnd, before.length), before.length),
                                    Arrays.copyOfRange(after, Math.min(tailsEnd, before.length), before.length)))
                            .as(what)
                            .isNegative();
                    // Zeros from the last batch on cannot be distinguished from the end if the marks are lost.
                    boolean isShown = header == 0 || kind != 2 || end < tailsEnd;
                    if (verify().isSound() && isShown) {
                        assertThat(SmallLog.read(log)).as(what).isEqualTo(all);
                        whole++;
                    } else if (!Arrays.equals(after, before)) {
                        assertThat(SmallLog.read(ReadOptions.of(log).salvage()))
                                .as(what)
                                .containsAll(readable);
                    }
                }
            }
        }
        assertThat(whole).isGreaterThan(10);
    }

    private void damageHeader(int kind) throws IOException {
        switch (kind) {
            case 0 -> flip(file, LOG_ID);
            case 1 -> flip(file, LOG_ID, FIRST_MARK + 20, SECOND_MARK + 20);
            default -> zero(0, PAGE);
        }
    }

    // ---- other records

    /** Archives a copy with another payload in one record of the same segment, as after a machine was set back to a snapshot. */
    private void archiveFork(long sequence, long until) throws IOException {
        Path theirs = copy("theirs");
        byte[] bytes = intact.clone();
        change(bytes, positionOf(sequence), sequence);
        Files.write(theirs.resolve(ACTIVE), bytes);
        List<Entry> other = SmallLog.read(theirs);
        assertThat(other).hasSameSizeAs(all).isNotEqualTo(all);
        new TestArchive(store, theirs).segments(1, sealed).tails(500, until);
    }

    private Path copy(String name) throws IOException {
        Path copy = dir.resolve(name);
        Files.createDirectory(copy);
        for (String each : LogFiles.of(log).storage().list()) {
            if (LogFiles.of(log).isOwn(each)) {
                Files.copy(log.resolve(each), copy.resolve(each));
            }
        }
        return copy;
    }

    /** Changes the payload of a batch of one record, and the checksums that depend on it. */
    private static void change(byte[] bytes, int batch, long sequence) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long salt = file.getLong(48);
        int record = batch + 56 + (batch == PAGE ? 32 : 0);
        int end = batch + file.getInt(batch + 4);
        bytes[record + 24] ^= 1;
        file.putInt(record + 4, crc(bytes, new long[] {salt, sequence}, record, record + 4, record + 8, end));
        file.putInt(batch + 44, crc(bytes, new long[0], record + 4, record + 8));
        for (int at = batch; file.getInt(at + 4) != 0; at += file.getInt(at + 4)) {
            if (at > batch) {
                file.putInt(at + 40, file.getInt(previous(file, at) + 52));
            }
            file.putInt(at + 52, crc(bytes, new long[] {salt, 56}, at, at + 52));
        }
    }

    private static int previous(ByteBuffer file, int batch) {
        int at = PAGE;
        while (at + file.getInt(at + 4) < batch) {
            at += file.getInt(at + 4);
        }
        return at;
    }

    private static int crc(byte[] bytes, long[] words, int... ranges) {
        CRC32C crc = new CRC32C();
        ByteBuffer start = ByteBuffer.allocate(8 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long word : words) {
            start.putLong(word);
        }
        crc.update(start.array());
        for (int i = 0; i < ranges.length; i += 2) {
            crc.update(bytes, ranges[i], ranges[i + 1] - ranges[i]);
        }
        return (int) crc.getValue();
    }

    @Test
    void otherRecordInTheTailsIsRefused() throws IOException {
        archiveFork(middle() - 3, middle());
        flip(log.resolve(name(1)), 9000);
        damage(LOG_ID);
        assertDiverged("the header is unreadable, and the intact batches from 4096 to ");
    }

    @Test
    void otherRecordAfterDamageIsRefused() throws IOException {
        archiveFork(middle() - 3, middle());
        damage(LOG_ID, PAGE + 100);
        assertDiverged("record " + (middle() - 3) + " differs");
    }

    @Test
    void otherRecordAfterDamageIsRefusedAlsoIfTheHeaderIsIntact() throws IOException {
        archiveFork(middle() - 3, middle());
        damage(PAGE + 100);
        assertDiverged("record " + (middle() - 3) + " differs");
    }

    @Test
    void tailsThatTheBatchAfterThemDoesNotFollowAreNotUsed() throws IOException {
        archiveFork(middle(), middle());
        int other = positionOf(middle());
        damage(LOG_ID, other + 10);
        assertThat(assertUntouched().reason()).contains("not replaced by its tails");
    }

    @Test
    void otherFileOfTheSameNumberStays() throws IOException {
        Path theirs = copy("theirs");
        SmallLog.idle(theirs, wal -> SmallLog.append(wal, 10));
        SmallLog.idle(log, wal -> SmallLog.append(wal, 10));
        sealed++;
        new TestArchive(store, theirs).segments(1, sealed).tails(500, Long.MAX_VALUE);
        intact = Files.readAllBytes(file);
        all = SmallLog.read(log);
        assertThat(LogFiles.of(log).sealed()).hasSize(sealed);
        damage(LOG_ID);
        assertThat(assertUntouched().reason()).contains("not known which segment it is");
        flip(file, LOG_ID);
        assertWhole();
    }
}
