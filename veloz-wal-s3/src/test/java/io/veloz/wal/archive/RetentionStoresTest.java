package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.WalProgress;
import io.veloz.wal.archive.ArchiveRetentionReport.Outcome;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.s3.S3ProxyServer;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.restore.RestoreOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The care of an archive from the verification to the deletion, in the stores of production. */
class RetentionStoresTest {
    @TempDir
    static Path shared;

    @TempDir
    Path dir;

    private static CaredArchive archive;

    @BeforeAll
    static void make() throws IOException {
        archive = CaredArchive.make(shared.resolve("log"));
    }

    @Test
    void directoryIsVerifiedHeldRetiredAndRestored() throws IOException {
        try (ObjectStore store = new DirectoryStore(dir.resolve("archive"))) {
            careFor(store);
        }
    }

    @Test
    void bucketIsVerifiedHeldRetiredAndRestored() throws IOException, InterruptedException {
        try (ObjectStore store = S3ProxyServer.shared().open(S3ProxyServer.newUri())) {
            careFor(store);
        }
    }

    private void careFor(ObjectStore store) throws IOException {
        archive.copyTo(store);
        CareAccess care = archive.care(store);
        ArchiveRetentionOptions options =
                CaredArchive.options().keepFor(Duration.ofDays(42)).build();
        assertThat(archive.verify(store).isSound()).isTrue();
        ArchiveRetentionReport plan = ArchiveRetention.plan(care, options);
        assertThat(plan.outcome()).isEqualTo(Outcome.PLANNED);
        ArchiveCare.Hold hold = ArchiveHolds.hold(care, plan.firstSequence(), "audit");
        archive.clock.add(Duration.ofHours(24));
        // No checkpoint before the held record could replace what the plan retires.
        assertThat(ArchiveRetention.apply(care, options).outcome()).isEqualTo(Outcome.CLOSED);
        ArchiveHolds.release(care, hold.number());
        ArchiveRetention.plan(care, options);
        archive.clock.add(Duration.ofHours(24));
        ArchiveRetentionReport applied = ArchiveRetention.apply(care, options);
        assertThat(applied.outcome()).isEqualTo(Outcome.DELETED);
        CaredArchive.assertInvariants(store);
        assertThat(new ArchiveVerifier(care).quick(WalProgress.NONE).isSound()).isTrue();
        DirectRestore.restore(store, RestoreOptions.into(dir.resolve("restored")));
        List<SmallLog.Entry> all = SmallLog.read(shared.resolve("log"));
        assertThat(SmallLog.read(dir.resolve("restored")))
                .isEqualTo(all.subList((int) applied.firstSequence() - 1, all.size()));
        assertThat(catchThrowableOfType(
                                ArchiveCareException.class,
                                () -> ArchiveHolds.hold(care, applied.firstSequence() - 1, "late"))
                        .reason())
                .isEqualTo(ArchiveCareException.Reason.RETIRED);
    }
}
