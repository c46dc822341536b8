package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveRepairReport.Cause;
import io.veloz.wal.archive.ArchiveRepairReport.Repaired;
import io.veloz.wal.archive.internal.care.CareWriter;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.CareRecord.Kind;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.CareState.Plan;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.internal.ship.DirectShip;
import io.veloz.wal.archive.s3.S3ProxyServer;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.TestKeys;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The repair of an archive from its log. */
@Timeout(120)
class ObjectRepairTest {
    private static final int RECORDS = 600;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path log;
    private List<Entry> all;
    private Map<String, byte[]> shipped;

    @BeforeEach
    void ship() {
        log = dir.resolve("log");
        try (Wal wal = SmallLog.open(log)) {
            SmallLog.append(wal, RECORDS / 2);
            wal.writeCheckpoint(100, out -> out.write(1));
            assertThat(DirectShip.ship(wal, store)).isEmpty();
            SmallLog.append(wal, RECORDS / 2);
            assertThat(DirectShip.ship(wal, store)).isEmpty();
        }
        all = SmallLog.read(log);
        shipped = store.objects();
        assertThat(keys("segments/")).hasSizeGreaterThan(3);
        assertThat(keys("attachments/")).hasSize(1);
    }

    private List<String> keys(String prefix) {
        return store.objects().keySet().stream()
                .filter(key -> key.startsWith(prefix))
                .toList();
    }

    private ArchiveRepairReport repair(ObjectStore from) {
        return ArchiveRepair.archive(
                from, LogFiles.of(log), WalProgress.NONE, new Retries(attempt -> {}), LogRepairTest.CLOCK);
    }

    private static ArchiveReport verify(ObjectStore archive) {
        return new ArchiveVerifier(archive, new Retries(attempt -> {})).full(WalProgress.NONE);
    }

    private void assertWhole(ObjectStore archive) throws IOException {
        ArchiveReport report = verify(archive);
        assertThat(report.isSound()).as(report.toString()).isTrue();
        Path restored = Files.createTempDirectory(dir, "restored-").resolve("log");
        DirectRestore.restore(archive, RestoreOptions.into(restored));
        assertThat(SmallLog.read(restored)).isEqualTo(all);
        try (ArchiveReader reader =
                ArchiveReader.open(archive, ArchiveReadOptions.defaults(), new Retries(attempt -> {}))) {
            assertThat(SmallLog.read(reader.options())).isEqualTo(all);
        }
    }

    private void damage(String key) {
        byte[] bytes = store.objects().get(key).clone();
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
    }

    @Test
    void soundArchiveIsNotChanged() {
        assertThat(repair(store)).isEqualTo(new ArchiveRepairReport(List.of(), List.of(), List.of()));
        assertThat(store.objects()).hasSameSizeAs(shipped);
    }

    @Test
    void missingObjectsAreCreatedAgainWithTheSameBytes() throws IOException {
        List<String> missing = List.of(
                keys("segments/").get(0),
                keys("segments/").get(2),
                keys("attachments/").get(0));
        missing.forEach(store::remove);
        ArchiveRepairReport report = repair(store);
        assertThat(report.isComplete()).isTrue();
        assertThat(report.repaired()).extracting(Repaired::name).containsExactlyElementsOf(missing);
        assertThat(report.repaired())
                .allMatch(object ->
                        object.cause() == Cause.MISSING && object.other().isEmpty());
        assertThat(store.objects().keySet()).isEqualTo(shipped.keySet());
        missing.forEach(key -> assertThat(store.objects().get(key)).isEqualTo(shipped.get(key)));
        assertWhole(store);
    }

    /** The damaged record may have raised the floor: what seems to be missing may be retired. */
    @Test
    void damagedLastCareRecordIsNamedAndNothingIsPut() {
        ArchiveHolds.hold(store, 0, "audit");
        store.damage("care/00000000000000000001", new byte[100]);
        store.remove(keys("segments/").get(0));
        Map<String, byte[]> before = store.objects();
        assertThatThrownBy(() -> repair(store))
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining("care/00000000000000000001");
        assertThat(store.objects().keySet()).isEqualTo(before.keySet());
    }

    @Test
    void repairThatStatesASegmentAgainRecordsItsEnd() {
        damage(keys("segments/").get(0));
        assertThat(repair(store).isComplete()).isTrue();
        assertThat(keys("ends/")).contains("ends/e0000000003");
        assertThat(ArchiveStatus.of(store).endedAt()).isPresent();
    }

