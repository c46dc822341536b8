package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveRepairReport.Cause;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.s3.S3ProxyServer;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.InterposedStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The repair of {@code log.json} from the slots. */
class IdentityRepairTest {
    private static final Retries AT_ONCE = new Retries(attempt -> {});

    @TempDir
    static Path shared;

    @TempDir
    Path dir;

    private static Path log;

    @BeforeAll
    static void writeLog() throws IOException {
        log = shared.resolve("log");
        SmallLog.idle(log, wal -> SmallLog.append(wal, 100));
    }

    private static <S extends ObjectStore> S archive(S store) throws IOException {
        new TestArchive(store, log)
                .segments(1, LogFiles.of(log).sealed().size())
                .epoch()
                .tails(1000, Long.MAX_VALUE);
        return store;
    }

    private static byte[] logJson(ObjectStore store) throws IOException {
        try (InputStream in = store.get(ArchiveKeys.LOG)) {
            return in.readAllBytes();
        }
    }

    private static byte[] changed(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8)
                .replace("\"firstSegment\":1", "\"firstSegment\":2")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static ArchiveRepairReport repair(ObjectStore store, String replaced) {
        return ArchiveIdentity.run(store, replaced, AT_ONCE);
    }

    @Test
    void missingAndChangedLogJsonInADirectory() throws IOException {
        try (ObjectStore store = archive(new DirectoryStore(dir.resolve("archive")))) {
            repairBoth(store);
        }
    }

    @Test
    void missingAndChangedLogJsonInABucket() throws IOException, InterruptedException {
        try (ObjectStore store = archive(S3ProxyServer.shared().open(S3ProxyServer.newUri()))) {
            repairBoth(store);
        }
    }

    private static void repairBoth(ObjectStore store) throws IOException {
        byte[] original = logJson(store);
        store.delete(List.of(ArchiveKeys.LOG));
        assertThat(ArchiveIdentity.repair(store).repaired()).singleElement().satisfies(repaired -> {
            assertThat(repaired.name()).isEqualTo("log.json");
            assertThat(repaired.cause()).isEqualTo(Cause.MISSING);
        });
        assertThat(logJson(store)).isEqualTo(original);
        assertThat(ArchiveIdentity.repair(store).repaired()).isEmpty();

        byte[] other = changed(original);
        store.delete(List.of(ArchiveKeys.LOG));
        store.putIfAbsent(ArchiveKeys.LOG, ObjectContent.of(other));
        ArchiveRepairReport refused = ArchiveIdentity.repair(store);
        assertThat(refused.isComplete()).isFalse();
        assertThat(refused.untouched().get(0).reason())
                .contains("firstSegment is 2, expected 1")
                .contains(Digest.of(other));
        assertThat(logJson(store)).isEqualTo(other);
        assertThat(ArchiveIdentity.replace(store, "0".repeat(64)).isComplete()).isFalse();
        assertThat(logJson(store)).isEqualTo(other);
        assertThat(ArchiveIdentity.replace(store, Digest.of(other)).repaired())
                .singleElement()
                .satisfies(repaired -> assertThat(repaired.cause()).isEqualTo(Cause.DAMAGED));
        assertThat(logJson(store)).isEqualTo(original);
        assertThat(new ArchiveVerifier(store).full(WalProgress.NONE).isSound()).isTrue();
    }

    @Test
    void logJsonThatIsTooLongIsReported() throws IOException {
        HeapStore store = archive(new HeapStore());
        byte[] noise = new byte[10_000];
        store.damage(ArchiveKeys.LOG, noise);
        ArchiveRepairReport refused = repair(store, "");
        assertThat(refused.untouched().get(0).reason()).contains("more than 4096 bytes");
        assertThat(logJson(store)).isEqualTo(noise);
    }

    @Test
    void archiveWithoutSlotsIsRefused() throws IOException {
        HeapStore store = new HeapStore();
        assertThatThrownBy(() -> repair(store, ""))
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining("has no slots");
        assertThat(store.objects()).doesNotContainKey(ArchiveKeys.LOG);
    }

    @Test
    void slotsOfTwoArchivesAreRefused() throws IOException {
        HeapStore store = archive(new HeapStore());
        HeapStore other = new HeapStore();
        new TestArchive(other, log, 2, 20);
        store.damage(ArchiveKeys.slot(1), other.objects().get(ArchiveKeys.slot(1)));
        store.remove(ArchiveKeys.LOG);
        WalRestoreException refused = catchThrowableOfType(WalRestoreException.class, () -> repair(store, ""));
        assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
        assertThat(refused).hasMessageContaining("the slots of two archives are mixed");
        assertThat(store.objects()).doesNotContainKey(ArchiveKeys.LOG);
    }

    @Test
    void objectThatAnotherProgramPutsMeanwhileIsNotTakenForTheOriginal() throws IOException {
        HeapStore store = archive(new HeapStore());
        byte[] original = logJson(store);
        byte[] other = changed(original);
        int refusals = 0;
        for (int n = 1; ; n++) {
            store.damage(ArchiveKeys.LOG, other);
            InterposedStore interposed = new InterposedStore(store, n, () -> store.damage(ArchiveKeys.LOG, other));
            try {
                assertThat(repair(interposed, Digest.of(other)).repaired()).hasSize(1);
            } catch (WalRestoreException e) {
                assertThat(e).hasMessageContaining("another program changes it");
                refusals++;
            }
            if (!interposed.isReached()) {
                break;
            }
        }
        assertThat(refusals).isPositive();
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"DIE_BEFORE", "DIE_AFTER"})
    void repairThatDiesAtAnyRequestIsCompletedByTheSameCall(Fault fault) throws IOException {
        HeapStore store = archive(new HeapStore());
        byte[] original = logJson(store);
        byte[] other = changed(original);
        for (int n = 1; ; n++) {
            store.damage(ArchiveKeys.LOG, other);
            HeapStore client = store.client(Plan.at(n, fault));
            var unused = catchThrowableOfType(WalRestoreException.class, () -> repair(client, Digest.of(other)));
            byte[] left = store.objects().get(ArchiveKeys.LOG);
            assertThat(left == null
                            || Digest.of(left).equals(Digest.of(other))
                            || Digest.of(left).equals(Digest.of(original)))
                    .isTrue();
            assertThat(repair(store, Digest.of(other)).isComplete()).isTrue();
            assertThat(logJson(store)).isEqualTo(original);
            if (!client.isDead()) {
                return;
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"FAIL", "LOSE_ANSWER", "LATE", "DUPLICATE"})
    void anyRequestCanFailOnce(Fault fault) throws IOException {
        HeapStore store = archive(new HeapStore());
        byte[] original = logJson(store);
        byte[] other = changed(original);
        for (int n = 1; ; n++) {
            store.damage(ArchiveKeys.LOG, other);
            HeapStore client = store.client(Plan.at(n, fault));
            var unused = catchThrowableOfType(WalRestoreException.class, () -> repair(client, Digest.of(other)));
            store.deliverLate();
            // A delete that arrives after the put has removed it again. Nothing else can be left.
            assertThat(repair(store, "").isComplete()).isTrue();
            assertThat(logJson(store)).isEqualTo(original);
            if (client.requests() < n) {
                return;
            }
        }
    }
}
