package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.internal.ship.FootersWithoutDigest;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The archive of a log whose footers do not state the SHA-256 of the data: the slots do. */
@Timeout(120)
class SegmentsWithoutDigestTest {
    private static final int RECORDS = 600;

    @TempDir
    Path dir;

    private Path log;
    private Path target;
    private String uri;
    private ObjectStore store;
    private List<SmallLog.Entry> records;

    @BeforeEach
    void makeArchive() throws IOException {
        log = dir.resolve("log");
        target = dir.resolve("target");
        uri = dir.resolve("archive").toUri().toString();
        store = ObjectStores.open(uri);
        try (Wal wal = SmallLog.open(log)) {
            SmallLog.append(wal, RECORDS);
            wal.writeCheckpoint(RECORDS / 2, out -> out.write(1));
        }
        FootersWithoutDigest.write(log);
        records = SmallLog.read(log);
        assertThat(records).hasSize(RECORDS);
        new TestArchive(store, log)
                .segments(1, LogFiles.of(log).sealed().size())
                .checkpoint(log, RECORDS / 2)
                .tails(1000, Long.MAX_VALUE);
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    @Test
    void logIsSound() {
        assertThat(WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE).isSound())
                .isTrue();
    }

    @Test
    void archiveIsSoundByContent() {
        ArchiveReport report = new ArchiveVerifier(store).full(WalProgress.NONE);
        assertThat(report.problems()).isEmpty();
        assertThat(report.isSound()).isTrue();
    }

    @Test
    void archiveIsRestored() {
        WalRecovery.restoreFrom(uri, RestoreOptions.into(target));
        assertThat(SmallLog.read(target)).isEqualTo(records);
    }

    @Test
    void olderSegmentsAreFilledIn() {
        WalRecovery.restoreFrom(uri, RestoreOptions.into(target).fromCheckpoint());
        assertThat(SmallLog.read(target)).hasSizeLessThan(RECORDS);
        ArchiveFill.fill(store, target, ArchiveFillOptions.defaults());
        assertThat(SmallLog.read(target)).isEqualTo(records);
    }

    @Test
    void standbyFollows() {
        FollowerConfig config = FollowerConfig.builder(store, target).build();
        try (ArchiveFollower follower = ArchiveFollower.start(config)) {
            assertThat(follower.awaitCaughtUp(Duration.ofMinutes(1))).isTrue();
            follower.promote(1);
        }
        assertThat(SmallLog.read(target)).isEqualTo(records);
    }

    @Test
    void logAndArchiveAreTheSame() throws IOException {
        assertThat(ArchiveDivergence.of(store, LogFiles.of(log)).relation()).isEqualTo(ArchiveDivergence.Relation.SAME);
    }
}