    @Test
    void repairThatCannotRecordItsEndNotesIt() {
        damage(keys("segments/").get(0));
        HeapStore denied = store.client(request ->
                request.kind() == HeapStore.Kind.PUT && request.key().startsWith("ends/") ? Fault.DENY : null);
        ArchiveRepairReport report = repair(denied);
        assertThat(report.isComplete()).isTrue();
        assertThat(report.notes()).anyMatch(note -> note.contains("the end of epoch 3 is not recorded"));
    }

    @Test
    void damagedObjectsAreReplacedByOthersAndStay() throws IOException {
        List<String> damaged = keys("segments/").subList(0, 2);
        damaged.forEach(this::damage);
        assertThat(verify(store).isSound()).isFalse();
        Map<String, byte[]> before = store.objects();
        ArchiveRepairReport report = repair(store);
        assertThat(report.isComplete()).isTrue();
        assertThat(report.repaired()).extracting(Repaired::name).containsExactlyElementsOf(damaged);
        assertThat(report.repaired()).allMatch(object -> object.cause() == Cause.DAMAGED);
        assertThat(report.repaired().get(0).other()).endsWith(".e0000000003.wal.lz4");
        assertThat(report.notes()).containsExactly("acquired epoch 3 of the archive to state segments again");
        before.forEach(
                (key, bytes) -> assertThat(store.objects().get(key)).as(key).isEqualTo(bytes));
        assertWhole(store);
        assertThat(repair(store).repaired()).isEmpty();
        shipMore();
        assertWhole(store);
    }

    /** Ships enough segments for summaries, which repeat the statements. */
    private void shipMore() {
        try (Wal wal = SmallLog.open(log)) {
            for (int i = 0; i < 70; i++) {
                SmallLog.append(wal, 1);
                wal.roll();
            }
            assertThat(DirectShip.ship(wal, store)).isEmpty();
        }
        all = SmallLog.read(log);
    }

    @Test
    void newObjectThatTheStoreHasDamagedIsNotCommitted() throws IOException {
        String damaged = keys("segments/").get(0);
        damage(damaged);
        int slots = keys("ship/").size();
        String next = damaged.replaceFirst("\\.e\\d+", ".e0000000003");
        boolean[] isDone = {false};
        HeapStore client = store.client(request -> {
            if (!isDone[0] && store.objects().containsKey(next)) {
                isDone[0] = true;
                damage(next);
            }
            return null;
        });
        ArchiveRepairReport report = repair(client);
        assertThat(isDone[0]).isTrue();
        assertThat(report.repaired()).isEmpty();
        assertThat(report.untouched()).singleElement().satisfies(problem -> {
            assertThat(problem.key()).isEqualTo(damaged);
            assertThat(problem.reason()).contains(next, "repeat the repair");
        });
        // Only the EPOCH.
        assertThat(keys("ship/")).hasSize(slots + 1);
        assertThat(repair(store).repaired()).hasSize(1);
        assertWhole(store);
    }

    @ParameterizedTest
    @ValueSource(strings = {"segments/", "attachments/"})
    void objectThatTheStoreHasDamagedAgainDoesNotEndTheRepair(String prefix) throws IOException {
        List<String> missing = List.of(
                keys("segments/").get(0),
                keys("segments/").get(2),
                keys("attachments/").get(0));
        missing.forEach(store::remove);
        String again = missing.stream()
                .filter(key -> key.startsWith(prefix))
                .findFirst()
                .orElseThrow();
        boolean[] isDone = {false};
        HeapStore client = store.client(request -> {
            if (!isDone[0] && store.objects().containsKey(again)) {
                isDone[0] = true;
                damage(again);
            }
            return null;
        });
        ArchiveRepairReport report = repair(client);
        assertThat(isDone[0]).isTrue();
        if (prefix.equals("segments/")) {
            assertThat(report.isComplete()).isTrue();
            assertThat(report.repaired()).extracting(Repaired::name).containsExactlyInAnyOrderElementsOf(missing);
            assertWhole(store);
        } else {
            assertThat(report.repaired()).extracting(Repaired::name).containsExactlyElementsOf(missing.subList(0, 2));
            assertThat(report.untouched()).singleElement().satisfies(problem -> {
                assertThat(problem.key()).isEqualTo(again);
                assertThat(problem.reason()).contains("damaged after it was put again");
            });
        }
    }

