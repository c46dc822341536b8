package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.veloz.wal.archive.ArchiveCareException;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.CareRecord;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PointNeedsTest {
    private static final Instant NOW = Instant.parse("2026-01-10T02:15:00Z");
    private static final LogIdentity IDENTITY = new LogIdentity(TestArchive.LOG, "orders", NOW, 1, 1);

    @TempDir(factory = MemoryDirectory.class)
    Path dir;

    private ObjectStore store;
    private TestArchive archive;

    @BeforeEach
    void openStore() throws IOException {
        store = new DirectoryStore(dir.resolve("archive"));
        archive = new TestArchive(store);
        store.putIfAbsent(ArchiveKeys.LOG, ObjectContent.of(IDENTITY.encode()));
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    private Attachment database(long after, OptionalLong applied, Instant taken) {
        DatabaseFacts.Builder facts = DatabaseFacts.builder("veloz");
        facts.applied(applied);
        Attachment plain = archive.described(Kind.DATABASE, 1, taken);
        return Attachment.builder(Kind.DATABASE, plain.id())
                .taken(taken)
                .chunks(plain.chunks())
                .bracket(new Bracket(after, Math.max(after, 1)))
                .database(facts.build())
                .build();
    }

    private RecoveryPoint point(long after, Instant made) throws IOException {
        Attachment database = database(after, OptionalLong.empty(), made);
        archive.putChunk(database, 0);
        return archive.point(made, database);
    }

    /** Puts a care record with an open plan. */
    private CareState plan(long firstSequence) throws IOException {
        CareState.Plan plan = new CareState.Plan(1, new CareState.Cut(5, firstSequence), 1, 1, "a".repeat(64), NOW);
        CareState planned = CareState.NONE.planned(plan);
        put(CareRecord.Kind.PLAN, planned);
        return planned;
    }

    private void retire(long firstSequence) throws IOException {
        CareState.Floor floor = new CareState.Floor(2, new CareState.Cut(5, firstSequence), 4, 1, 1, 1);
        put(CareRecord.Kind.DELETE, plan(firstSequence).deleted(floor));
    }

    private void put(CareRecord.Kind kind, CareState state) throws IOException {
        CareChain chain = new CareChain(store, new Retries(attempt -> {}), IDENTITY);
        CareRecord record = new CareRecord(
                IDENTITY.logId(),
                IDENTITY.origin(),
                chain.tip().number() + 1,
                kind,
                "b".repeat(32),
                "host",
                NOW,
                chain.tip().sha256(),
                SlotRef.NONE,
                SlotRef.NONE,
                0,
                state);
        assertThat(chain.put(record)).isTrue();
    }

    @Test
    void databaseNeedsTheLogAfterTheLastRecordThatItHasApplied() throws IOException {
        assertThat(PointNeeds.of(archive.point(NOW, database(0, OptionalLong.of(1), NOW))))
                .hasValue(2);
        assertThat(PointNeeds.of(archive.point(NOW, database(1, OptionalLong.empty(), NOW))))
                .hasValue(2);
    }

    @Test
    void pointWithoutADatabaseNeedsNothing() throws IOException {
        assertThat(PointNeeds.of(archive.backup(NOW))).isEmpty();
        assertThat(RecoveryPoints.needs(store).read()).isEmpty();
    }

    @Test
    void everyPointCountsUntilAPlanDropsIt() throws IOException {
        point(0, NOW);
        point(1, NOW.plus(Duration.ofDays(1)));
        assertThat(RecoveryPoints.needs(store).read())
                .extracting(need -> need.what(), need -> need.firstSequence())
                .containsExactly(tuple("recovery point 1", 1L), tuple("recovery point 2", 2L));
    }

    @Test
    void droppedAndMonthlyPointsNeedNothing() throws IOException {
        for (int day = 0; day < 100; day++) {
            point(1, NOW.plus(Duration.ofDays(day)));
        }
        RetentionPlan plan = Retention.plan(store, TestArchive.SETTINGS, NOW.plus(Duration.ofDays(100)));
        assertThat(plan.kept()).containsKeys(22L, 100L);
        point(1, NOW.plus(Duration.ofDays(101)));
        assertThat(RecoveryPoints.needs(store).read())
                .extracting(need -> need.what())
                .contains("recovery point 81", "recovery point 100", "recovery point 101")
                .doesNotContain("recovery point 1", "recovery point 22", "recovery point 50")
                .hasSize(30);
    }

    @Test
    void damagedPointIsARefusal() throws IOException {
        point(1, NOW);
        Path file = dir.resolve("archive/points/00000000000000000001");
        Files.write(file, new byte[] {1, 2, 3});
        assertThatThrownBy(() -> RecoveryPoints.needs(store).read())
                .isInstanceOf(ArchiveCareException.class)
                .hasMessageContaining("it is not known which records of the log it needs");
    }

    @Test
    void pointIsGoodOnlyIfNoPlanIsAboveItsNeed() throws IOException {
        RecoveryPoint point = point(1, NOW);
        assertThat(PointNeeds.problem(store, point)).isEmpty();
        plan(3);
        assertThat(PointNeeds.problem(store, point))
                .get()
                .asString()
                .isEqualTo(
                        "recovery point 1 cannot roll forward: its database needs the log from record 2, and the records"
                                + " before 3 are planned to be retired: back up the database again");
    }

    @Test
    void planUpToTheNeedIsNoProblem() throws IOException {
        RecoveryPoint point = point(1, NOW);
        plan(2);
        assertThat(PointNeeds.problem(store, point)).isEqualTo(Optional.empty());
    }

    @Test
    void pointWhoseRecordsAreRetiredIsListedAsSuch() throws IOException {
        point(0, NOW);
        point(1, NOW.plus(Duration.ofDays(1)));
        assertThat(RecoveryPoints.list(store, NOW))
                .allMatch(listed -> listed.retired().isEmpty());
        retire(2);
        assertThat(RecoveryPoints.list(store, NOW))
                .extracting(listed -> listed.retired().orElse(""))
                .containsExactly(
                        "cannot be rolled forward any more: its database needs the log from record 1 on, and the records"
                                + " before 2 are retired",
                        "");
    }
}
