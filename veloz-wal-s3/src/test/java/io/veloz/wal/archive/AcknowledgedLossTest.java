package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.LostRange;
import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.archive.internal.care.CareWriter;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.CareState.Plan;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.restore.RestoreReport.Outcome;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Objects that cannot be repaired, because their bytes exist nowhere. */
@Timeout(120)
class AcknowledgedLossTest {
    private static final Duration REVERIFY = Duration.ofDays(90);

    @TempDir
    static Path shared;

    @TempDir
    Path dir;

    private static CaredArchive archive;
    private HeapStore store;

    @BeforeAll
    static void make() throws IOException {
        archive = CaredArchive.make(shared.resolve("log"));
    }

    @BeforeEach
    void copy() {
        store = archive.newStore();
    }

    private Segment segment(int index) throws IOException {
        List<Segment> segments = CaredArchive.proof(store).segments();
        return segments.get(index < 0 ? segments.size() + index : index);
    }

    private void damage(Segment segment) {
        byte[] bytes = store.objects().get(segment.key()).clone();
        bytes[bytes.length / 2] ^= 1;
        store.damage(segment.key(), bytes);
    }

    private void acknowledge(long first, long last) {
        new ArchiveVerifier(archive.care(store)).acknowledge(new LostRange(first, last, "", -1, ""));
    }

    private ArchiveReport verify(ArchiveVerifyOptions.Builder options) {
        return new ArchiveVerifier(archive.care(store)).verify(options.record().build(), WalProgress.NONE);
    }

    private ArchiveReport verify() {
        return verify(ArchiveVerifyOptions.level(Level.CONTENT));
    }

    private List<String> levels() {
        return ArchiveCare.of(store).verified().stream()
                .map(ArchiveCare.Mark::level)
                .toList();
    }

    // ---- verification

    @Test
    void acknowledgedLossIsSoundAndRetentionContinues() throws IOException {
        Segment lost = segment(3);
        damage(lost);
        assertThat(verify().isSound()).isFalse();
        assertThatThrownBy(() -> ArchiveRetention.plan(
                        archive.care(store), CaredArchive.options().build()))
                .isInstanceOf(ArchiveCareException.class);
        acknowledge(lost.firstSequence(), lost.lastSequence());
        ArchiveReport report = verify();
        assertThat(report.isSound()).isTrue();
        assertThat(report.problems()).isEmpty();
        assertThat(report.acknowledgedProblems())
                .singleElement()
                .extracting(Problem::key)
                .isEqualTo(lost.key());
        assertThat(levels()).contains("content");
        ArchiveRetention.plan(
                archive.care(store),
                CaredArchive.options().keepFor(Duration.ofDays(42)).build());
    }

    @Test
    void missingObjectIsAcknowledgedAtEachLevel() throws IOException {
        Segment lost = segment(3);
        store.remove(lost.key());
        acknowledge(lost.firstSequence(), lost.lastSequence());
        for (Level level : List.of(Level.PRESENCE, Level.CONTENT)) {
            ArchiveReport report = verify(ArchiveVerifyOptions.level(level));
            assertThat(report.isSound()).as(level.name()).isTrue();
            assertThat(report.acknowledgedProblems()).as(level.name()).hasSize(1);
        }
    }

    @Test
    void rangeOfConsecutiveSegmentsIsAcknowledgedAsAWholeAlsoIncrementally() throws IOException {
        damage(segment(3));
        store.remove(segment(4).key());
        acknowledge(segment(3).firstSequence(), segment(4).lastSequence());
        assertThat(verify().acknowledgedProblems()).hasSize(2);
        ArchiveReport report = verify(ArchiveVerifyOptions.level(Level.CONTENT).incremental(REVERIFY));
        assertThat(report.isSound()).isTrue();
        assertThat(report.skippedSegments()).isPositive();
        assertThat(levels()).contains("content");
    }

    @Test
    void otherDamageIsNotAcknowledged() throws IOException {
        damage(segment(3));
        acknowledge(segment(3).firstSequence(), segment(3).lastSequence());
        damage(segment(5));
        ArchiveReport report = verify();
        assertThat(report.problems())
                .singleElement()
                .extracting(Problem::key)
                .isEqualTo(segment(5).key());
        assertThat(levels()).doesNotContain("content");
    }

    @Test
    void rangeMustBeExact() throws IOException {
        Segment lost = segment(3);
        damage(lost);
        acknowledge(lost.firstSequence(), lost.lastSequence() + 1);
        acknowledge(lost.firstSequence() + 1, lost.lastSequence());
        // Segment 4 is intact, so it is not lost.
        acknowledge(segment(2).firstSequence(), segment(3).lastSequence());
        ArchiveReport report = verify();
        assertThat(report.problems()).hasSize(1);
        assertThat(report.acknowledgedProblems()).isEmpty();
    }