    private ArchiveReport verifyIncrementally() {
        return new ArchiveVerifier(store, new Retries(attempt -> {}))
                .verify(
                        ArchiveVerifyOptions.level(ArchiveVerifyOptions.Level.CONTENT)
                                .incremental(Duration.ofDays(90))
                                .record()
                                .build(),
                        WalProgress.NONE);
    }

    @Test
    void restatedObjectIsVerifiedIncrementallyOnce() {
        String first = keys("segments/").get(0);
        byte[] intact = store.objects().get(first);
        assertThat(verifyIncrementally().isSound()).isTrue();
        damage(first);
        String next = repair(store).repaired().get(0).other();
        byte[] whole = store.objects().get(next);
        damage(next);
        ArchiveReport report = verifyIncrementally();
        assertThat(report.problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.key()).isEqualTo(next));
        store.damage(next, whole);
        store.damage(first, intact);
        long all = verifyIncrementally().bytesRead();
        long again = verifyIncrementally().bytesRead();
        assertThat(again).isLessThan(all - whole.length / 2);
        assertThat(again).isLessThan(2L * whole.length);
    }

    @Test
    void largeRepairPutsSummaries() throws IOException {
        shipMore();
        keys("segments/").forEach(this::damage);
        long before = summaries();
        int damaged = keys("segments/").size();
        assertThat(damaged).isGreaterThan(70);
        ArchiveRepairReport report = repair(store);
        assertThat(report.repaired()).hasSize(damaged);
        assertThat(summaries()).isGreaterThan(before);
        List<String> slots = keys("ship/");
        Slot last = SlotCodec.decode(
                        "slot",
                        ArchiveKeys.slotNumber(slots.get(slots.size() - 1)),
                        store.objects().get(slots.get(slots.size() - 1)))
                .slot();
        assertThat(last.chainState().since()).hasSizeLessThan(66);
        assertWhole(store);
        assertThat(new ArchiveVerifier(store, new Retries(attempt -> {}))
                        .full(WalProgress.NONE)
                        .isSound())
                .isTrue();
    }

    /** The SUMMARY comes after the slot of a segment, which counts whatever happens to the SUMMARY. */
    @Test
    void segmentIsReportedAsRestatedIfTheSummaryAfterItCannotBePut() {
        shipMore();
        keys("segments/").forEach(this::damage);
        int damaged = keys("segments/").size();
        String[] put = {"", ""};
        HeapStore client = store.client(request -> {
            if (request.kind() != HeapStore.Kind.PUT) {
                return null;
            }
            // Each slot of a segment follows its object, and a SUMMARY follows such a slot.
            if (put[1].isEmpty() && put[0].startsWith("ship/") && request.key().startsWith("ship/")) {
                put[1] = request.key();
            }
            put[0] = request.key();
            return request.key().equals(put[1]) ? Fault.DENY : null;
        });
        ArchiveRepairReport report = repair(client);
        List<String> stated = keys("segments/").stream()
                .filter(key -> key.contains(".e0000000004."))
                .toList();
        assertThat(stated).hasSizeBetween(1, damaged - 1);
        assertThat(report.repaired()).extracting(Repaired::other).containsExactlyElementsOf(stated);
        assertThat(report.untouched()).hasSize(damaged - stated.size());
        assertThat(report.notes()).anyMatch(note -> note.startsWith("the repair puts no SUMMARY"));
        assertThat(repair(store).isComplete()).isTrue();
    }

    private long summaries() {
        return keys("ship/").stream()
                .filter(key -> new String(store.objects().get(key), StandardCharsets.ISO_8859_1)
                        .contains("\"kind\":\"SUMMARY\""))
                .count();
    }

    @Test
    void replacementCanBeReplacedAgain() throws IOException {
        String key = keys("segments/").get(1);
        damage(key);
        String second = repair(store).repaired().get(0).other();
        damage(second);
        String third = repair(store).repaired().get(0).other();
        assertThat(third).endsWith(".e0000000004.wal.lz4");
        assertWhole(store);
    }

    /** The archive was written by a version that compressed otherwise. */
    @Test
    void missingObjectWithOtherBytesIsReplaced() throws IOException {
        HeapStore other = new HeapStore();
        new TestArchive(other, log)
                .segments(1, LogFiles.of(log).sealed().size())
                .tails(1000, Long.MAX_VALUE);
        String key = other.objects().keySet().stream()
                .filter(object -> object.startsWith("segments/"))
                .findFirst()
                .orElseThrow();
        byte[] file = Files.readAllBytes(log.resolve("orders_0000000000000001.wal"));
        assertThat(file).isNotEmpty();
        other.remove(key);
        ArchiveRepairReport report = repair(other);
        assertThat(report.isComplete()).isTrue();
        assertThat(report.repaired()).hasSize(1);
        assertThat(verify(other).isSound()).isTrue();
    }

    @Test
    void objectIsNotTakenFromAFileWithOtherBytes() throws IOException {
        String key = keys("segments/").get(0);
        store.remove(key);
        Path file = log.resolve("orders_0000000000000001.wal");
        byte[] bytes = Files.readAllBytes(file);
        bytes[9000] ^= 1;
        Files.write(file, bytes);
        ArchiveRepairReport report = repair(store);
        assertThat(report.repaired()).isEmpty();
        assertThat(report.untouched()).hasSize(1);
        assertThat(report.untouched().get(0).reason()).contains("the file in the directory has other bytes");
        assertThat(keys("segments/")).doesNotContain(key);
    }

    @Test
    void trimmedSegmentIsNamed() throws IOException {
        String key = keys("segments/").get(0);
        store.remove(key);
        Files.delete(log.resolve("orders_0000000000000001.wal"));
        ArchiveRepairReport report = repair(store);
        assertThat(report.untouched()).hasSize(1);
        assertThat(report.untouched().get(0).reason()).contains("the directory does not have this file");
    }

    @Test
    void damagedCheckpointIsNamed() {
        damage(keys("attachments/").get(0));
        ArchiveRepairReport report = repair(store);
        assertThat(report.repaired()).isEmpty();
        assertThat(report.untouched().get(0).reason()).contains("write a new one");
    }

    @Test
    void openLogIsRefused() {
        try (Wal wal = SmallLog.open(log)) {
            assertThat(wal.lastSequence()).isEqualTo(RECORDS);
            assertThatThrownBy(() -> repair(store)).isInstanceOf(WalLockedException.class);
        }
    }

    @Test
    void directoryThatWasReplacedMayNotStateASegmentAgain() throws IOException {
        Path restored = dir.resolve("restored");
        DirectRestore.restore(store, RestoreOptions.into(restored));
        ArchiveTakeOver.permit(store, LogFiles.of(restored), 2);
        try (Wal wal = SmallLog.open(restored)) {
            SmallLog.append(wal, 1);
            assertThat(DirectShip.ship(wal, store)).isEmpty();
        }
        String missing = keys("segments/").get(0);
        String damaged = keys("segments/").get(1);
        store.remove(missing);
        damage(damaged);
        int slots = keys("ship/").size();
        ArchiveRepairReport report = repair(store);
        assertThat(report.repaired()).extracting(Repaired::name).containsExactly(missing);
        assertThat(report.untouched()).singleElement().satisfies(problem -> {
            assertThat(problem.key()).isEqualTo(damaged);
            assertThat(problem.reason()).contains("acquired epoch 3", "ship --take-over EPOCH");
        });
        assertThat(keys("ship/")).hasSize(slots);
    }

    @Test
    void keyThatIsNotEscrowedEncryptsNothing() {
        damage(keys("segments/").get(0));
        Set<String> before = store.objects().keySet();
        ArchiveRepairReport report = repair(store.with(new TestKeys("k9")));
        assertThat(report.repaired()).isEmpty();
        assertThat(report.untouched())
                .singleElement()
                .satisfies(problem -> assertThat(problem.reason()).contains("the archive has no keys/k9.pgp"));
        assertThat(keys("segments/")).allMatch(before::contains);
        assertThat(keys("ship/")).allMatch(before::contains);
    }

    @Test
    void retiredObjectIsNotPutAgain() throws IOException {
        List<Segment> segments = CaredArchive.proof(store).segments();
        Cut cut = new Cut(2, segments.get(1).firstSequence());
        CareWriter care = new CareWriter(
                store, new Retries(attempt -> {}), CaredArchive.identity(store), Clock.systemUTC(), "host");
        care.put(Kind.PLAN, tip -> tip.state().planned(new Plan(1, cut, 1, 1, Digest.NONE, Instant.EPOCH)));
        care.put(Kind.DELETE, tip -> tip.state().deleted(new Floor(2, cut, 1, 1, 1, 1)));
        store.remove(segments.get(0).key());
        store.remove(segments.get(1).key());
        ArchiveRepairReport report = repair(store);
        assertThat(report.repaired())
                .extracting(Repaired::name)
                .containsExactly(segments.get(1).key());
        assertThat(report.notes()).hasSize(1);
        assertThat(report.notes().get(0)).contains("were retired by care record 2");
    }

    @Test
    void chainOfSlotsThatIsDamagedIsRefused() {
        store.remove(keys("ship/").get(0));
        assertThatThrownBy(() -> repair(store)).isInstanceOf(WalRestoreException.class);
    }

    // ---- crashes and stores

    private void breakObjects() {
        store.remove(keys("segments/").get(0));
        damage(keys("segments/").get(0));
        damage(keys("segments/").get(1));
    }

    @Tag("enumeration")
    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"DIE_BEFORE", "DIE_AFTER"})
    void repairThatDiesAtAnyRequestIsCompletedByTheNext(Fault fault) throws IOException {
        breakObjects();
        Map<String, byte[]> broken = store.objects();
        Path original = log;
        for (int n = 1; ; n++) {
            HeapStore each = new HeapStore();
            broken.forEach(each::damage);
            log = dir.resolve("log-" + fault + n);
            copy(original, log);
            HeapStore client = each.client(HeapStore.Plan.at(n, fault));
            try {
                repair(client);
            } catch (WalException e) {
                assertThat(client.isDead()).isTrue();
            }
            if (client.isDead()) {
                repair(each);
            }
            assertThat(verify(each).isSound()).as(fault + " at request " + n).isTrue();
            if (!client.isDead()) {
                assertThat(n).isGreaterThan(25);
                return;
            }
        }
    }

    @Tag("enumeration")
    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"FAIL", "LOSE_ANSWER", "LATE", "DUPLICATE"})
    void anyRequestCanFailOnce(Fault fault) throws IOException {
        breakObjects();
        Map<String, byte[]> broken = store.objects();
        Path original = log;
        for (int n = 1; ; n++) {
            HeapStore each = new HeapStore();
            broken.forEach(each::damage);
            log = dir.resolve("log-" + fault + n);
            copy(original, log);
            HeapStore client = each.client(HeapStore.Plan.at(n, fault));
            assertThat(repair(client).isComplete())
                    .as(fault + " at request " + n)
                    .isTrue();
            each.deliverLate();
            assertThat(verify(each).isSound()).as(fault + " at request " + n).isTrue();
            if (client.requests() < n) {
                return;
            }
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    @Test
    void directoryIsRepaired() throws IOException {
        try (ObjectStore archive = new DirectoryStore(dir.resolve("archive"))) {
            repairIn(archive);
        }
    }

    @Test
    void bucketIsRepaired() throws IOException, InterruptedException {
        try (ObjectStore archive = S3ProxyServer.shared().open(S3ProxyServer.newUri())) {
            repairIn(archive);
        }
    }

    private void repairIn(ObjectStore archive) throws IOException {
        breakObjects();
        for (Map.Entry<String, byte[]> object : store.objects().entrySet()) {
            archive.putIfAbsent(object.getKey(), ObjectContent.of(object.getValue()));
        }
        Path broken = dir.resolve("broken");
        copy(log, broken);
        Files.delete(broken.resolve("orders_0000000000000004.wal"));
        assertThat(repair(archive).repaired()).hasSize(3);
        assertWhole(archive);
        ArchiveRepairReport local = ArchiveRepair.log(
                archive, LogFiles.of(broken), WalProgress.NONE, new Retries(attempt -> {}), LogRepairTest.CLOCK);
        assertThat(local.isComplete()).isTrue();
        assertThat(SmallLog.read(ReadOptions.of(broken))).isEqualTo(all);
        assertThat(ArchiveDivergence.of(archive, LogFiles.of(broken)).relation())
                .isEqualTo(ArchiveDivergence.Relation.SAME);
    }
}
