package io.veloz.wal.backup;

import static io.veloz.wal.backup.TestArchive.SETTINGS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.backup.RetentionPlan.Cause;
import io.veloz.wal.backup.RetentionPlan.Item;
import io.veloz.wal.backup.RetentionPlan.Keep;
import io.veloz.wal.backup.RetentionRefusedException.Reason;
import io.veloz.wal.backup.internal.profile.RetentionSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RetentionTest {
    private static final Instant START = Instant.parse("2026-01-10T02:15:00Z");
    private static final Duration DAY = Duration.ofDays(1);

    /** Two days, two points, no months, a grace of seven days. */
    private static final RetentionSettings SHORT =
            new RetentionSettings(Duration.ofDays(2), 2, 0, Duration.ofDays(7), Optional.empty());

    @TempDir(factory = MemoryDirectory.class)
    Path dir;

    private ObjectStore store;
    private TestArchive archive;
    private Instant now = START;

    @BeforeEach
    void openStore() {
        store = new DirectoryStore(dir.resolve("archive"));
        archive = new TestArchive(store);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    private List<RecoveryPoint> daily(int points) throws IOException {
        List<RecoveryPoint> made = new ArrayList<>();
        for (int i = 0; i < points; i++) {
            made.add(archive.backup(now));
            now = now.plus(DAY);
        }
        return made;
    }

    private RetentionPlan plan(RetentionSettings settings) throws IOException {
        return Retention.plan(store, settings, now);
    }

    private RetentionReport apply(RetentionSettings settings) throws IOException {
        return Retention.apply(store, settings, now);
    }

    private List<String> stored(String prefix) throws IOException {
        List<String> keys = new ArrayList<>();
        for (List<StoredObject> page = store.list(prefix, "");
                !page.isEmpty();
                page = store.list(prefix, keys.get(keys.size() - 1))) {
            page.forEach(object -> keys.add(object.key()));
        }
        return keys;
    }

    private void delete(String key) throws IOException {
        store.delete(List.of(key));
    }

    private Path file(String key) {
        return dir.resolve("archive").resolve(key);
    }

    // ---- what is kept

    @Test
    void pointsWithinThePeriodAndTheNewestOfEachMonthAreKept() throws IOException {
        daily(100);

        RetentionPlan plan = plan(SETTINGS);

        // From January 10 to April 19: the ends of January, February and March, and 30 days.
        assertThat(plan.kept().get(22L)).containsExactly(Keep.MONTHLY);
        assertThat(plan.kept().get(50L)).containsExactly(Keep.MONTHLY);
        assertThat(plan.kept().get(81L)).contains(Keep.MONTHLY, Keep.WITHIN);
        assertThat(plan.kept().get(94L)).containsExactlyInAnyOrder(Keep.WITHIN, Keep.AT_LEAST);
        assertThat(plan.kept().get(100L)).contains(Keep.NEWEST_WHOLE, Keep.MONTHLY);
        assertThat(plan.kept().keySet()).hasSize(2 + 29);
        assertThat(plan.dropped()).hasSize(100 - 31).containsEntry(1L, 1L).doesNotContainKey(22L);
        assertThat(plan.items()).hasSize(2 * 69).allMatch(item -> item.cause() == Cause.DROPPED);
    }

    @Test
    void soManyOfTheNewestPointsAreKeptHoweverOldTheyAre() throws IOException {
        daily(10);
        now = now.plus(Duration.ofDays(1000));

        assertThat(plan(new RetentionSettings(DAY, 7, 0, DAY, Optional.empty())).kept().keySet())
                .containsExactly(4L, 5L, 6L, 7L, 8L, 9L, 10L);
    }

    @Test
    void aPointThatIsNotWholeDoesNotCount() throws IOException {
        List<RecoveryPoint> points = daily(5);
        delete(TestArchive.keys(points.get(3)).get(0));
        now = now.plus(Duration.ofDays(100));

        RetentionPlan plan = plan(SHORT);

        assertThat(plan.kept().keySet()).containsExactly(3L, 5L);
    }

    @Test
    void aPointWithinThePeriodThatIsNotWholeIsKeptAndFound() throws IOException {
        List<RecoveryPoint> points = daily(2);
        String missing = TestArchive.keys(points.get(0)).get(1);
        delete(missing);

        RetentionPlan plan = plan(SETTINGS);

        assertThat(plan.kept()).containsKey(1L);
        assertThat(plan.findings()).containsExactly("point 1 is not whole: " + missing + " is missing");
    }

    @Test
    void theNewestDrilledPointIsKept() throws IOException {
        daily(6);
        archive.receipt(1, "PASSED");
        archive.receipt(2, "PASSED");
        archive.receipt(3, "FAILED");
        now = now.plus(Duration.ofDays(30));

        RetentionPlan plan = plan(SHORT);

        assertThat(plan.kept()).containsOnlyKeys(2L, 5L, 6L);
        assertThat(plan.kept().get(2L)).containsExactly(Keep.NEWEST_DRILLED);
    }

    @Test
    void aReceiptThatCannotBeReadIsAFindingAndDoesNotCount() throws IOException {
        daily(6);
        archive.receipt(1, "PASSED");
        archive.receiptText(2, "{\"point\":2,");
        archive.receiptText(3, "{\"point\":1,\"result\":\"PASSED\"}");
        now = now.plus(Duration.ofDays(30));

        RetentionPlan plan = plan(SHORT);

        assertThat(plan.kept()).containsOnlyKeys(1L, 5L, 6L);
        assertThat(plan.findings()).hasSize(2);
        assertThat(plan.findings().get(0)).contains("receipts/00000000000000000003_").contains("is of point 1");
        assertThat(plan.findings().get(1)).contains("is not valid JSON");
    }

    @Test
    void anAttachmentThatAKeptPointNamesStays() throws IOException {
        Attachment configuration = archive.attachment(Kind.CONFIGURATION, 1, now);
        archive.point(now, configuration);
        daily(6);

        RetentionPlan plan = plan(SHORT);

        assertThat(plan.dropped()).containsKey(1L);
        assertThat(plan.keys()).doesNotContain(configuration.chunkKey(0)).hasSize(2 * 4);
    }

    // ---- grace

    @Test
    void nothingIsDeletedWithinTheGrace() throws IOException {
        List<RecoveryPoint> points = daily(5);
        RetentionPlan plan = plan(SHORT);
        now = now.plus(Duration.ofDays(7)).minusMillis(1);

        RetentionReport report = apply(SHORT);

        assertThat(report.deleted()).isEmpty();
        assertThat(report.waiting()).isEqualTo(6);
        assertThat(report.next()).isEqualTo(plan.notBefore());
        assertThat(RecoveryPoints.list(store)).allMatch(RecoveryPoints.Listed::isWhole).hasSameSizeAs(points);
    }

    @Test
    void afterTheGraceTheChunksInThePlanAreDeletedAndThePointsStay() throws IOException {
        List<RecoveryPoint> points = daily(5);
        RetentionPlan plan = plan(SHORT);
        now = now.plus(Duration.ofDays(7));

        RetentionReport report = apply(SHORT);

        assertThat(report.deleted()).isEqualTo(plan.keys()).hasSize(6);
        assertThat(report.bytes()).isEqualTo(plan.bytes()).isPositive();
        assertThat(stored("points/")).hasSize(5);
        assertThat(stored("attachments/"))
                .containsExactlyInAnyOrderElementsOf(
                        points.subList(3, 5).stream().flatMap(point -> TestArchive.keys(point).stream()).toList());
    }

    @Test
    void aSecondApplyDeletesNothing() throws IOException {
        daily(5);
        plan(SHORT);
        now = now.plus(Duration.ofDays(7));
        apply(SHORT);

        assertThat(apply(SHORT).deleted()).isEmpty();
    }

    @Test
    void aLaterPlanKeepsTheGraceOfAnEarlierOne() throws IOException {
        daily(5);
        RetentionPlan first = plan(SHORT);
        archive.backup(now);
        now = now.plus(DAY);

        RetentionPlan second = plan(SHORT);

        assertThat(second.number()).isEqualTo(2);
        assertThat(second.items()).containsAll(first.items()).hasSize(8);
        assertThat(second.dropped()).containsEntry(3L, 1L).containsEntry(4L, 2L);
    }

    @Test
    void anUnchangedArchiveGetsNoSecondPlan() throws IOException {
        daily(5);
        RetentionPlan first = plan(SHORT);
        now = now.plus(Duration.ofHours(1));

        assertThat(plan(SHORT)).isEqualTo(first);
        assertThat(stored("retention/")).hasSize(1);
    }

    @Test
    void aPointThatWasKeptMeanwhileGetsAnotherGrace() throws IOException {
        daily(5);
        plan(SHORT);
        now = now.plus(DAY);
        plan(SETTINGS);
        now = now.plus(Duration.ofDays(6));
        RetentionPlan third = plan(SHORT);

        assertThat(third.notBefore()).contains(now.plus(Duration.ofDays(7)));
        assertThat(apply(SHORT).deleted()).isEmpty();
    }

    @Test
    void aPointThatPassedADrillSinceThePlanIsSpared() throws IOException {
        List<RecoveryPoint> points = daily(5);
        plan(SHORT);
        archive.receipt(1, "PASSED");
        now = now.plus(Duration.ofDays(8));

        RetentionReport report = apply(SHORT);

        assertThat(report.spared()).isEqualTo(TestArchive.keys(points.get(0)));
        assertThat(report.deleted()).hasSize(4);
    }

    @Test
    void aLongerPeriodInTheProfileSparesWhatAPlanLists() throws IOException {
        daily(5);
        plan(SHORT);
        now = now.plus(Duration.ofDays(8));

        assertThat(apply(SETTINGS).deleted()).isEmpty();
    }

    @Test
    void aPointWhoseChunksWereDeletedIsNotKeptAgain() throws IOException {
        daily(5);
        plan(SHORT);
        now = now.plus(Duration.ofDays(8));
        apply(SHORT);

        RetentionPlan plan = plan(SETTINGS);

        assertThat(plan.kept()).containsOnlyKeys(4L, 5L);
        assertThat(plan.dropped()).containsOnlyKeys(1L, 2L, 3L);
        assertThat(plan.findings()).isEmpty();
    }

    // ---- orphans

    @Test
    void anOrphanIsDeletedAfterItsGrace() throws IOException {
        daily(3);
        Attachment orphan = archive.attachment(Kind.DATABASE, 3, now);
        RetentionPlan plan = plan(SETTINGS);
        now = now.plus(Duration.ofDays(7));

        assertThat(plan.items()).hasSize(3).allMatch(item -> item.cause() == Cause.ORPHAN);
        assertThat(apply(SETTINGS).deleted()).hasSize(3).contains(orphan.chunkKey(2));
    }

    @Test
    void anOrphanHasAGraceOfSevenDaysAtLeast() throws IOException {
        daily(3);
        archive.attachment(Kind.SECRETS, 1, now);
        RetentionSettings hour = new RetentionSettings(DAY, 7, 0, Duration.ofHours(1), Optional.empty());

        assertThat(plan(hour).notBefore()).contains(now.plus(Retention.ORPHAN_GRACE));
        assertThat(Retention.LONGEST_BACKUP).isLessThan(Retention.ORPHAN_GRACE);
    }

    @Test
    void anOrphanThatAPointNamesSinceThePlanIsSpared() throws IOException {
        daily(3);
        Attachment slow = archive.attachment(Kind.SECRETS, 2, now);
        plan(SETTINGS);
        now = now.plus(Duration.ofDays(4));
        archive.point(now, slow);
        now = now.plus(Duration.ofDays(4));

        RetentionReport report = apply(SETTINGS);

        assertThat(report.deleted()).isEmpty();
        assertThat(report.spared()).hasSize(2);
    }

    @Test
    void aFormerOrphanWhosePointIsDroppedGetsTheGraceOfADroppedOne() throws IOException {
        Attachment slow = archive.attachment(Kind.SECRETS, 2, now);
        archive.backup(now);
        plan(SHORT);
        archive.point(now, slow);
        now = now.plus(DAY);
        daily(4);
        now = now.plus(Duration.ofDays(10));

        assertThat(apply(SHORT).spared()).contains(slow.chunkKey(0), slow.chunkKey(1));
        assertThat(plan(SHORT).items())
                .filteredOn(item -> item.key().equals(slow.chunkKey(0)))
                .extracting(Item::cause, Item::notBefore)
                .containsExactly(tuple(Cause.DROPPED, now.plus(Duration.ofDays(7))));
    }

    @Test
    void otherObjectsAreNeverPlanned() throws IOException {
        daily(3);
        for (String key : List.of(
                "attachments/book.e0000000001.lz4",
                "attachments/secrets_00000000000000000000000000000001.tar.gpg",
                "attachments/notes.txt",
                "ship/00000000000000000001",
                "segments/orders_1.lz4")) {
            store.putIfAbsent(key, ObjectContent.of(new byte[3]));
        }

        assertThat(plan(SETTINGS).items()).isEmpty();
    }

    // ---- refusals

    private void assertRefused(Reason reason, String... message) throws IOException {
        List<String> before = stored("");
        assertThatThrownBy(() -> plan(SHORT))
                .isInstanceOfSatisfying(
                        RetentionRefusedException.class, e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContainingAll(message);
        assertThatThrownBy(() -> apply(SHORT))
                .isInstanceOfSatisfying(
                        RetentionRefusedException.class, e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContainingAll(message);
        assertThat(stored("")).isEqualTo(before);
    }

    private List<RecoveryPoint> planned() throws IOException {
        List<RecoveryPoint> points = daily(5);
        plan(SHORT);
        now = now.plus(Duration.ofDays(8));
        return points;
    }

    @Test
    void anArchiveWithoutPointsIsRefused() throws IOException {
        archive.attachment(Kind.SECRETS, 2, now);

        assertRefused(Reason.NO_POINT, "has no recovery points");
    }

    @Test
    void aDamagedPointIsRefused() throws IOException {
        planned();
        Path point = file("points/00000000000000000002");
        byte[] bytes = Files.readAllBytes(point);
        bytes[40] ^= 1;
        Files.write(point, bytes);

        assertRefused(Reason.CHAIN_DAMAGED, "points/00000000000000000002", "SHA-256 mismatch");
    }

    @Test
    void aMissingPointIsRefused() throws IOException {
        planned();
        delete("points/00000000000000000003");

        assertRefused(Reason.CHAIN_DAMAGED, "points/00000000000000000003", "is missing");
    }

    @Test
    void aNewestPointThatIsNotWholeIsRefused() throws IOException {
        String missing = TestArchive.keys(planned().get(4)).get(1);
        delete(missing);

        assertRefused(Reason.NEWEST_NOT_WHOLE, "point, 5, is not whole", missing + " is missing");
    }

    @Test
    void aNewestPointWithAChunkOfAnotherSizeIsRefused() throws IOException {
        String changed = TestArchive.keys(planned().get(4)).get(1);
        Files.write(file(changed), new byte[3]);

        assertRefused(Reason.NEWEST_NOT_WHOLE, changed + " has 3 bytes; the point names 10");
    }

    @Test
    void aLostNewestPointIsAContradictionToThePlan() throws IOException {
        planned();
        delete("points/00000000000000000005");

        assertRefused(Reason.CONTRADICTION, "retention plan 1 was made at point 5", "the newest is now 4");
    }

    @Test
    void aPointThatWasReplacedIsAContradictionToThePlan() throws IOException {
        planned();
        delete("points/00000000000000000005");
        archive.backup(now);

        assertRefused(Reason.CONTRADICTION, "retention plan 1 was made at point 5 with SHA-256", "has now");
    }

    @Test
    void aChunkOfAnotherSizeThanInThePlanIsAContradiction() throws IOException {
        String changed = TestArchive.keys(planned().get(0)).get(0);
        Files.write(file(changed), new byte[4]);
        List<String> before = stored("");

        assertThatThrownBy(() -> apply(SHORT))
                .isInstanceOfSatisfying(
                        RetentionRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.CONTRADICTION))
                .hasMessageContaining(changed + " has 4 bytes; retention plan 1 names 10");
        assertThat(stored("")).isEqualTo(before);
    }

    @Test
    void aListingWithoutAChunkThatExistsIsAContradiction() throws IOException {
        List<RecoveryPoint> points = planned();
        String hidden = TestArchive.keys(points.get(4)).get(0);
        store = new LyingStore(store, hidden::equals);

        assertRefused(Reason.CONTRADICTION, hidden + " exists with 10 bytes, but is not listed");
    }

    @Test
    void aListingWithoutTheNewestPointIsAContradiction() throws IOException {
        planned();
        store = new LyingStore(store, "points/00000000000000000005"::equals);

        assertRefused(Reason.CONTRADICTION, "points/ ends before a recovery point that can be read");
    }

    @Test
    void aClockThatIsBehindIsRefused() throws IOException {
        planned();
        now = START;

        assertRefused(Reason.CLOCK, "this machine's clock is 2026-01-10T02:15:00Z");
    }

    @Test
    void aDamagedPlanIsNotAppliedAndTheNextOneBeginsTheGraceAnew() throws IOException {
        planned();
        Path plan = file("retention/00000000000000000001");
        byte[] bytes = Files.readAllBytes(plan);
        bytes[30] ^= 1;
        Files.write(plan, bytes);

        assertThatThrownBy(() -> apply(SHORT))
                .isInstanceOfSatisfying(
                        RetentionRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.PLAN_DAMAGED))
                .hasMessageContaining("retention/00000000000000000001 SHA-256 mismatch");
        RetentionPlan second = plan(SHORT);
        assertThat(second.number()).isEqualTo(2);
        assertThat(second.notBefore()).contains(now.plus(Duration.ofDays(7)));
        assertThat(second.findings().get(0)).contains("its grace begins anew");
        assertThat(apply(SHORT).deleted()).isEmpty();
    }

    @Test
    void aDamagedPlanDoesNotMakeDroppedPointsKeptAgain() throws IOException {
        planned();
        apply(SHORT);
        plan(SHORT);
        Files.write(file("retention/00000000000000000002"), "{}\n".getBytes(StandardCharsets.UTF_8));

        assertThat(plan(SETTINGS).dropped()).containsEntry(1L, 1L).containsOnlyKeys(1L, 2L, 3L);
    }

    @Test
    void anUnknownFormatIsNotApplied() throws IOException {
        daily(3);
        String json = "{\"format\":2}";
        store.putIfAbsent(
                "retention/00000000000000000001",
                ObjectContent.of((json + "\n"
                                + io.veloz.wal.backup.internal.store.Digests.of(json.getBytes(StandardCharsets.UTF_8)) + "\n")
                        .getBytes(StandardCharsets.UTF_8)));

        assertThatThrownBy(() -> apply(SHORT)).hasMessageContaining("has format 2; this version knows 1");
    }

    @Test
    void withoutAPlanNothingIsDeleted() throws IOException {
        daily(5);
        now = now.plus(Duration.ofDays(1000));

        assertThat(apply(SHORT)).isEqualTo(new RetentionReport(0, List.of(), 0, List.of(), 0, Optional.empty()));
    }

    @Test
    void aPlanSurvivesItsBytes() throws IOException {
        daily(40);
        archive.receipt(3, "PASSED");
        archive.attachment(Kind.VAULT, 2, now);

        RetentionPlan made = plan(SHORT);

        // The second call reads it from the store.
        assertThat(plan(SHORT)).isEqualTo(made).isNotSameAs(made);
        assertThat(made.toString())
                .startsWith("RetentionPlan[number=1, made=")
                .contains("newestPoint=40, kept=3 points, dropped=37 points, chunks=76, bytes=");
    }
}
