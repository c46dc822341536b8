package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.LostRange;
import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveRepairReport.Cause;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.ArchiveRetentionReport.Outcome;
import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.s3.S3ProxyServer;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.archive.store.TestKeys;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An archive whose segments are stored in parts, with everything that reads, cares for and repairs archives. */
@Timeout(120)
class PartsArchiveTest {
    private static final int SEGMENT_BYTES = 64 * 1024;

    /** More than a segment gets, so that it ends only where the test rolls the log. */
    private static final int LARGE_SEGMENT_BYTES = 128 * 1024;

    private static final int PART_BYTES = 8 * 1024;
    private static final int SEGMENT_RECORDS = 190;
    private static final int SEGMENTS = 4;
    private static final int LAST_RECORDS = 40;
    private static final int RECORDS = SEGMENTS * SEGMENT_RECORDS + LAST_RECORDS;
    private static final long HOUR_NANOS = Duration.ofHours(1).toNanos();

    @TempDir
    static Path shared;

    private static Map<String, byte[]> plain = Map.of();
    private static Map<String, byte[]> encrypted = Map.of();

    @TempDir
    Path dir;

    private HeapStore store = new HeapStore();
    private List<Entry> all = List.of();

    private static HeapStore newStore(boolean isEncrypted) {
        return new HeapStore().with(isEncrypted ? new TestKeys("k1") : EncryptionKeys.NONE);
    }

    private Path log() {
        return dir.resolve("log");
    }

    @BeforeAll
    static void make() {
        plain = made(false);
        encrypted = made(true);
    }

    /**
     * Ships a record an hour, with a checkpoint in each segment. The segments and what is in tails are the same at each run, as
     * retention computes its cut from them: the log is rolled here, and shipped when the segment is sealed.
     */
    private static Map<String, byte[]> made(boolean isEncrypted) {
        HeapStore to = newStore(isEncrypted);
        try (Wal wal = SmallLog.open(shared.resolve(String.valueOf(isEncrypted)), LARGE_SEGMENT_BYTES);
                DirectShip.Shipper shipper = new DirectShip.Shipper(wal, to, PART_BYTES)) {
            for (int i = 1; i <= SEGMENTS; i++) {
                append(wal, SEGMENT_RECORDS);
                wal.roll();
                long checkpoint = wal.lastSequence() - 50;
                append(wal, i == SEGMENTS ? LAST_RECORDS : 0);
                shipper.ship();
                // A checkpoint is archived after the records that it covers.
                wal.writeCheckpoint(checkpoint, out -> out.write(1));
                shipper.ship();
            }
        }
        return to.objects();
    }

