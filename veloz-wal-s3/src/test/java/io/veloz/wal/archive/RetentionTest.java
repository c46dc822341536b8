package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveCareException.Reason;
import io.veloz.wal.archive.ArchiveRetentionReport.Outcome;
import io.veloz.wal.archive.RetentionNeeds.Need;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.InterposedStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionTest {
    @TempDir
    static Path shared;

    @TempDir
    Path dir;

    private static CaredArchive archive;
    private HeapStore store;
    private CareAccess care;

    @BeforeAll
    static void make() throws IOException {
        archive = CaredArchive.make(shared.resolve("log"));
    }

    @BeforeEach
    void copy() {
        store = archive.newStore();
        care = archive.care(store);
    }

    /** An age that needs no consent, as less than a fifth goes. */
    private static ArchiveRetentionOptions.Builder options() {
        return CaredArchive.options().keepFor(Duration.ofDays(42));
    }

    private ArchiveRetentionReport plan() {
        return ArchiveRetention.plan(care, options().build());
    }

    private ArchiveRetentionReport apply(ArchiveRetentionOptions.Builder options) {
        return ArchiveRetention.apply(care, options.build());
    }

    /** Verifies, plans, waits for the grace, and applies. */
    private ArchiveRetentionReport retire() {
        archive.verify(store);
        plan();
        archive.clock.add(Duration.ofHours(24));
        return apply(options());
    }

    private Reason refusal(Runnable call) {
        return catchThrowableOfType(ArchiveCareException.class, call::run).reason();
    }

    private RestoreReport restore(String name, RestoreOptions options) {
        return DirectRestore.restore(store, options);
    }

    // ---- what may go

    @Test
    void nothingIsPlannedBeforeAVerificationByContent() {
        assertThat(refusal(this::plan)).isEqualTo(Reason.NOTHING_VERIFIED);
        assertThat(store.objects().keySet()).noneMatch(key -> key.startsWith("care/"));
    }

    @Test
    void verificationThatIsTooOldDoesNotCount() {
        archive.verify(store);
        archive.clock.add(Duration.ofDays(36));
        assertThat(refusal(this::plan)).isEqualTo(Reason.NOTHING_VERIFIED);
    }

    @Test
    void planEndsAtACheckpointBeforeTheFirstRecordWithinTheAge() throws IOException {
        archive.verify(store);
        Set<String> before = store.objects().keySet();
        ArchiveRetentionReport plan = plan();
        // 42 of 50 days, and 24 records a day: the records from 193 on. The checkpoint before covers 150.
        Segment first = CaredArchive.proof(store).segments().stream()
                .filter(segment -> segment.lastSequence() > 150)
                .findFirst()
                .orElseThrow();
        assertThat(plan.outcome()).isEqualTo(Outcome.PLANNED);
        assertThat(plan.firstSequence()).isEqualTo(first.firstSequence()).isLessThanOrEqualTo(151);
        assertThat(plan.segments()).isEqualTo(first.number() - 1);
        assertThat(plan.limits().get(0).firstSequence()).isBetween(150L, 193L);
        assertThat(store.objects().keySet()).containsAll(before);
    }

    @Test
    void openPlanIsReturnedAgain() {
        archive.verify(store);
        ArchiveRetentionReport plan = plan();
        long records = ArchiveCare.of(store).record();
        assertThat(plan()).isEqualTo(plan);
        assertThat(ArchiveCare.of(store).record()).isEqualTo(records);
    }

    @Test
    void countKeepsTheNewestSegments() throws IOException {
        archive.verify(store);
        long segments = CaredArchive.proof(store).segments().size();
        ArchiveRetentionReport plan = ArchiveRetention.plan(
                care,
                options().keepFor(Duration.ofDays(1)).keepSegments(segments - 5).build());
        assertThat(plan.segments()).isBetween(1L, 5L);
        assertThat(plan.limits().get(0).what()).startsWith("count");
    }

    @Test
    void logThatIsNotWrittenKeepsItsRecords() {
        archive.clock.add(Duration.ofDays(3650));
        archive.verify(store);
        assertThat(plan().limits().get(0).firstSequence()).isLessThanOrEqualTo(193);
    }

    @Test
    void restartOfALogThatIsNotWrittenKeepsItsRecords() {
        archive.commit(store);
        archive.restart(store);
        archive.clock.now = CaredArchive.RESTARTED;
        archive.verify(store);
        assertThat(plan().limits().get(0).firstSequence()).isBetween(1L, 193L);
    }

    @Test
    void segmentThatIsArchivedDuringAPlanIsNotMissing() {
        archive.verify(store);
        Map<String, byte[]> verified = store.objects();
        for (int n = 1; ; n++) {
            HeapStore each = new HeapStore();
            verified.forEach(each::damage);
            InterposedStore janitor = new InterposedStore(each, n, () -> archive.commit(each));
            assertThat(ArchiveRetention.plan(archive.care(janitor), options().build())
                            .outcome())
                    .as("request " + n)
                    .isEqualTo(Outcome.PLANNED);
            if (!janitor.isReached()) {
                return;
            }
        }
    }

    @Test
    void planForMoreThanAFifthIsRefusedWithItsNumber() {
        archive.verify(store);
        ArchiveRetentionOptions.Builder week = CaredArchive.options();
        ArchiveCareException refused =
                catchThrowableOfType(ArchiveCareException.class, () -> ArchiveRetention.plan(care, week.build()));
        assertThat(refused.reason()).isEqualTo(Reason.TOO_MUCH);
        long number = Long.parseLong(refused.getMessage().replaceAll(".*--yes ([0-9]+)\\).*", "$1"));
        assertThat(refusal(() ->
                        ArchiveRetention.plan(care, week.accept(number - 1).build())))
                .isEqualTo(Reason.TOO_MUCH);
        assertThat(ArchiveRetention.plan(care, week.accept(number).build()).objects())
                .isEqualTo(number);
    }

    // ---- deletion

    @Test
    void nothingIsDeletedBeforeTheGraceEnds() {
        archive.verify(store);
        plan();
        archive.clock.add(Duration.ofHours(23));
        Set<String> before = store.objects().keySet();
        assertThat(apply(options()).outcome()).isEqualTo(Outcome.PLANNED);
        assertThat(store.objects().keySet()).isEqualTo(before);
    }

    @Test
    void exactlyTheObjectsBelowTheFloorAreDeleted() throws IOException {
        Map<String, byte[]> before = store.objects();
        ArchiveRetentionReport report = retire();
        assertThat(report.outcome()).isEqualTo(Outcome.DELETED);
        CaredArchive.assertInvariants(store);
        List<String> gone = new ArrayList<>(before.keySet());
        gone.removeAll(store.objects().keySet());
        assertThat(gone).hasSize((int) report.objects()).isNotEmpty().allMatch(key -> !key.startsWith("ship/"));
        assertThat(gone)
                .noneMatch(CaredArchive.needed(
                        CaredArchive.proof(store),
                        CaredArchive.state(store).floor().cut())::contains);
        assertThat(ArchiveCare.of(store).firstSequence()).isEqualTo(report.firstSequence());
        assertThat(ArchiveCare.of(store).isDeleting()).isFalse();
        assertThat(ArchiveCare.of(store).plan()).isEmpty();
    }

    @Test
    void secondRetentionContinuesAtTheFloor() throws IOException {
        long first = retire().firstSequence();
        assertThat(plan().outcome()).isEqualTo(Outcome.NOTHING);
        ArchiveRetentionReport next = ArchiveRetention.apply(
                care,
                options().keepFor(Duration.ofDays(36)).grace(Duration.ZERO).build());
        assertThat(next.outcome()).isEqualTo(Outcome.DELETED);
        assertThat(next.firstSequence()).isGreaterThan(first);
        CaredArchive.assertInvariants(store);
    }

    @Test
    void orphanOfAFencedWriterIsDeletedAndOneOfTheLastWriterStays() {
        String fenced = ArchiveKeys.segment("orders", 1, 0);
        String current = ArchiveKeys.checkpoint(10, 1);
        store.damage(fenced, new byte[3]);
        store.damage(current, new byte[3]);
        retire();
        assertThat(store.objects().keySet()).doesNotContain(fenced).contains(current);
    }

    // ---- holds and needs

    @Test
    void holdKeepsItsRecordsAlsoAgainstAnOpenPlan() throws IOException {
        archive.verify(store);
        plan();
        ArchiveCare.Hold hold = ArchiveHolds.hold(care, 0, "audit");
        archive.clock.add(Duration.ofHours(24));
        assertThat(apply(options()).outcome()).isEqualTo(Outcome.CLOSED);
        assertThat(ArchiveCare.of(store).retiredBy()).isZero();
        ArchiveHolds.release(care, hold.number());
        assertThat(ArchiveHolds.list(store)).isEmpty();
        assertThat(plan().outcome()).isEqualTo(Outcome.PLANNED);
    }

    @Test
    void holdBelowTheFloorIsRefused() {
        long first = retire().firstSequence();
        assertThat(refusal(() -> ArchiveHolds.hold(care, first - 1, "late"))).isEqualTo(Reason.RETIRED);
        assertThat(ArchiveHolds.hold(care, first, "in time").firstSequence()).isEqualTo(first);
        assertThat(refusal(() -> ArchiveHolds.release(care, 9999))).isEqualTo(Reason.NO_SUCH_HOLD);
    }

    @Test
    void needThatWasCreatedAfterThePlanIsKept() throws IOException {
        archive.verify(store);
        List<Need> needs = new ArrayList<>();
        ArchiveRetentionOptions.Builder options = options().needs(() -> needs);
        ArchiveRetention.plan(care, options.build());
        needs.add(new Need("recovery point 1", 20));
        archive.clock.add(Duration.ofHours(24));
        ArchiveRetentionReport report = apply(options);
        assertThat(report.outcome()).isEqualTo(Outcome.CLOSED);
        assertThat(report.limits().get(0).what()).isEqualTo("recovery point 1");
        assertThat(ArchiveCare.of(store).keepsFrom(20)).isTrue();
    }

    @Test
    void needThatIsRetiredAlreadyKeepsNothing() throws IOException {
        long first = retire().firstSequence();
        Need need = new Need("recovery point 1", first - 1);
        ArchiveRetentionReport report = ArchiveRetention.apply(
                care,
                options()
                        .keepFor(Duration.ofDays(36))
                        .grace(Duration.ZERO)
                        .needs(() -> List.of(need))
                        .build());
        assertThat(report.outcome()).isEqualTo(Outcome.DELETED);
        assertThat(report.firstSequence()).isGreaterThan(first);
        assertThat(report.findings())
                .singleElement()
                .asString()
                .startsWith("recovery point 1 cannot be rolled forward any more")
                .contains("before " + report.firstSequence() + " were retired");
        CaredArchive.assertInvariants(store);
    }

    @Test
    void openPlanDoesNotKeepANeedBelowItsCut() {
        archive.verify(store);
        long first = plan().firstSequence();
        assertThat(ArchiveCare.of(store).keepsFrom(first)).isTrue();
        assertThat(ArchiveCare.of(store).keepsFrom(first - 1)).isFalse();
    }

    @Test
    void recoveryPointsWithoutTheirNeedsAreRefused() {
        archive.verify(store);
        store.damage("points/00000000000000000001", new byte[10]);
        assertThat(refusal(this::plan)).isEqualTo(Reason.POINT_NEEDS);
    }

    // ---- refusals

    @Test
    void objectsOfNoKnownKindAreRefused() {
        archive.verify(store);
        store.damage("segments/orders_0000000000000001.e0000000001.tmp", new byte[10]);
        ArchiveCareException refused = catchThrowableOfType(ArchiveCareException.class, this::plan);
        assertThat(refused.reason()).isEqualTo(Reason.UNKNOWN_OBJECTS);
        assertThat(refused).hasMessageContaining("orders_0000000000000001.e0000000001.tmp");
    }

    @Test
    void clockThatIsBehindIsRefused() {
        archive.verify(store);
        archive.clock.add(Duration.ofMinutes(-6));
        assertThat(refusal(this::plan)).isEqualTo(Reason.CLOCK);
    }

    @Test
    void lostSlotsAreRefused() throws IOException {
        archive.verify(store);
        long kept = CaredArchive.proof(store).tip().kept().number();
        long tip = CaredArchive.proof(store).tip().number();
        for (long slot = kept; slot <= tip; slot++) {
            store.remove(ArchiveKeys.slot(slot));
        }
        assertThat(refusal(this::plan)).isEqualTo(Reason.LOST_SLOTS);
    }

    @Test
    void objectThatIsMissingSinceTheVerificationIsRefused() throws IOException {
        archive.verify(store);
        plan();
        archive.clock.add(Duration.ofHours(24));
        String key = CaredArchive.proof(store).attachments().get(3).key();
        store.remove(key);
        ArchiveCareException refused = catchThrowableOfType(ArchiveCareException.class, () -> apply(options()));
        assertThat(refused.reason()).isEqualTo(Reason.MISSING_OBJECT);
        assertThat(refused).hasMessageContaining(key + " is missing");
        assertThat(ArchiveCare.of(store).retiredBy()).isZero();
    }

    @Test
    void longestAgeKeepsAll() {
        archive.verify(store);
        ArchiveRetentionReport report = ArchiveRetention.plan(
                care, options().keepFor(Duration.ofDays(Integer.MAX_VALUE)).build());
        assertThat(report.outcome()).isEqualTo(Outcome.NOTHING);
    }

    @Test
    void damageThatAVerificationFindsStopsRetention() {
        archive.verify(store);
        plan();
        archive.clock.add(Duration.ofHours(24));
        String key = store.objects().keySet().stream()
                .filter(each -> each.startsWith("segments/"))
                .reduce((one, other) -> other)
                .orElseThrow();
        byte[] bytes = store.objects().get(key);
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
        assertThat(archive.verify(store).isSound()).isFalse();
        assertThat(refusal(() -> apply(options()))).isEqualTo(Reason.NOTHING_VERIFIED);
    }

    // ---- readers

    @Test
    void restoreBeginsAtTheFloor() {
        long first = retire().firstSequence();
        RestoreReport report = restore("all", RestoreOptions.into(dir.resolve("all")));
        List<SmallLog.Entry> all = SmallLog.read(shared.resolve("log"));
        assertThat(SmallLog.read(dir.resolve("all"))).isEqualTo(all.subList((int) first - 1, all.size()));
        assertThat(report.notes()).anyMatch(note -> note.contains("before " + first + " were retired by care record"));
    }

    @Test
    void everyRecordWithinTheAgeCanBeThePointOfARestore() {
        long first = retire().firstSequence();
        for (long until : new long[] {193, 299, 300, 301, 1199}) {
            Path target = dir.resolve("until-" + until);
            restore("point", RestoreOptions.into(target).untilSequence(until));
            assertThat(SmallLog.read(target)).as("up to " + until).hasSize((int) (until - first + 1));
        }
    }

    @Test
    void requestForRetiredRecordsIsRefusedAsRetired() {
        long first = retire().firstSequence();
        WalRestoreException refused = catchThrowableOfType(
                WalRestoreException.class,
                () -> restore("old", RestoreOptions.into(dir.resolve("old")).untilSequence(first - 1)));
        assertThat(refused.reason()).isEqualTo(WalRestoreException.Reason.RETIRED);
        assertThat(refused).hasMessageContaining("were retired by care record");
        long nanos = CaredArchive.BEGIN.getEpochSecond() * 1_000_000_000L + 1;
        assertThat(catchThrowableOfType(
                                WalRestoreException.class,
                                () -> restore(
                                        "t",
                                        RestoreOptions.into(dir.resolve("t")).untilTime(nanos)))
                        .reason())
                .isEqualTo(WalRestoreException.Reason.RETIRED);
    }

    @Test
    void verificationReportsRetiredObjectsNeitherAsMissingNorAsOrphans() {
        retire();
        for (ArchiveReport report : List.of(
                new ArchiveVerifier(care).quick(WalProgress.NONE), new ArchiveVerifier(care).full(WalProgress.NONE))) {
            assertThat(report.isSound()).as(report.toString()).isTrue();
            assertThat(report.orphans()).isEmpty();
            assertThat(report.status().retiredBy())
                    .isEqualTo(ArchiveCare.of(store).retiredBy());
            assertThat(report.status().firstSequence())
                    .isEqualTo(ArchiveCare.of(store).firstSequence());
        }
    }

    @Test
    void otherMissingObjectIsReportedAsMissing() throws IOException {
        retire();
        Segment segment = CaredArchive.proof(store).segments().stream()
                .filter(each -> each.firstSequence() >= ArchiveCare.of(store).firstSequence())
                .findFirst()
                .orElseThrow();
        store.remove(segment.key());
        assertThat(new ArchiveVerifier(care).quick(WalProgress.NONE).problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.key()).isEqualTo(segment.key()));
        assertThat(catchThrowableOfType(
                                WalRestoreException.class, () -> restore("x", RestoreOptions.into(dir.resolve("x"))))
                        .reason())
                .isEqualTo(WalRestoreException.Reason.DAMAGED);
    }

    @Test
    void statusIsWithoutWhatIsRetired() throws IOException {
        ArchiveStatus before = ArchiveStatus.of(store);
        retire();
        ArchiveStatus after = ArchiveStatus.of(store);
        assertThat(after.segments()).isEqualTo(before.segments() - (int) after.retiredSegments());
        assertThat(after.segmentObjectBytes()).isLessThan(before.segmentObjectBytes());
        assertThat(after.firstTimestampNanos()).isGreaterThan(before.firstTimestampNanos());
        assertThat(after.lastTimestampNanos()).isEqualTo(before.lastTimestampNanos());
    }

    // ---- settings

    @Test
    void daysAreReadFromTheEnvironment() {
        assertThat(ArchiveRetentionOptions.builder(Map.of()).build().keepFor()).isEqualTo(Duration.ofDays(7));
        assertThat(ArchiveRetentionOptions.builder(Map.of("VELOZ_WAL_RETENTION_DAYS", "30"))
                        .build()
                        .keepFor())
                .isEqualTo(Duration.ofDays(30));
        for (String bad : List.of("0", "-1", "seven", "1.5", "123456")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ArchiveRetentionOptions.builder(Map.of("VELOZ_WAL_RETENTION_DAYS", bad)))
                    .withMessageContaining("VELOZ_WAL_RETENTION_DAYS is \"" + bad + "\"");
        }
    }
}