    @Test
    void intactObjectMakesARangeIneffectiveAtEachLevelAlsoIncrementally() throws IOException {
        Segment damaged = segment(3);
        Segment missing = segment(4);
        byte[] whole = store.objects().get(missing.key());
        damage(damaged);
        store.remove(missing.key());
        acknowledge(damaged.firstSequence(), missing.lastSequence());
        assertThat(verify().isSound()).isTrue();
        assertThat(verify(ArchiveVerifyOptions.level(Level.PRESENCE)).isSound())
                .as("the damaged object is read")
                .isTrue();
        store.damage(missing.key(), whole);
        assertThat(verify(ArchiveVerifyOptions.level(Level.CONTENT).incremental(REVERIFY))
                        .problems())
                .extracting(Problem::key)
                .containsExactly(damaged.key());
        assertThat(levels()).doesNotContain("content");
    }

    @Test
    void missingObjectIsNotAcknowledgedTogetherWithAnIntactOne() throws IOException {
        acknowledge(segment(3).firstSequence(), segment(4).lastSequence());
        Segment missing = segment(4);
        store.remove(missing.key());
        ArchiveReport report = verify(ArchiveVerifyOptions.level(Level.PRESENCE));
        assertThat(report.problems()).extracting(Problem::key).containsExactly(missing.key());
        assertThat(report.acknowledgedProblems()).isEmpty();
        assertThat(levels()).doesNotContain("presence");
    }

    @Test
    void acknowledgementEndsWithTheRepairAndHidesNoLaterLoss() throws IOException {
        Segment lost = segment(3);
        byte[] whole = store.objects().get(lost.key());
        store.remove(lost.key());
        acknowledge(lost.firstSequence(), lost.lastSequence());
        assertThat(verify().isSound()).isTrue();
        assertThat(CaredArchive.state(store).gaps()).hasSize(1);
        store.damage(lost.key(), whole);
        assertThat(verify(ArchiveVerifyOptions.level(Level.CONTENT).incremental(REVERIFY))
                        .isSound())
                .isTrue();
        assertThat(CaredArchive.state(store).gaps()).isEmpty();
        store.remove(lost.key());
        assertThat(verify(ArchiveVerifyOptions.level(Level.PRESENCE)).isSound()).isFalse();
        assertThat(levels()).doesNotContain("content");
    }

    @Test
    void rangeThatIsRetiredInPartCoversTheRest() throws IOException {
        Segment first = segment(1);
        Segment rest = segment(2);
        store.remove(first.key());
        store.remove(rest.key());
        acknowledge(first.firstSequence(), rest.lastSequence());
        raiseFloor(rest);
        for (Level level : List.of(Level.PRESENCE, Level.CONTENT)) {
            ArchiveReport report = verify(ArchiveVerifyOptions.level(level));
            assertThat(report.isSound()).as(level.name()).isTrue();
            assertThat(report.acknowledgedProblems()).extracting(Problem::key).containsExactly(rest.key());
        }
        assertThat(refusal(RestoreOptions.into(target())).reason()).isEqualTo(Reason.GAP);
    }

    // ---- restore

    private Path target() {
        return dir.resolve("target");
    }

