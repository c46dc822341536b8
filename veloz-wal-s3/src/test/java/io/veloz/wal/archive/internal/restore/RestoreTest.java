package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreProgress.Stage;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.restore.RestoreReport.Outcome;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestoreTest {
    private static final int MANY = 300;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path source;
    private Path target;

    @BeforeEach
    void nameDirectories() {
        source = dir.resolve("source");
        target = dir.resolve("target");
    }

    private RestoreOptions into() {
        return RestoreOptions.into(target).parallelism(3);
    }

    private RestoreReport restore(RestoreOptions options) {
        return ArchiveRestore.run(
                store, options, new Restore(store, options, new Retries(n -> {}), Directories.REAL)::run);
    }

    private RestorePlan plan(RestoreOptions options) {
        return ArchiveRestore.run(
                store, options, new Restore(store, options, new Retries(n -> {}), Directories.REAL)::plan);
    }

    private Reason refusal(RestoreOptions options) {
        return refused(options).reason();
    }

    private WalRestoreException refused(RestoreOptions options) {
        return catchThrowableOfType(WalRestoreException.class, () -> restore(options));
    }

    private void log(int records) throws IOException {
        SmallLog.idle(source, wal -> SmallLog.append(wal, records));
    }

    /** Archives sealed segments as segments, and the rest as tails. */
    private TestArchive archive() throws IOException {
        var archive = new TestArchive(store, source);
        return archive.segments(1, LogFiles.of(source).sealed().size()).tails(2000, Long.MAX_VALUE);
    }

    private void assertRestored(RestoreReport report) {
        List<Entry> original = SmallLog.read(source);
        assertThat(SmallLog.read(target)).isEqualTo(original);
        assertThat(report.records()).isEqualTo(original.size());
        assertThat(report.lastTimestampNanos())
                .isEqualTo(original.get(original.size() - 1).timestampNanos());
        assertThat(Files.exists(target.resolve(".restore"))).isFalse();
        try (Wal wal = SmallLog.open(target)) {
            assertThat(wal.recovery().lost()).isEmpty();
            assertThat(wal.appendDurable(1, SmallLog.bytes("next"))).isEqualTo(original.size() + 1);
        }
    }

    // ---- the complete log

    @Test
    void segmentsAndTailsBecomeTheSameLogAgain() throws IOException {
        log(MANY);
        archive();
        RestoreReport report = restore(into());
        assertThat(report.outcome()).isEqualTo(Outcome.RESTORED);
        assertThat(report.plan().segments()).isPositive();
        assertThat(report.plan().tails()).isPositive();
        assertThat(report.logId()).isEqualTo(report.plan().logId());
        assertRestored(report);
    }

    @Test
    void tailsOfSeveralSegmentsBecomeTheSameLogAgain() throws IOException {
        log(MANY);
        new TestArchive(store, source).tails(3000, Long.MAX_VALUE);
        RestoreReport report = restore(into());
        assertThat(report.plan().segments()).isZero();
        assertRestored(report);
    }

    @Test
    void archiveThatEndsWithASealedSegmentContinuesInTheNext() throws IOException {
        log(MANY);
        new TestArchive(store, source).segments(1, 1);
        RestoreReport report = restore(into());
        assertThat(SmallLog.read(target)).isEqualTo(SmallLog.read(source).subList(0, (int) report.lastSequence()));
    }

    @Test
    void droppedTailsOfCommittedSegmentsAreNotRequired() throws IOException {
        log(MANY);
        new TestArchive(store, source)
                .tails(1000, 200)
                .segment(1)
                .epoch()
                .segment(2)
                .dropTails()
                .tails(1000, Long.MAX_VALUE);
        assertRestored(restore(into()));
    }

    @Test
    void archiveWithoutRecordsBecomesAnEmptyLogOfTheSameId() throws IOException {
        log(0);
        new TestArchive(store, source);
        RestoreReport report = restore(into());
        try (Wal wal = SmallLog.open(target)) {
            assertThat(wal.recovery().logId()).isEqualTo(report.plan().logId());
            assertThat(wal.appendDurable(1, SmallLog.bytes("first"))).isEqualTo(1);
        }
    }

    @Test
    void planFetchesNothing() throws IOException {
        log(MANY);
        archive();
        RestorePlan plan = plan(into());
        assertThat(plan.lastSequence()).isEqualTo(MANY);
        assertThat(plan.archivedSequence()).isEqualTo(MANY);
        assertThat(Files.list(dir)).containsExactly(source);
    }

    @Test
    void restoreKeepsTheInterruptFlag() throws IOException {
        log(MANY);
        archive();
        Thread.currentThread().interrupt();
        RestoreReport report = restore(into());
        assertThat(Thread.interrupted()).isTrue();
        assertRestored(report);
    }

    // ---- checkpoints

    @Test
    void newestCheckpointIsRestored() throws IOException {
        log(0);
        try (Wal wal = SmallLog.open(source)) {
            SmallLog.append(wal, 50);
            wal.writeCheckpoint(40, out -> out.write(7));
        }
        new TestArchive(store, source).tails(1000, Long.MAX_VALUE).checkpoint(source, 40);
        restore(into());
        WalCheckpoint found = WalCheckpoint.newest(ReadOptions.of(target)).orElseThrow();
        assertThat(found.sequence()).isEqualTo(40);
        assertThat(found.open().read()).isEqualTo(7);
    }

    @Test
    void checkpointIsWrittenToAPointInTimeLog() throws IOException {
        log(0);
        try (Wal wal = SmallLog.open(source)) {
            SmallLog.append(wal, 50);
            wal.writeCheckpoint(40, out -> out.write(7));
        }
        new TestArchive(store, source).tails(1000, Long.MAX_VALUE).checkpoint(source, 40);
        restore(into().untilSequence(45));
        assertThat(WalCheckpoint.newest(ReadOptions.of(target)).orElseThrow().sequence())
                .isEqualTo(40);
        target = dir.resolve("earlier");
        restore(into().untilSequence(39));
        assertThat(WalCheckpoint.newest(ReadOptions.of(target))).isEmpty();
    }

    @Test
    void trimmedArchiveRequiresACheckpoint() throws IOException {
        log(MANY);
        try (Wal wal = SmallLog.open(source)) {
            wal.writeCheckpoint(200, out -> out.write(1));
            wal.writeCheckpoint(250, out -> out.write(1));
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
        }
        var begin = WalRecovery.inspect(ReadOptions.of(source));
        var archive = new TestArchive(store, source, begin.segments().get(0).number(), begin.expectedFirstSequence())
                .tails(1000, Long.MAX_VALUE);
        assertThat(refusal(into())).isEqualTo(Reason.GAP);
        archive.checkpoint(source, 200);
        assertThat(restore(into()).firstSequence()).isEqualTo(begin.expectedFirstSequence());
        assertThat(SmallLog.read(target)).isEqualTo(SmallLog.read(source));
    }

    // ---- up to a point

    @Test
    void everySequenceCanBeTheLast() throws IOException {
        SmallLog.idle(source, wal -> {
            SmallLog.append(wal, 100);
            var group = new RecordGroup();
            for (int i = 0; i < 5; i++) {
                group.add(9, SmallLog.bytes("grouped " + i));
            }
            wal.appendDurable(group);
            SmallLog.append(wal, 60);
        });
        List<Entry> all = SmallLog.read(source);
        archive();
        for (int until : new int[] {1, 100, 101, 104, 105, all.size()}) {
            target = dir.resolve("until-" + until);
            RestoreReport report = restore(into().untilSequence(until));
            int whole = until > 100 && until < 105 ? 100 : until;
            assertThat(SmallLog.read(target)).isEqualTo(all.subList(0, whole));
            assertThat(report.outcome()).isEqualTo(Outcome.COPIED);
            assertThat(report.logId()).isNotEqualTo(report.plan().logId());
            assertThat(report.lastSequence()).isEqualTo(whole);
        }
        assertThat(refusal(into().untilSequence(all.size() + 1))).isEqualTo(Reason.BEYOND_ARCHIVE);
    }

    @Test
    void timeEndsBeforeTheFirstLaterRecord() throws IOException {
        log(150);
        List<Entry> all = SmallLog.read(source);
        archive();
        for (int i : new int[] {0, 99, 149}) {
            long time = all.get(i).timestampNanos();
            long expected = all.stream()
                    .takeWhile(entry -> entry.timestampNanos() <= time)
                    .count();
            target = dir.resolve("until-" + i);
            restore(into().untilTime(time));
            assertThat(SmallLog.read(target)).isEqualTo(all.subList(0, (int) expected));
        }
        assertThat(refusal(RestoreOptions.into(dir.resolve("x"))
                        .untilTime(all.get(0).timestampNanos() - 1)))
                .isEqualTo(Reason.BEYOND_ARCHIVE);
    }

    @Test
    void timeInAnotherUnitIsRejectedByPlanAndRestore() throws IOException {
        log(150);
        new TestArchive(store, source).segment(1).tails(1000, Long.MAX_VALUE);
        long nanos = SmallLog.read(source).get(149).timestampNanos();
        for (long unit : new long[] {1_000_000_000, 1_000_000, 1_000}) {
            RestoreOptions options = into().untilTime(nanos / unit);
            WalRestoreException refused = catchThrowableOfType(WalRestoreException.class, () -> plan(options));
            assertThat(refused.reason()).isEqualTo(Reason.BEYOND_ARCHIVE);
            assertThat(refused).hasMessageContaining("expected nanoseconds");
            assertThat(refusal(options)).isEqualTo(Reason.BEYOND_ARCHIVE);
        }
        assertThat(target).doesNotExist();
        Instant last = Instant.ofEpochSecond(nanos / 1_000_000_000, nanos % 1_000_000_000);
        assertThat(into().untilTime(last).untilTimeNanos()).isEqualTo(nanos);
        assertThat(restore(into().untilTime(last)).lastSequence()).isEqualTo(150);
    }

    @Test
    void timeBeforeTheFirstRecordIsRejectedByThePlan() throws IOException {
        log(150);
        new TestArchive(store, source).segment(1);
        long first = SmallLog.read(source).get(0).timestampNanos();
        assertThat(catchThrowableOfType(WalRestoreException.class, () -> plan(into().untilTime(first - 1)))
                        .reason())
                .isEqualTo(Reason.BEYOND_ARCHIVE);
        assertThat(restore(into().untilTime(first)).lastSequence()).isPositive();
    }

    @Test
    void planUpToASequenceEndsWithThatSequence() throws IOException {
        log(MANY);
        archive();
        assertThat(plan(into().untilSequence(20)).lastSequence()).isEqualTo(20);
        assertThat(plan(into().untilSequence(MANY)).lastSequence()).isEqualTo(MANY);
    }

    @Test
    void archiveThatEndsTooEarlyIsRejectedBeforeAnyChange() throws IOException {
        log(60);
        copyDirectory(source, target);
        new TestArchive(store, source).tails(1, 50);
        WalRestoreException refused = refused(into().merge().atLeast(51));
        assertThat(refused.reason()).isEqualTo(Reason.ARCHIVE_TOO_SHORT);
        assertThat(refused.firstSequence()).isEqualTo(51);
        assertThat(catchThrowableOfType(WalRestoreException.class, () -> plan(into().atLeast(51)))
                        .reason())
                .isEqualTo(Reason.ARCHIVE_TOO_SHORT);
        assertThat(SmallLog.read(target)).hasSize(60);
        target = dir.resolve("new");
        assertThat(refusal(into().atLeast(51))).isEqualTo(Reason.ARCHIVE_TOO_SHORT);
        assertThat(target).doesNotExist();
        assertThat(restore(into().atLeast(50)).lastSequence()).isEqualTo(50);
    }

    @Test
    void onlyRequiredObjectsAreFetched() throws IOException {
        log(MANY);
        archive();
        String second = ArchiveKeys.segment("orders", 2, 1);
        store.damage(second, new byte[10]);
        assertThat(restore(into().untilSequence(20)).lastSequence()).isEqualTo(20);
        WalRestoreException refused = refused(RestoreOptions.into(dir.resolve("all")));
        assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
        assertThat(refused.key()).contains(second);
        assertThat(refused.firstSequence()).isGreaterThan(20);
    }

    // ---- damaged archives

    @Test
    void storeThatBecomesUnavailableFailsTheRestoreAtTheFirstTail() throws IOException {
        log(MANY);
        new TestArchive(store, source).tails(1, Long.MAX_VALUE);
        AtomicInteger failed = new AtomicInteger();
        AtomicBoolean away = new AtomicBoolean();
        store.plan(request -> away.get() && failed.incrementAndGet() > 0 ? Fault.FAIL : null);
        RestoreOptions options = into().parallelism(1).progress((stage, done, total) -> {
            if (stage == Stage.FETCH) {
                away.set(true);
            }
        });
        assertThat(refusal(options)).isEqualTo(Reason.STORE_UNAVAILABLE);
        assertThat(failed.get()).as("requests that failed").isBetween(1, 3 * Retries.ATTEMPTS);
    }

    @Test
    void storeWithoutAnArchiveIsRejected() {
        assertThat(refusal(into())).isEqualTo(Reason.NOT_AN_ARCHIVE);
        assertThat(dir).isEmptyDirectory();
    }

    @Test
    void unexpectedLogIsRejected() throws IOException {
        log(1);
        archive();
        assertThat(refusal(into().expectedLogId("0".repeat(32)))).isEqualTo(Reason.OTHER_LOG);
    }

    @Test
    void missingTailIsAnErrorUnlessItIsAfterThePoint() throws IOException {
        log(60);
        var archive = new TestArchive(store, source).tails(1, Long.MAX_VALUE);
        long slot = archive.tailSlots().get(30);
        store.delete(List.of(ArchiveKeys.slot(slot)));
        WalRestoreException refused = refused(into());
        assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
        assertThat(refused.key()).contains(ArchiveKeys.slot(slot));
        assertThat(refused.firstSequence()).isEqualTo(31);
        assertThat(refused).hasMessageContaining("restore up to record 30");
        assertThat(restore(into().untilSequence(30)).notes()).anyMatch(note -> note.contains("slot " + slot));
        assertThat(SmallLog.read(target)).isEqualTo(SmallLog.read(source).subList(0, 30));
    }

    @Test
    void everyByteOfASlotIsVerified() throws IOException {
        log(3);
        var archive = new TestArchive(store, source).tails(1, Long.MAX_VALUE);
        String key = ArchiveKeys.slot(archive.slots() - 1);
        byte[] bytes = store.objects().get(key);
        for (int i = 0; i < bytes.length; i += 7) {
            byte[] changed = bytes.clone();
            changed[i] ^= 1;
            store.damage(key, changed);
            assertThat(catchThrowableOfType(WalRestoreException.class, () -> plan(into()))
                            .key())
                    .contains(key);
        }
    }

    @Test
    void objectThatIsTruncatedAtAnyByteIsAnError() throws IOException {
        log(200);
        archive();
        String key = ArchiveKeys.segment("orders", 1, 1);
        byte[] bytes = store.objects().get(key);
        for (int length = 0; length < bytes.length; length += 397) {
            store.damage(key, java.util.Arrays.copyOf(bytes, length));
            WalRestoreException refused = refused(into());
            assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
            assertThat(refused.key()).contains(key);
        }
        store.damage(key, bytes);
        assertRestored(restore(into()));
    }

    @Test
    void declaredGapIsAnErrorUnlessGapsAreAccepted() throws IOException {
        log(MANY);
        var sealed = LogFiles.of(source);
        long first = sealed.sealed(2).orElseThrow().firstSequence();
        long last = sealed.sealed(2).orElseThrow().lastSequence();
        var archive = new TestArchive(store, source).segment(1).gap(first, last, 3);
        archive.segment(3);
        WalRestoreException refused = refused(into());
        assertThat(refused.reason()).isEqualTo(Reason.GAP);
        assertThat(refused.firstSequence()).isEqualTo(first);
        assertThat(refused.lastSequence()).isEqualTo(last);
        assertThat(refused).hasMessageContaining("spool was full");
        RestoreReport report = restore(into().acceptGaps());
        assertThat(report.outcome()).isEqualTo(Outcome.COPIED);
        assertThat(report.lost()).hasSize(1);
        assertThat(report.lost().get(0).firstSequence()).isEqualTo(first);
        assertThat(SmallLog.read(target)).noneMatch(entry -> entry.sequence() >= first && entry.sequence() <= last);
    }

    @Test
    void strayClaimIsReportedAndNotUsed() throws IOException {
        log(100);
        new TestArchive(store, source).tails(2000, 50);
        Map<String, byte[]> stale = store.objects();
        var archive = new TestArchive(new HeapStore(), source).tails(2000, 50);
        store.delete(List.copyOf(stale.keySet()));
        // A writer with a stale list leaves a slot with a number between others that no slot references.
        var real = new TestArchive(store, source).tails(1, 60).segment(1);
        long hole = real.tailSlots().get(5);
        real.dropTails().tails(1, Long.MAX_VALUE);
        var other = new HeapStore();
        var claim = new TestArchive(other, source);
        while (claim.slots() < hole) {
            claim.epoch();
        }
        String key = ArchiveKeys.slot(hole);
        store.damage(key, other.objects().get(key));
        RestoreReport report = restore(into());
        assertThat(report.plan().strays()).containsExactly("slot " + hole);
        assertThat(archive.slots()).isPositive();
        assertRestored(report);
    }

    // ---- an existing log

    @Test
    void logThatIsAheadIsNotChanged() throws IOException {
        log(100);
        new TestArchive(store, source).tails(1000, 60);
        target = source;
        RestoreReport report = restore(into());
        assertThat(report.outcome()).isEqualTo(Outcome.ALREADY_THERE);
        assertThat(report.localAhead()).isEqualTo(100 - report.plan().archivedSequence());
        assertThat(report.fetchedBytes()).isZero();
    }

    @Test
    void logThatIsBehindIsMergedOnRequestOnly() throws IOException {
        log(60);
        copyDirectory(source, target);
        log(MANY);
        archive();
        assertThat(refused(into())).hasMessageContaining("up to record 60").hasMessageContaining("restore with merge");
        RestoreReport report = restore(into().merge());
        assertThat(report.outcome()).isEqualTo(Outcome.MERGED);
        assertThat(SmallLog.read(report.keptDirectory().orElseThrow())).hasSize(60);
        assertRestored(report);
    }

    @Test
    void damagedLogIsMergedFromItsTailAndTheArchive() throws IOException {
        log(MANY);
        List<Entry> all = SmallLog.read(source);
        var archive = new TestArchive(store, source).segment(1).segment(2).tails(1000, MANY - 20);
        assertThat(archive.archived().sequence()).isLessThan(MANY);
        Path second = source.resolve("orders_0000000000000002.wal");
        byte[] bytes = Files.readAllBytes(second);
        bytes[6000] ^= 1;
        Files.write(second, bytes);
        target = source;
        assertThat(refusal(into())).isEqualTo(Reason.TARGET_NOT_EMPTY);
        RestoreReport report = restore(into().merge());
        assertThat(report.outcome()).isEqualTo(Outcome.MERGED);
        assertThat(report.localAhead()).isPositive();
        assertThat(SmallLog.read(target)).isEqualTo(all);
        assertThat(report.keptDirectory().orElseThrow().resolve(second.getFileName()))
                .hasBinaryContent(bytes);
    }

    @Test
    void divergedLogIsRejectedAndNotChanged() throws IOException {
        log(100);
        copyDirectory(source, target);
        log(50);
        new TestArchive(store, source).tails(1000, Long.MAX_VALUE);
        try (Wal wal = SmallLog.open(target)) {
            wal.appendDurable(1, SmallLog.bytes("something else"));
            SmallLog.append(wal, 80);
        }
        List<Entry> before = SmallLog.read(target);
        assertThat(refusal(into())).isEqualTo(Reason.DIVERGED);
        assertThat(refusal(into().merge())).isEqualTo(Reason.DIVERGED);
        assertThat(SmallLog.read(target)).isEqualTo(before);
    }

    @Test
    void otherLogInTheTargetIsRejected() throws IOException {
        log(10);
        archive();
        try (Wal wal = SmallLog.open(target)) {
            SmallLog.append(wal, 10);
        }
        assertThat(refusal(into().merge())).isEqualTo(Reason.OTHER_LOG);
    }

    @Test
    void filesThatAreNotALogAreRejected() throws IOException {
        log(10);
        archive();
        Files.createDirectories(target);
        Files.writeString(target.resolve("notes.txt"), "mine");
        assertThat(refusal(into().merge())).isEqualTo(Reason.TARGET_NOT_EMPTY);
        assertThat(target.resolve("notes.txt")).hasContent("mine");
    }

    @Test
    void openLogIsRejected() throws IOException {
        try (Wal wal = SmallLog.open(source)) {
            SmallLog.append(wal, 10);
            archive();
            target = source;
            assertThatThrownBy(() -> restore(into())).isInstanceOf(WalLockedException.class);
        }
    }

    @Test
    void foreignStagingDirectoryIsRejected() throws IOException {
        log(10);
        archive();
        Files.createDirectories(target.resolve(".restore"));
        Files.writeString(target.resolve(".restore/notes.txt"), "mine");
        assertThat(refusal(into())).isEqualTo(Reason.TARGET_NOT_EMPTY);
        assertThat(target.resolve(".restore/notes.txt")).hasContent("mine");
    }

    private static void copyDirectory(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                if (Files.isRegularFile(file)) {
                    Files.copy(file, to.resolve(file.getFileName()));
                }
            }
        }
    }
}