    private void ship(boolean isEncrypted) {
        store = newStore(isEncrypted);
        (isEncrypted ? encrypted : plain).forEach(store::damage);
        try {
            ArchivedLog.copy(shared.resolve(String.valueOf(isEncrypted)), log());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        all = SmallLog.read(log());
        for (int segment = 1; segment <= SEGMENTS; segment++) {
            assertThat(partsOf(segment)).hasSizeGreaterThan(5);
        }
        assertThat(store.objects().keySet().stream().filter(key -> key.startsWith(ArchiveKeys.ATTACHMENTS)))
                .hasSize(SEGMENTS);
    }

    private static void append(Wal wal, int count) {
        for (int i = 0; i < count; i++) {
            long sequence = wal.lastSequence() + 1;
            byte[] random = new byte[150];
            new Random(sequence).nextBytes(random);
            RecordGroup group = new RecordGroup();
            group.add(1, sequence * HOUR_NANOS, SmallLog.bytes(HexFormat.of().formatHex(random)));
            wal.append(group);
        }
        wal.sync();
    }

    private List<String> parts() {
        return store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.SEGMENTS))
                .toList();
    }

    private List<String> partsOf(long segment) {
        return parts().stream()
                .filter(key -> ArchiveKeys.segmentKey(key).orElseThrow().number() == segment)
                .toList();
    }

    private void damage(String key) {
        byte[] bytes = store.objects().get(key).clone();
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
    }

    private static ArchiveVerifier verifier(ObjectStore archive) {
        return new ArchiveVerifier(archive, new Retries(attempt -> {}));
    }

    private void assertWhole(ObjectStore archive) throws IOException {
        ArchiveReport report = verifier(archive).full(WalProgress.NONE);
        assertThat(report.isSound()).as(report.toString()).isTrue();
        assertThat(verifier(archive).quick(WalProgress.NONE).isSound()).isTrue();
        Path restored = Files.createTempDirectory(dir, "restored-").resolve("log");
        DirectRestore.restore(archive, RestoreOptions.into(restored));
        assertThat(SmallLog.read(restored)).isEqualTo(all);
        try (ArchiveReader reader = open(archive)) {
            assertThat(SmallLog.read(reader.options())).isEqualTo(all);
        }
    }

    private static ArchiveReader open(ObjectStore archive) {
        return ArchiveReader.open(archive, ArchiveReadOptions.defaults(), new Retries(attempt -> {}));
    }

    // ---- reading

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void archiveInPartsIsTheLog(boolean isEncrypted) throws IOException {
        ship(isEncrypted);
        assertWhole(store);
        ArchiveReport report = verifier(store).full(WalProgress.NONE);
        long checkpoints = store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.ATTACHMENTS))
                .count();
        assertThat(report.objects()).isEqualTo(parts().size() + checkpoints);
        assertThat(report.orphans()).isEmpty();
        assertThat(report.status().segments()).isLessThan(parts().size());
    }

    @Test
    void onlyThePartsThatAreReadAreFetched() throws IOException {
        ship(false);
        Segment first = CaredArchive.proof(store).segments().get(0);
        Set<String> requested = ConcurrentHashMap.newKeySet();
        HeapStore client = store.client(request -> {
            requested.add(request.key());
            return null;
        });
        long sequence = first.lastSequence() + 1;
        try (ArchiveReader reader = open(client)) {
            assertThat(SmallLog.read(reader.options().fromSequence(sequence).untilSequence(sequence)))
                    .containsExactly(all.get((int) sequence - 1));
        }
        // The first record of the second segment.
        assertThat(requested)
                .contains(partsOf(2).get(0))
                .doesNotContain(partsOf(2).get(3));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void standbyFollowsAndFillsParts(boolean isEncrypted) {
        ship(isEncrypted);
        Path standby = dir.resolve("standby");
        FollowerConfig config = FollowerConfig.builder(store, standby)
                .pollInterval(Duration.ofMillis(5))
                .requireEscrow(false)
                .build();
        try (ArchiveFollower follower = ArchiveFollower.start(config)) {
            assertThat(follower.awaitCaughtUp(Duration.ofMinutes(1))).isTrue();
        }
        ArchiveFollower.promote(config, 1);
        assertThat(SmallLog.read(standby)).isEqualTo(all);
        Path late = dir.resolve("late");
        DirectRestore.restore(store, RestoreOptions.into(late).fromCheckpoint());
        assertThat(SmallLog.read(late)).hasSizeLessThan(all.size());
        ArchiveFill.fill(store, late, ArchiveFillOptions.defaults().keepFreeBytes(0));
        assertThat(SmallLog.read(late)).isEqualTo(all);
    }

    // ---- damage and repair

    private ArchiveRepairReport repair() {
        return ArchiveRepair.archive(
                store, LogFiles.of(log()), WalProgress.NONE, new Retries(attempt -> {}), Clock.systemUTC());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void missingPartIsNamedAndPutAgain(boolean isEncrypted) throws IOException {
        ship(isEncrypted);
        String missing = partsOf(2).get(3);
        Map<String, byte[]> before = store.objects();
        store.remove(missing);
        assertThat(verifier(store).quick(WalProgress.NONE).problems())
                .extracting(Problem::key)
                .containsExactly(missing);
        assertThat(verifier(store).full(WalProgress.NONE).problems())
                .extracting(Problem::key)
                .containsExactly(missing);
        assertThatThrownBy(() -> DirectRestore.restore(store, RestoreOptions.into(dir.resolve("refused"))))
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining(missing);
        ArchiveRepairReport report = repair();
        assertThat(report.isComplete()).as(report.toString()).isTrue();
        assertThat(report.repaired())
                .singleElement()
                .satisfies(repaired -> assertThat(repaired.cause()).isEqualTo(Cause.MISSING));
        assertThat(store.objects().keySet()).isEqualTo(before.keySet());
        assertThat(store.objects().get(missing)).isEqualTo(before.get(missing));
        assertWhole(store);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void segmentWithADamagedPartIsStatedAgainInParts(boolean isEncrypted) throws IOException {
        ship(isEncrypted);
        String damaged = partsOf(2).get(3);
        int count = partsOf(2).size();
        damage(damaged);
        store.remove(partsOf(2).get(1));
        assertThat(verifier(store).full(WalProgress.NONE).problems())
                .anySatisfy(problem -> assertThat(problem.key()).isEqualTo(missing(2)));
        ArchiveRepairReport report = repair();
        assertThat(report.isComplete()).as(report.toString()).isTrue();
        Segment stated = CaredArchive.proof(store).segments().get(1);
        assertThat(stated.objectKeys())
                .hasSize(count)
                .allMatch(key -> ArchiveKeys.segmentKey(key).orElseThrow().epoch() == 2);
        assertWhole(store);
    }

    private String missing(long segment) {
        return partsOf(segment).get(0).replace(".p0001of", ".p0002of");
    }

    @Test
    void damagedPartIsNamedByARestoreAndByAVerification() {
        ship(false);
        String damaged = partsOf(2).get(3);
        damage(damaged);
        assertThat(verifier(store).full(WalProgress.NONE).problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.reason()).contains(damaged));
        assertThatThrownBy(() -> DirectRestore.restore(store, RestoreOptions.into(dir.resolve("refused"))))
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining(damaged);
        assertThatThrownBy(() -> {
                    try (ArchiveReader reader = open(store)) {
                        SmallLog.read(reader.options());
                    }
                })
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining(damaged);
    }

    @Test
    void damagedPartIsReportedWhileALaterOneIsMissing() {
        ship(false);
        String damaged = partsOf(2).get(1);
        String missing = partsOf(2).get(3);
        damage(damaged);
        store.remove(missing);
        assertThat(verifier(store).full(WalProgress.NONE).problems())
                .extracting(Problem::key)
                .containsExactlyInAnyOrder(damaged, missing);
    }

    @Test
    void exceptionNamesTheDamagedPart() {
        ship(false);
        String damaged = partsOf(2).get(3);
        damage(damaged);
        assertThatThrownBy(() -> DirectRestore.restore(store, RestoreOptions.into(dir.resolve("refused"))))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.key()).contains(damaged));
        Path late = dir.resolve("late");
        DirectRestore.restore(store, RestoreOptions.into(late).fromCheckpoint());
        assertThatThrownBy(() -> ArchiveFill.fill(
                        store, late, ArchiveFillOptions.defaults().keepFreeBytes(0)))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.key()).contains(damaged));
    }

    @Test
    void lossOfASegmentWithAMissingPartIsAcknowledged() throws IOException {
        ship(false);
        Segment lost = CaredArchive.proof(store).segments().get(1);
        store.remove(partsOf(2).get(3));
        verifier(store).acknowledge(new LostRange(lost.firstSequence(), lost.lastSequence(), "", -1, ""));
        assertThat(verifier(store).quick(WalProgress.NONE).problems()).isEmpty();
        assertThat(verifier(store).full(WalProgress.NONE).problems()).isEmpty();
        Path target = dir.resolve("restored");
        DirectRestore.restore(store, RestoreOptions.into(target).acceptGaps());
        assertThat(SmallLog.read(target)).hasSize(all.size() - (int) lost.records());
    }

    @Test
    void logIsRepairedFromParts() throws IOException {
        ship(false);
        Files.delete(log().resolve(LogFiles.of(log()).sealedName(2)));
        ArchiveRepairReport report = ArchiveRepair.log(store, LogFiles.of(log()), WalProgress.NONE);
        assertThat(report.isComplete()).as(report.toString()).isTrue();
        assertThat(SmallLog.read(log())).isEqualTo(all);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void partsAreSalvagedWithoutSlots(boolean isEncrypted) throws IOException {
        ship(isEncrypted);
        List<Segment> segments = CaredArchive.proof(store).segments();
        store.objects().keySet().stream()
                .filter(key -> ArchiveKeys.slotNumber(key) > 0)
                .forEach(store::remove);
        store.remove(partsOf(2).get(1));
        Path target = dir.resolve("salvaged").resolve("log");
        ArchiveSalvageReport report =
                ArchiveSalvage.salvage(store, target, WalProgress.NONE, new Retries(attempt -> {}));
        assertThat(report.segments()).isEqualTo(segments.size() - 1);
        assertThat(report.problems())
                .anySatisfy(problem -> assertThat(problem.reason()).contains("parts exist"));
        Segment lost = segments.get(1);
        assertThat(SmallLog.read(target))
                .isEqualTo(all.stream()
                        .filter(entry ->
                                entry.sequence() < lost.firstSequence() || entry.sequence() > lost.lastSequence())
                        .filter(entry -> entry.sequence()
                                <= segments.get(segments.size() - 1).lastSequence())
                        .toList());
    }

    /** As after a shipper that died while it uploaded a segment, whose next epoch uploaded it again. */
    @Test
    void partsOfAnUploadThatWasCutAreNoProblemOfASalvage() throws IOException {
        ship(false);
        String orphan = ArchiveKeys.part(ArchiveKeys.segment("orders", 2, 9), 1, 99);
        store.damage(orphan, new byte[10]);
        store.objects().keySet().stream()
                .filter(key -> ArchiveKeys.slotNumber(key) > 0)
                .forEach(store::remove);
        ArchiveSalvageReport report = ArchiveSalvage.salvage(
                store, dir.resolve("salvaged").resolve("log"), WalProgress.NONE, new Retries(attempt -> {}));
        assertThat(report.problems()).isEmpty();
        assertThat(report.notes())
                .singleElement()
                .satisfies(
                        note -> assertThat(note).contains("orders_0000000000000002.e0000000009", "1 of its 99 parts"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void recordsBeforeAMissingPartAreSalvaged(boolean isEncrypted) throws IOException {
        ship(isEncrypted);
        Segment cut = CaredArchive.proof(store).segments().get(1);
        String missing = partsOf(2).get(3);
        store.remove(missing);
        Path target = dir.resolve("salvaged").resolve("log");
        ArchiveSalvageReport report =
                ArchiveSalvage.salvage(store, target, WalProgress.NONE, new Retries(attempt -> {}));
        assertThat(report.problems())
                .anySatisfy(problem -> assertThat(problem.reason()).contains(missing));
        List<Entry> salvaged = SmallLog.read(target);
        assertThat(salvaged).isSubsetOf(all).endsWith(all.get(all.size() - 1));
        long inParts = salvaged.stream()
                .filter(entry -> cut.firstSequence() <= entry.sequence() && entry.sequence() <= cut.lastSequence())
                .count();
        // Three of at least nine parts.
        assertThat(inParts).isBetween(cut.records() / 5, cut.records() / 2);
        assertThat(salvaged).hasSize(all.size() - (int) (cut.records() - inParts));
    }

    // ---- retention

    @Test
    void retentionDeletesAllPartsAndThoseThatNoSlotNames() throws IOException {
        ship(false);
        // The parts of a writer that died, which a later epoch did not use.
        String orphan = ArchiveKeys.part(ArchiveKeys.segment("orders", 1, 1), 1, 99);
        store.damage(orphan, new byte[10]);
        try (Wal wal = SmallLog.open(log(), SEGMENT_BYTES);
                DirectShip.Shipper shipper = new DirectShip.Shipper(wal, store, PART_BYTES)) {
            append(wal, 1);
            shipper.ship();
        }
        CareAccess care = new CareAccess(store, new Retries(attempt -> {}), Clock.systemUTC());
        assertThat(new ArchiveVerifier(care)
                        .verify(
                                ArchiveVerifyOptions.level(Level.CONTENT)
                                        .record()
                                        .build(),
                                WalProgress.NONE)
                        .isSound())
                .isTrue();
        ArchiveRetentionOptions.Builder options = ArchiveRetentionOptions.builder(Map.of())
                .keepFor(Duration.ofHours(300))
                .grace(Duration.ZERO);
        long expected = partsOf(1).stream()
                .mapToLong(key -> store.objects().get(key).length)
                .sum();
        ArchiveRetentionReport plan = plan(care, options);
        assertThat(plan.bytes()).isGreaterThanOrEqualTo(expected);
        ArchiveRetentionReport applied = ArchiveRetention.apply(care, options.build());
        assertThat(applied.outcome()).isEqualTo(Outcome.DELETED);
        assertThat(partsOf(1)).isEmpty();
        assertThat(verifier(store).full(WalProgress.NONE).isSound()).isTrue();
        Path restored = dir.resolve("restored");
        DirectRestore.restore(store, RestoreOptions.into(restored));
        assertThat(SmallLog.read(restored))
                .isEqualTo(SmallLog.read(log()).subList((int) applied.firstSequence() - 1, RECORDS + 1));
    }

    /** The damaged record may have been a hold, so the parts that are left are not deleted. */
    @Test
    void partThatIsLostByAccidentIsNoDeletionOfItsSegment() throws IOException {
        ship(false);
        CareAccess care = new CareAccess(store, new Retries(attempt -> {}), Clock.systemUTC());
        new ArchiveVerifier(care)
                .verify(ArchiveVerifyOptions.level(Level.CONTENT).record().build(), WalProgress.NONE);
        ArchiveRetentionReport plan = plan(
                care,
                ArchiveRetentionOptions.builder(Map.of())
                        .keepFor(Duration.ofHours(300))
                        .grace(Duration.ZERO));
        assertThat(plan.outcome()).isEqualTo(Outcome.DUE);
        ArchiveHolds.hold(care, 1, "audit");
        long last = ArchiveCare.of(store).record();
        store.damage(ArchiveKeys.numbered(ArchiveKeys.CARE, last), new byte[100]);
        // A deletion would have deleted the checkpoints before.
        Cut second = new Cut(2, CaredArchive.proof(store).segments().get(1).firstSequence());
        store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.ATTACHMENTS) && second.isAbove(key))
                .forEach(store::remove);
        store.remove(partsOf(1).get(0));
        ArchiveHolds.Skipped skipped = ArchiveHolds.skipDamaged(care, last);
        assertThat(skipped.isDelete()).isFalse();
        assertThat(skipped.reason()).contains("put them back, or acknowledge the loss");
        assertThat(CaredArchive.state(store).heldFrom()).isEqualTo(1);
        assertThat(CaredArchive.state(store).floor().isRaised()).isFalse();
    }

    /** Accepts the number of objects that the refusal states. */
    private static ArchiveRetentionReport plan(CareAccess care, ArchiveRetentionOptions.Builder options) {
        try {
            return ArchiveRetention.plan(care, options.build());
        } catch (ArchiveCareException e) {
            String text = String.valueOf(e.getMessage());
            String number = text.replaceAll("(?s).*accept ([0-9]+) objects.*", "$1");
            return ArchiveRetention.plan(
                    care, options.accept(Long.parseLong(number)).build());
        }
    }

    // ---- real stores

    @Test
    void directoryInPartsIsTheLog() throws IOException {
        try (ObjectStore archive =
                ObjectStores.withKeys(new DirectoryStore(dir.resolve("archive")), new TestKeys("k1"))) {
            shipAndCheck(archive);
        }
    }

    @Test
    void bucketInPartsIsTheLog() throws Exception {
        try (ObjectStore archive = S3ProxyServer.shared().open(S3ProxyServer.newUri())) {
            shipAndCheck(archive);
        }
    }

    /** The real shipper, whose parts are put at the same time. */
    private void shipAndCheck(ObjectStore archive) throws IOException {
        ShipperConfig config = ShipperConfig.builder(archive)
                .partBytes(PART_BYTES)
                .requireEscrow(false)
                .flushInterval(Duration.ofMillis(20))
                .build();
        try (Wal wal = SmallLog.open(log(), SEGMENT_BYTES)) {
            try (WalShipper shipper = WalShipper.start(wal, config)) {
                append(wal, RECORDS);
                ArchivedLog.awaitSegments(shipper, wal);
            }
        }
        all = SmallLog.read(log());
        List<Segment> segments = CaredArchive.proof(archive).segments();
        assertThat(segments)
                .hasSizeGreaterThan(2)
                .allMatch(segment -> segment.objectKeys().size() > 4);
        assertWhole(archive);
    }
}