    @Test
    void restoreReportsTheLossAsAGap() throws IOException {
        Segment lost = segment(3);
        damage(lost);
        RestoreOptions options = RestoreOptions.into(target());
        assertThat(catchThrowableOfType(WalRestoreException.class, () -> DirectRestore.restore(store, options))
                        .reason())
                .isEqualTo(Reason.DAMAGED);
        acknowledge(lost.firstSequence(), lost.lastSequence());
        WalRestoreException refused =
                catchThrowableOfType(WalRestoreException.class, () -> DirectRestore.restore(store, options));
        assertThat(refused.reason()).isEqualTo(Reason.GAP);
        assertThat(refused.firstSequence()).isEqualTo(lost.firstSequence());
        assertThat(refused.lastSequence()).isEqualTo(lost.lastSequence());
        assertThat(refused).hasMessageContaining("its loss is acknowledged");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, -1})
    void restoreThatAcceptsGapsRestoresTheRest(int index) throws IOException {
        Segment lost = segment(index);
        store.remove(lost.key());
        acknowledge(lost.firstSequence(), lost.lastSequence());
        RestoreReport report =
                DirectRestore.restore(store, RestoreOptions.into(target()).acceptGaps());
        assertThat(report.outcome()).isEqualTo(Outcome.COPIED);
        assertThat(report.notes()).anyMatch(note -> note.contains("are lost, as acknowledged"));
        assertThat(SmallLog.read(target()))
                .hasSize((int) (CaredArchive.RECORDS - lost.records()))
                .noneMatch(
                        entry -> entry.sequence() >= lost.firstSequence() && entry.sequence() <= lost.lastSequence());
        assertThat(report.lost())
                .anyMatch(gap ->
                        gap.firstSequence() <= lost.firstSequence() && gap.lastSequence() >= lost.lastSequence());
    }

    @Test
    void restoreBeginsAgainOnceForAllMissingObjects() throws IOException {
        List<Segment> lost = List.of(segment(1), segment(3), segment(5), segment(7));
        for (Segment each : lost) {
            store.remove(each.key());
            acknowledge(each.firstSequence(), each.lastSequence());
        }
        Map<String, Integer> fetched = new HashMap<>();
        HeapStore client = store.client(request -> {
            if (request.kind() == HeapStore.Kind.GET
                    && request.key().equals(lost.get(3).key())) {
                fetched.merge(request.key(), 1, Integer::sum);
            }
            return null;
        });
        // One at a time, so that the others are not fetched at the same time as the first one.
        RestoreReport report = DirectRestore.restore(
                client, RestoreOptions.into(target()).parallelism(1).acceptGaps());
        assertThat(fetched).isEmpty();
        assertThat(report.lost()).hasSize(4);
        assertThat(report.notes())
                .filteredOn(note -> note.contains("are lost, as acknowledged"))
                .hasSize(4);
    }

    private void raiseFloor(Segment first) throws IOException {
        Cut cut = new Cut(first.number(), first.firstSequence());
        CareWriter care = new CareWriter(
                store, new Retries(attempt -> {}), CaredArchive.identity(store), Clock.systemUTC(), "host");
        care.put(
                Kind.PLAN,
                tip -> tip.state().planned(new Plan(tip.number() + 1, cut, 1, 1, Digest.NONE, Instant.EPOCH)));
        care.put(Kind.DELETE, tip -> tip.state().deleted(new Floor(tip.number() + 1, cut, 1, 1, 1, 1)));
    }

    @Test
    void objectThatRetentionDeletesDuringARestoreIsRetiredAndNotLost() throws IOException {
        Segment retired = segment(0);
        Segment first = segment(1);
        acknowledge(retired.firstSequence(), retired.lastSequence());
        boolean[] isDone = {false};
        HeapStore client = store.client(request -> {
            if (!isDone[0] && request.key().equals(retired.key())) {
                isDone[0] = true;
                try {
                    raiseFloor(first);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                store.remove(retired.key());
            }
            return null;
        });
        RestoreReport report = DirectRestore.restore(client, RestoreOptions.into(target()));
        assertThat(report.outcome()).isEqualTo(Outcome.RESTORED);
        assertThat(report.lost()).isEmpty();
        assertThat(report.firstSequence()).isEqualTo(first.firstSequence());
        assertThat(report.notes()).noneMatch(note -> note.contains("are lost"));
    }

    private WalRestoreException refusal(RestoreOptions options) {
        return catchThrowableOfType(WalRestoreException.class, () -> DirectRestore.restore(store, options));
    }

    private enum Point {
        FIRST,
        MIDDLE,
        LAST;

        long of(long first, long last) {
            return this == FIRST ? first : this == LAST ? last : (first + last) / 2;
        }
    }

    @ParameterizedTest
    @CsvSource({"3,FIRST", "3,MIDDLE", "3,LAST", "-1,FIRST", "-1,MIDDLE", "-1,LAST"})
    void pointInALossIsRefusedAsAGapUnlessGapsAreAccepted(int index, Point point) throws IOException {
        Segment lost = segment(index);
        store.remove(lost.key());
        acknowledge(lost.firstSequence(), lost.lastSequence());
        assertGapAt(point.of(lost.firstSequence(), lost.lastSequence()), lost.firstSequence(), lost.lastSequence());
    }

    @ParameterizedTest
    @EnumSource(Point.class)
    void pointInADeclaredGapIsRefusedUnlessGapsAreAccepted(Point point) throws IOException {
        Path log = dir.resolve("log");
        try (Wal wal = SmallLog.open(log)) {
            SmallLog.append(wal, 300);
        }
        store = new HeapStore();
        TestArchive gapped = new TestArchive(store, log).segment(1);
        long first = gapped.archived().sequence() + 1;
        long last = LogFiles.of(log).sealed(2).orElseThrow().lastSequence();
        gapped.gap(first, last, 3).tails(1000, Long.MAX_VALUE);
        assertGapAt(point.of(first, last), first, last);
    }

    /** Asserts that a restore up to a record in a gap does not silently end before that gap. */
    private void assertGapAt(long until, long first, long last) {
        WalRestoreException refused = refusal(RestoreOptions.into(target()).untilSequence(until));
        assertThat(refused.reason()).isEqualTo(Reason.GAP);
        assertThat(refused.firstSequence()).isEqualTo(first);
        RestoreReport report = DirectRestore.restore(
                store, RestoreOptions.into(target()).untilSequence(until).acceptGaps());
        assertThat(report.outcome()).isEqualTo(Outcome.COPIED);
        assertThat(report.lastSequence()).isEqualTo(first - 1);
        assertThat(report.lost()).singleElement().satisfies(gap -> {
            assertThat(gap.firstSequence()).isEqualTo(first);
            assertThat(gap.lastSequence()).isEqualTo(last);
        });
        Path before = dir.resolve("before");
        DirectRestore.restore(store, RestoreOptions.into(before).untilSequence(first - 1));
        assertThat(SmallLog.read(before)).hasSize((int) first - 1);
    }

    @Test
    void acknowledgedObjectThatWasPutBackIsRestored() throws IOException {
        acknowledge(segment(3).firstSequence(), segment(3).lastSequence());
        DirectRestore.restore(store, RestoreOptions.into(target()));
        assertThat(SmallLog.read(target())).hasSize(CaredArchive.RECORDS);
    }
}
