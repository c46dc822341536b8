package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.store.EncryptionKeys;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.TestKeys;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What can be done with an encrypted archive, with its keys and without. */
@Timeout(120)
class EncryptedArchiveTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore().with(new TestKeys("old", "new"));
    private final HeapStore withoutKeys = store.with(EncryptionKeys.NONE);
    private Path log;

    /** Segments and a checkpoint by the old key, then segments and tails by the new one. */
    @BeforeEach
    void ship() {
        log = dir.resolve("log");
        ArchiveEncryption.escrow(store, "new", TestKeys.MESSAGE);
        ArchiveEncryption.escrow(store, "old", TestKeys.MESSAGE);
        try (Wal wal = SmallLog.open(log)) {
            SmallLog.append(wal, 400);
            wal.writeCheckpoint(300, out -> out.write(new byte[5000]));
            ship(wal, store.with(new TestKeys("old")));
            SmallLog.append(wal, 400);
            ship(wal, store);
        }
    }

    private static void ship(Wal wal, HeapStore to) {
        ShipperConfig config = ShipperConfig.builder(to)
                .flushInterval(Duration.ofMillis(20))
                .checkpointInterval(Duration.ofMillis(1))
                .build();
        try (WalShipper shipper = WalShipper.start(wal, config)) {
            ArchivedLog.awaitSegments(shipper, wal);
            Logs.await("the checkpoint is archived", () -> ArchiveStatus.of(to).checkpointSequence() == 300);
            SmallLog.append(wal, 3);
            assertThat(shipper.awaitArchived(wal.lastSequence(), Duration.ofSeconds(60)))
                    .isTrue();
        }
    }

    private Path restored(HeapStore from) {
        Path target = dir.resolve("restored");
        DirectRestore.restore(from, RestoreOptions.into(target));
        return target;
    }

    @Test
    void restoreWithTheKeysReturnsTheLog() {
        Path target = restored(store);
        assertThat(SmallLog.read(target)).isEqualTo(SmallLog.read(log));
        assertThat(WalRecovery.verify(ReadOptions.of(target), WalProgress.NONE).isSound())
                .isTrue();
        assertThat(WalCheckpoint.newest(ReadOptions.of(target)).orElseThrow().sequence())
                .isEqualTo(300);
    }

    @Test
    void restoreWithoutAKeyIsRefusedBeforeTheTargetIsCreated() {
        for (HeapStore incomplete : List.of(withoutKeys, store.with(new TestKeys("new")))) {
            assertThatThrownBy(() -> restored(incomplete))
                    .isInstanceOfSatisfying(WalRestoreException.class, e -> {
                        assertThat(e.reason()).isEqualTo(Reason.KEY_MISSING);
                        assertThat(e.firstSequence()).isEqualTo(1);
                    })
                    .hasMessageContaining("encrypted by the key \"old\"")
                    .hasMessageContaining("VELOZ_WAL_KEYS");
            assertThat(dir.resolve("restored")).doesNotExist();
        }
    }

    @Test
    void restoredLogIsRecognizedInItsDirectory() {
        Path target = restored(store);
        var again = DirectRestore.restore(store, RestoreOptions.into(target));
        assertThat(again.outcome()).isEqualTo(RestoreReport.Outcome.ALREADY_THERE);
        assertThat(again.fetchedBytes()).isZero();
    }

    @Test
    void logIsComparedWithItsEncryptedArchive() throws Exception {
        assertThat(ArchiveComparison.of(store, LogFiles.of(log)).relation())
                .isEqualTo(ArchiveComparison.Relation.EQUAL);
        assertThatThrownBy(() -> ArchiveComparison.of(withoutKeys, LogFiles.of(log)))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KEY_MISSING));
    }

    @Test
    void chainAndPresenceAreVerifiedWithoutKeys() {
        assertThat(ArchiveStatus.of(withoutKeys).archivedSequence()).isEqualTo(806);
        for (Level level : List.of(Level.CHAIN, Level.PRESENCE)) {
            ArchiveReport report = new ArchiveVerifier(withoutKeys)
                    .verify(ArchiveVerifyOptions.level(level).build(), WalProgress.NONE);
            assertThat(report.problems()).isEmpty();
        }
    }

    @Test
    void contentIsVerifiedWithKeysOnly() {
        var options = ArchiveVerifyOptions.level(Level.CONTENT).build();
        assertThat(new ArchiveVerifier(store).verify(options, WalProgress.NONE).problems())
                .isEmpty();
        assertThatThrownBy(() -> new ArchiveVerifier(withoutKeys).verify(options, WalProgress.NONE))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KEY_MISSING));
    }

    @Test
    void everyChangedObjectIsAProblemOfTheContent() {
        Random random = new Random(7);
        for (Map.Entry<String, byte[]> object : store.objects().entrySet()) {
            String key = object.getKey();
            if (!key.startsWith(ArchiveKeys.SEGMENTS) && !key.startsWith(ArchiveKeys.ATTACHMENTS)) {
                continue;
            }
            byte[] bad = object.getValue().clone();
            bad[random.nextInt(bad.length)] ^= 1;
            store.damage(key, bad);
            ArchiveReport report = new ArchiveVerifier(store)
                    .verify(ArchiveVerifyOptions.level(Level.CONTENT).build(), WalProgress.NONE);
            assertThat(report.problems())
                    .as(key)
                    .anySatisfy(problem -> assertThat(problem.key()).isEqualTo(key));
            store.damage(key, object.getValue());
        }
    }

    // ---- reading in place

    private List<Entry> readInPlace(HeapStore from, int rangeBytes) {
        ArchiveReadOptions options = ArchiveReadOptions.defaults().aheadBytes(rangeBytes);
        try (ArchiveReader reader = ArchiveReader.open(from, options, new Retries(attempt -> {}))) {
            return SmallLog.read(reader.options());
        }
    }

    @Test
    void archiveIsReadInPlace() {
        assertThat(readInPlace(store, 1 << 20)).isEqualTo(SmallLog.read(log));
        assertThat(readInPlace(store, 0)).isEqualTo(SmallLog.read(log));
    }

    @Test
    void readingInPlaceWithoutKeysIsRefused() {
        assertThatThrownBy(() -> readInPlace(withoutKeys, 1 << 20))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KEY_MISSING));
    }

    // ---- keys

    @Test
    void keysThatAreNeededAreListedWithTheirRecords() {
        List<ArchiveEncryption.KeyUse> keys = ArchiveEncryption.keys(withoutKeys);
        assertThat(keys).extracting(ArchiveEncryption.KeyUse::keyId).containsExactly("new", "old");
        assertThat(keys.get(1).firstSequence()).isEqualTo(1);
        assertThat(keys.get(0).lastSequence()).isEqualTo(806);
        assertThat(keys).allSatisfy(key -> {
            assertThat(key.isConfigured()).isFalse();
            assertThat(key.isEscrowed()).isTrue();
        });
        assertThat(ArchiveEncryption.keys(store)).allMatch(ArchiveEncryption.KeyUse::isConfigured);
    }

    @Test
    void escrowedKeyIsNotReplaced() {
        byte[] other = {(byte) 0xC1, 2};
        assertThat(ArchiveEncryption.escrow(store, "new", other)).isFalse();
        assertThat(store.objects().get("keys/new.pgp")).isEqualTo(TestKeys.MESSAGE);
    }

    @Test
    void keyInTheClearIsNotEscrowed() {
        // The last one is armored, and a literal packet (11) instead of one for a public key.
        for (String text : List.of("k=c2VjcmV0", "-----BEGIN PGP MESSAGE-----\n\nyxBiAGc=", "")) {
            byte[] clear = text.getBytes(StandardCharsets.US_ASCII);
            assertThatThrownBy(() -> ArchiveEncryption.escrow(store, "k", clear))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected an OpenPGP message")
                    .hasMessageNotContaining("c2VjcmV0");
        }
        assertThat(store.objects()).doesNotContainKey("keys/k.pgp");
        byte[] armored = "-----BEGIN PGP MESSAGE-----\nComment: key\n\nhQEMA5vJ".getBytes(StandardCharsets.US_ASCII);
        assertThat(ArchiveEncryption.escrow(store, "k", armored)).isTrue();
    }

    // ---- salvage

    @Test
    void objectsWhoseSlotsAreLostAreSalvagedWithTheirKeys() {
        List<Entry> all = SmallLog.read(log);
        store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.SLOTS))
                .forEach(store::remove);
        Path target = dir.resolve("salvaged");
        ArchiveSalvageReport report =
                ArchiveSalvage.salvage(store, target, WalProgress.NONE, new Retries(attempt -> {}));
        assertThat(report.segments()).isGreaterThan(3);
        List<Entry> salvaged = SmallLog.read(target);
        assertThat(salvaged).isNotEmpty();
        assertThat(all).containsAll(salvaged);
    }

    @Test
    void objectOfAnotherSegmentIsNotSalvagedInItsPlace() {
        List<String> segments = store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.SEGMENTS))
                .toList();
        store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.SLOTS))
                .forEach(store::remove);
        store.damage(segments.get(1), store.objects().get(segments.get(0)));
        ArchiveSalvageReport report =
                ArchiveSalvage.salvage(store, dir.resolve("salvaged"), WalProgress.NONE, new Retries(attempt -> {}));
        assertThat(report.problems()).anySatisfy(problem -> {
            assertThat(problem.key()).isEqualTo(segments.get(1));
            assertThat(problem.reason()).contains("its head is of the object " + segments.get(0));
        });
    }

    private ArchiveSalvageReport salvaged(HeapStore from) {
        return ArchiveSalvage.salvage(from, dir.resolve("salvaged"), WalProgress.NONE, new Retries(attempt -> {}));
    }

    @Test
    void objectsWithoutTheirKeyAreProblemsOfASalvage() {
        List<Entry> all = SmallLog.read(log);
        ArchiveSalvageReport report = salvaged(store.with(new TestKeys("new")));
        assertThat(report.segments()).isPositive();
        assertThat(report.problems()).anySatisfy(problem -> {
            assertThat(problem.key()).startsWith(ArchiveKeys.SEGMENTS);
            assertThat(problem.reason()).contains("encrypted by the key \"old\"");
        });
        assertThat(report.problems())
                .anyMatch(problem -> problem.key().startsWith("attachments/")
                        && problem.reason().contains("encrypted by the key \"old\""));
        List<Entry> salvaged = SmallLog.read(dir.resolve("salvaged"));
        assertThat(all).containsAll(salvaged);
        assertThat(salvaged.get(salvaged.size() - 1)).isEqualTo(all.get(all.size() - 1));
    }

    @Test
    void tailsWithoutTheirKeyAreProblemsOfASalvage() {
        List<Entry> all = SmallLog.read(log);
        ArchiveSalvageReport report = salvaged(store.with(new TestKeys("old")));
        assertThat(report.problems()).anySatisfy(problem -> {
            assertThat(problem.key()).startsWith(ArchiveKeys.SLOTS);
            assertThat(problem.reason()).contains("encrypted by the key \"new\"");
        });
        assertThat(all).startsWith(SmallLog.read(dir.resolve("salvaged")).toArray(Entry[]::new));
    }

    @Test
    void salvageWithoutAnyKeyIsRefusedWithTheKey() {
        assertThatThrownBy(() -> salvaged(withoutKeys))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KEY_MISSING))
                .hasMessageContaining("encrypted by the key");
        assertThat(dir.resolve("salvaged")).doesNotExist();
    }

    // ---- standby and repair

    @Test
    void standbyOfAnEncryptedArchiveIsPromotedWithItsKeys() {
        Path standby = dir.resolve("standby");
        FollowerConfig config = FollowerConfig.builder(store, standby)
                .pollInterval(Duration.ofMillis(5))
                .build();
        try (ArchiveFollower follower = ArchiveFollower.start(config)) {
            assertThat(follower.awaitCaughtUp(Duration.ofSeconds(60))).isTrue();
            assertThat(follower.promote(follower.status().epoch()).lastSequence())
                    .isEqualTo(806);
        }
        assertThat(SmallLog.read(standby)).isEqualTo(SmallLog.read(log));
        try (Wal wal = SmallLog.open(standby)) {
            SmallLog.append(wal, 3);
            ShipperConfig shipping = ShipperConfig.builder(store)
                    .flushInterval(Duration.ofMillis(20))
                    .build();
            try (WalShipper shipper = WalShipper.start(wal, shipping)) {
                assertThat(shipper.awaitArchived(809, Duration.ofSeconds(60))).isTrue();
            }
        }
        assertThat(ArchiveStatus.of(withoutKeys).archivedSequence()).isEqualTo(809);
    }

    @Test
    void standbyWithoutKeysStopsWithTheKeyThatIsMissing() {
        FollowerConfig config = FollowerConfig.builder(withoutKeys, dir.resolve("standby"))
                .pollInterval(Duration.ofMillis(5))
                .build();
        try (ArchiveFollower follower = ArchiveFollower.start(config)) {
            assertThat(follower.awaitCaughtUp(Duration.ofSeconds(60))).isFalse();
            assertThat(follower.status().failure()).isInstanceOfSatisfying(WalRestoreException.class, e -> {
                assertThat(e.reason()).isEqualTo(Reason.KEY_MISSING);
                assertThat(e).hasMessageContaining("encrypted by the key \"old\"");
            });
        }
    }

    @Test
    void promotionWithoutTheNewestKeyFencesNoWriter() {
        Map<String, byte[]> before = store.objects();
        FollowerConfig config = FollowerConfig.builder(store.with(new TestKeys("old")), dir.resolve("standby"))
                .build();
        assertThatThrownBy(() -> ArchiveFollower.promote(config, 2))
                .isInstanceOfSatisfying(
                        WalRestoreException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KEY_MISSING));
        assertThat(store.objects().keySet()).isEqualTo(before.keySet());
    }

    private String segmentKey(int index) {
        return store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.SEGMENTS))
                .toList()
                .get(index);
    }

    private void assertContentIsSound() {
        var options = ArchiveVerifyOptions.level(Level.CONTENT).build();
        assertThat(new ArchiveVerifier(store).verify(options, WalProgress.NONE).problems())
                .isEmpty();
    }

    @Test
    void missingEncryptedObjectIsPutAgainWithTheSameBytes() {
        String key = segmentKey(2);
        byte[] before = store.objects().get(key);
        store.remove(key);
        ArchiveRepair.archive(store, LogFiles.of(log), WalProgress.NONE);
        assertThat(store.objects().get(key)).isEqualTo(before);
        assertContentIsSound();
    }

    @Test
    void damagedEncryptedObjectIsStatedAgainUnderAnotherDataKey() {
        String key = segmentKey(2);
        byte[] bad = store.objects().get(key);
        bad[bad.length / 2] ^= 1;
        store.damage(key, bad);
        ArchiveRepairReport report = ArchiveRepair.archive(store, LogFiles.of(log), WalProgress.NONE);
        assertThat(report.isComplete()).isTrue();
        assertThat(report.repaired())
                .singleElement()
                .satisfies(repaired -> assertThat(repaired.other()).isNotEmpty().isNotEqualTo(key));
        assertContentIsSound();
        assertThat(SmallLog.read(restored(store))).isEqualTo(SmallLog.read(log));
    }

    /** The shipper was allowed to encrypt by it. */
    @Test
    void objectIsStatedAgainByTheKeyOfTheArchiveAlsoIfItIsNotEscrowed() {
        store.remove(ArchiveKeys.escrow("new"));
        String key = segmentKey(2);
        byte[] bad = store.objects().get(key);
        bad[bad.length / 2] ^= 1;
        store.damage(key, bad);
        assertThat(ArchiveRepair.archive(store, LogFiles.of(log), WalProgress.NONE)
                        .isComplete())
                .isTrue();
        assertContentIsSound();
    }

    @Test
    void damagedSegmentOfTheLogIsReplacedFromTheEncryptedArchive() throws IOException {
        List<Entry> all = SmallLog.read(log);
        Path segment = log.resolve(LogFiles.of(log).sealedName(2));
        byte[] bad = Files.readAllBytes(segment);
        bad[bad.length / 2] ^= 1;
        Files.write(segment, bad);
        assertThat(ArchiveRepair.log(store, LogFiles.of(log), WalProgress.NONE).isComplete())
                .isTrue();
        assertThat(SmallLog.read(log)).isEqualTo(all);
        assertThat(ArchiveDivergence.of(store, LogFiles.of(log)).relation()).isEqualTo(ArchiveDivergence.Relation.SAME);
    }

    // ---- restore in two times

    @Test
    void encryptedSegmentsAreFilledIn() {
        Path target = dir.resolve("restored");
        DirectRestore.restore(store, RestoreOptions.into(target).fromCheckpoint());
        assertThat(SmallLog.read(target).get(0).sequence()).isGreaterThan(1);
        ArchiveFill.fill(store, target, ArchiveFillOptions.defaults());
        assertThat(SmallLog.read(target)).isEqualTo(SmallLog.read(log));
    }
}
