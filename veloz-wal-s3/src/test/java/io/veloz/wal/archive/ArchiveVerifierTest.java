package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.WalProgress;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArchiveVerifierTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private final ArchiveVerifier verifier = new ArchiveVerifier(store, new Retries(attempt -> {}));

    @BeforeEach
    void ship() throws IOException {
        SmallLog.idle(dir, wal -> SmallLog.append(wal, 300));
        long sealed = LogFiles.of(dir).sealed().size();
        new TestArchive(store, dir).segments(1, sealed).tails(1000, Long.MAX_VALUE);
    }

    @Test
    void intactArchiveIsSound() {
        ArchiveReport report = verifier.full(WalProgress.NONE);
        assertThat(report.isSound()).isTrue();
        assertThat(report.bytesRead()).isEqualTo(report.status().segmentObjectBytes());
        assertThat(report.status().archivedSequence()).isEqualTo(300);
        assertThat(report.status().epoch()).isEqualTo(1);
        assertThat(verifier.quick(WalProgress.NONE).isSound()).isTrue();
    }

    @Test
    void reportIsOneLineWithIsoTimes() {
        ArchiveReport report = verifier.quick(WalProgress.NONE);
        assertThat(report.toString())
                .doesNotContain("\n")
                .contains("sound after quick verification", "records 1 to 300", "epoch 1, ")
                .contains("last written " + report.status().lastWritten());
    }

    @Test
    void missingObjectIsReported() throws IOException {
        String key = ArchiveKeys.segment("orders", 1, 1);
        store.delete(List.of(key));
        ArchiveReport report = verifier.quick(WalProgress.NONE);
        assertThat(report.isSound()).isFalse();
        assertThat(report.problems().get(0).key()).isEqualTo(key);
        assertThat(report.problems().get(0).firstSequence()).isEqualTo(1);
    }

    @Test
    void changedByteIsDetectedByFullVerification() {
        String key = ArchiveKeys.segment("orders", 2, 1);
        byte[] bytes = store.objects().get(key);
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
        assertThat(verifier.quick(WalProgress.NONE).isSound()).isTrue();
        assertThat(verifier.full(WalProgress.NONE).problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.key()).isEqualTo(key));
    }

    @Test
    void uploadThatWasNotCommittedIsAnOrphan() throws IOException {
        String key = ArchiveKeys.segment("orders", LogFiles.of(dir).sealed().size() + 1, 1);
        store.damage(key, new byte[3]);
        ArchiveReport report = verifier.quick(WalProgress.NONE);
        assertThat(report.isSound()).isTrue();
        assertThat(report.orphans()).containsExactly(key);
    }

    @Test
    void chunkOfABackupIsNotAnOrphan() throws IOException {
        store.damage("attachments/database_" + "0a".repeat(16) + ".dump.gpg.chunk00001", new byte[3]);
        assertThat(verifier.quick(WalProgress.NONE).orphans()).isEmpty();
    }
}
