package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.RecoveryPoints.Listed;
import io.veloz.wal.backup.internal.pgp.OpenPgp;
import io.veloz.wal.backup.internal.profile.RetentionSettings;
import io.veloz.wal.backup.internal.store.ChunkWriter;
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
class RecoveryPointsTest {
    private static final Instant START = Instant.parse("2026-01-10T02:15:00Z");
    private static final Duration DAY = Duration.ofDays(1);

    @TempDir(factory = MemoryDirectory.class)
    Path dir;

    private ObjectStore store;
    private TestArchive archive;

    @BeforeEach
    void openStore() {
        store = new DirectoryStore(dir.resolve("archive"));
        archive = new TestArchive(store);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    private Path file(String key) {
        return dir.resolve("archive").resolve(key);
    }

    private void flip(String key, int at) throws IOException {
        byte[] bytes = Files.readAllBytes(file(key));
        bytes[at] ^= 1;
        Files.write(file(key), bytes);
    }

    private PointsReport verify(boolean full) throws IOException {
        return RecoveryPoints.verify(store, full, Optional.empty(), RecoveryPoints.Progress.NONE);
    }

    // ---- list

    @Test
    void pointsAreListedOldestFirstWithTheirAge() throws IOException {
        archive.backup(START);
        archive.backup(START.plus(DAY));

        List<Listed> points = RecoveryPoints.list(store, START.plus(DAY).plusSeconds(60));

        assertThat(points).extracting(listed -> listed.point().number()).containsExactly(1L, 2L);
        assertThat(points).extracting(Listed::age).containsExactly(DAY.plusSeconds(60), Duration.ofSeconds(60));
        assertThat(points)
                .allMatch(Listed::isWhole)
                .allMatch(listed -> listed.droppedBy().isEmpty());
    }

    @Test
    void aMissingChunkAndOneOfAnotherSizeAreProblemsOfThePoint() throws IOException {
        List<String> keys = TestArchive.keys(archive.backup(START));
        archive.backup(START.plus(DAY));
        Files.delete(file(keys.get(0)));
        Files.write(file(keys.get(1)), new byte[3]);

        List<Listed> points = RecoveryPoints.list(store);

        assertThat(points.get(0).problems())
                .containsExactly(keys.get(0) + " is missing", keys.get(1) + " has 3 bytes; the point names 10");
        assertThat(points.get(0))
                .hasToString("point 1, made 2026-01-10T02:15:00Z, not whole: 2 chunks, " + keys.get(0) + " is missing");
        assertThat(points.get(1).isWhole()).isTrue();
    }

    @Test
    void chunksAreFoundByListingAndNotOneByOne() throws IOException {
        archive.point(START, archive.attachment(Kind.VAULT, 50, START));
        SteppedStore counting = new SteppedStore(store, request -> {});

        assertThat(RecoveryPoints.list(counting)).hasSize(1);

        assertThat(counting.requests()).isLessThan(10);
    }

    @Test
    void aDamagedPointIsReported() throws IOException {
        archive.backup(START);
        archive.backup(START);
        flip("points/00000000000000000001", 30);

        assertThatThrownBy(() -> RecoveryPoints.list(store))
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DAMAGED))
                .hasMessageContaining("points/00000000000000000001 SHA-256 mismatch");
    }

    @Test
    void aMissingPointIsReported() throws IOException {
        archive.backup(START);
        archive.backup(START);
        Files.delete(file("points/00000000000000000001"));

        assertThatThrownBy(() -> RecoveryPoints.newestWhole(store))
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DAMAGED))
                .hasMessageContaining("points/00000000000000000001 is missing; the newest is 2");
    }

    @Test
    void aDroppedPointIsListedWithItsPlan() throws IOException {
        RetentionSettings settings = new RetentionSettings(DAY, 1, 0, DAY, Optional.empty());
        for (int day = 0; day < 3; day++) {
            archive.backup(START.plus(DAY.multipliedBy(day)));
        }
        Retention.plan(store, settings, START.plus(DAY.multipliedBy(4)));
        Retention.apply(store, settings, START.plus(DAY.multipliedBy(5)));

        List<Listed> points = RecoveryPoints.list(store);

        assertThat(points.get(0).droppedBy()).hasValue(1);
        assertThat(points.get(0).toString()).contains("not whole").endsWith(", dropped by retention plan 1");
        assertThat(points.get(2).droppedBy()).isEmpty();
        assertThat(verify(true).isClean()).isTrue();
        assertThat(verify(true).dropped()).isEqualTo(2);
    }

    @Test
    void anArchiveWithoutPointsHasNone() throws IOException {
        assertThat(RecoveryPoints.list(store)).isEmpty();
        assertThat(RecoveryPoints.newestWhole(store)).isEmpty();
    }

    @Test
    void theNewestWholePointIsNotTheNewestIfThatLacksAChunk() throws IOException {
        archive.backup(START);
        RecoveryPoint newest = archive.backup(START);
        Files.delete(file(TestArchive.keys(newest).get(1)));

        assertThat(RecoveryPoints.newestWhole(store)).map(RecoveryPoint::number).contains(1L);
    }

    // ---- verify

    @Test
    void verificationBySizeReadsNoChunk() throws IOException {
        flip(TestArchive.keys(archive.backup(START)).get(0), 2);

        assertThat(verify(false).isClean()).isTrue();
    }

    @Test
    void fullVerificationFindsAChangedByte() throws IOException {
        String changed = TestArchive.keys(archive.backup(START)).get(1);
        archive.backup(START);
        flip(changed, 2);

        PointsReport report = verify(true);

        assertThat(report.isClean()).isFalse();
        assertThat(report.findings().get(1L)).hasSize(1);
        assertThat(report.findings().get(1L).get(0)).contains("SHA-256 mismatch in " + changed);
        assertThat(report.findings().get(2L)).isEmpty();
        assertThat(report)
                .hasToString("PointsReport[points=2, notWhole=1, dropped=0, attachments=2, bytes=40, full=true,"
                        + " decrypted=false]");
    }

    @Test
    void aMissingChunkIsOneFinding() throws IOException {
        String missing = TestArchive.keys(archive.backup(START)).get(0);
        Files.delete(file(missing));

        assertThat(verify(true).findings().get(1L)).containsExactly(missing + " is missing");
    }

    @Test
    void anAttachmentThatTwoPointsNameIsReadOnceAndFoundTwice() throws IOException {
        Attachment shared = archive.attachment(Kind.CONFIGURATION, 1, START);
        archive.point(START, shared);
        archive.backup(START);
        flip(shared.chunkKey(0), 0);
        List<Long> done = new ArrayList<>();

        PointsReport report =
                RecoveryPoints.verify(store, true, Optional.empty(), (bytes, total) -> done.add(bytes * 100 / total));

        assertThat(report.attachments()).isEqualTo(2);
        assertThat(report.findings().get(1L))
                .hasSize(1)
                .isEqualTo(report.findings().get(2L));
        assertThat(done).isSorted().endsWith(100L);
    }

    // ---- decryption

    private Attachment encrypted(TestKeys keys, String id, String nameId) throws IOException {
        Path file = dir.resolve("backup.properties");
        Files.writeString(file, "state.directory = state\nsecrets.roots = secrets\n" + keys.profileLines());
        OpenPgp.Sender sender =
                OpenPgp.Sender.read(BackupProfile.read(file).settings().keys());
        try (ChunkWriter chunks = new ChunkWriter(
                        store, index -> Attachment.chunkKey(Kind.SECRETS, id, index), dir.resolve("spool"), 700);
                OpenPgp.EncryptingStream out = sender.encrypt(
                        chunks, Attachment.builder(Kind.SECRETS, nameId).build().contentName(TestArchive.LOG))) {
            out.write("content ".repeat(200).getBytes(StandardCharsets.UTF_8));
            out.finish();
            return Attachment.builder(Kind.SECRETS, id)
                    .signer(sender.signer())
                    .chunks(chunks.finish())
                    .build();
        }
    }

    private PointsReport decrypt(TestKeys keys) throws IOException {
        return RecoveryPoints.verify(store, true, Optional.of(keys.recovery()), RecoveryPoints.Progress.NONE);
    }

    @Test
    void withKeysEveryAttachmentIsDecryptedAndItsSignatureProven() throws IOException {
        TestKeys keys = new TestKeys(dir.resolve("keys"));
        archive.point(START, encrypted(keys, "a".repeat(32), "a".repeat(32)));

        PointsReport report = decrypt(keys);

        assertThat(report.isClean()).isTrue();
        assertThat(report.decrypted()).isTrue();
    }

    @Test
    void aMessageOfAnotherAttachmentIsFound() throws IOException {
        TestKeys keys = new TestKeys(dir.resolve("keys"));
        archive.point(START, encrypted(keys, "a".repeat(32), "b".repeat(32)));

        assertThat(verify(true).isClean()).isTrue();
        assertThat(decrypt(keys).findings().get(1L).get(0))
                .startsWith("secrets " + "a".repeat(32))
                .contains("_" + "b".repeat(32), "expected");
    }

    @Test
    void contentThatIsNotEncryptedIsFound() throws IOException {
        TestKeys keys = new TestKeys(dir.resolve("keys"));
        archive.point(START, encrypted(keys, "a".repeat(32), "a".repeat(32)));
        Attachment plain = archive.described(Kind.CONFIGURATION, 1, START);
        archive.putChunk(plain, 0);
        Attachment signed = Attachment.builder(plain.kind(), plain.id())
                .signer(TestKeys.fingerprint(keys.signer))
                .chunks(plain.chunks())
                .build();
        archive.point(START, signed);

        PointsReport report = decrypt(keys);

        assertThat(report.findings().get(1L)).isEmpty();
        assertThat(report.findings().get(2L)).hasSize(1);
        assertThat(report.findings().get(2L).get(0)).startsWith("configuration " + plain.id());
    }

    @Test
    void anAttachmentOfAnotherSignerIsAFinding() throws IOException {
        TestKeys keys = new TestKeys(dir.resolve("keys"));
        archive.point(START, encrypted(keys, "a".repeat(32), "a".repeat(32)));
        TestKeys others = new TestKeys(dir.resolve("others"));
        archive.point(START, encrypted(others, "b".repeat(32), "b".repeat(32)));

        PointsReport report = decrypt(keys);

        assertThat(report.findings().get(1L)).isEmpty();
        assertThat(report.findings().get(2L)).hasSize(1);
        assertThat(report.findings().get(2L).get(0))
                .contains(TestKeys.fingerprint(keys.signer), TestKeys.fingerprint(others.signer));
    }

    @Test
    void keysThatCannotBeReadAreAnError() throws IOException {
        TestKeys keys = new TestKeys(dir.resolve("keys"));
        archive.point(START, encrypted(keys, "a".repeat(32), "a".repeat(32)));
        Files.delete(dir.resolve("keys/operations.key"));

        assertThatThrownBy(() -> decrypt(keys))
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KEY_MISSING))
                .hasMessageContaining("operations.key");
    }

    @Test
    void keysWithoutAFullVerificationAreRefused() throws IOException {
        TestKeys keys = new TestKeys(dir.resolve("keys"));

        assertThatThrownBy(() ->
                        RecoveryPoints.verify(store, false, Optional.of(keys.recovery()), RecoveryPoints.Progress.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("only if every chunk is read");
    }
}
