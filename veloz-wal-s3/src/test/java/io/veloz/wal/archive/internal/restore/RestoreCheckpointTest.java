package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged checkpoint fails a restore only if the log requires it. */
class RestoreCheckpointTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path source;

    @BeforeEach
    void nameSource() {
        source = dir.resolve("source");
    }

    private TestArchive withTwoCheckpoints() throws IOException {
        try (Wal wal = SmallLog.open(source)) {
            SmallLog.append(wal, 60);
            wal.writeCheckpoint(20, out -> out.write(2));
        }
        var archive = new TestArchive(store, source).tails(1000, Long.MAX_VALUE).checkpoint(source, 20);
        try (Wal wal = SmallLog.open(source)) {
            wal.writeCheckpoint(30, out -> out.write(2));
            wal.writeCheckpoint(40, out -> out.write(4));
        }
        return archive.checkpoint(source, 40);
    }

    private void damage(long sequence) {
        String key = ArchiveKeys.checkpoint(sequence, 1);
        byte[] bytes = store.objects().get(key);
        bytes[bytes.length / 2] ^= 1;
        store.damage(key, bytes);
    }

    private RestoreReport restore(String name, RestoreOptions options) {
        return ArchiveRestore.run(
                store, options, new Restore(store, options, new Retries(n -> {}), Directories.REAL)::run);
    }

    private RestoreReport restore(String name) {
        return restore(name, RestoreOptions.into(dir.resolve(name)));
    }

    private Optional<Long> checkpoint(String name) {
        return WalCheckpoint.newest(ReadOptions.of(dir.resolve(name))).map(WalCheckpoint::sequence);
    }

    @Test
    void damagedNewestCheckpointIsReplacedByTheOlderOneAndReported() throws IOException {
        withTwoCheckpoints();
        damage(40);
        RestoreReport report = restore("all");
        assertThat(SmallLog.read(dir.resolve("all"))).isEqualTo(SmallLog.read(source));
        assertThat(checkpoint("all")).contains(20L);
        assertThat(report.notes()).anyMatch(note -> note.contains("up to 40") && note.contains("not used"));
        assertThat(report.plan().checkpointSequence()).isEqualTo(20);
    }

    @Test
    void reportStatesTheCheckpointOfACopyThatEndsBeforeTheNewestOne() throws IOException {
        withTwoCheckpoints();
        long time = SmallLog.read(source).get(29).timestampNanos();
        RestoreReport report =
                restore("time", RestoreOptions.into(dir.resolve("time")).untilTime(time));
        assertThat(report.lastSequence()).isEqualTo(30);
        assertThat(checkpoint("time")).contains(20L);
        assertThat(report.plan().checkpointSequence()).isEqualTo(20);
    }

    @Test
    void damagedCheckpointsAreIgnoredIfTheLogStartsWithItsFirstRecord() throws IOException {
        withTwoCheckpoints();
        damage(40);
        damage(20);
        RestoreReport report = restore("all");
        assertThat(checkpoint("all")).isEmpty();
        assertThat(report.plan().checkpointSequence()).isZero();
        assertThat(report.notes()).filteredOn(note -> note.contains("not used")).hasSize(2);
        restore("point", RestoreOptions.into(dir.resolve("point")).untilSequence(50));
        assertThat(SmallLog.read(dir.resolve("point"))).hasSize(50);
        restore("gaps", RestoreOptions.into(dir.resolve("gaps")).acceptGaps());
        assertThat(SmallLog.read(dir.resolve("gaps"))).hasSize(60);
    }

    @Test
    void objectThatIsNotACheckpointIsNotUsed() throws IOException {
        try (Wal wal = SmallLog.open(source)) {
            SmallLog.append(wal, 60);
            wal.writeCheckpoint(20, out -> out.write(2));
        }
        new TestArchive(store, source).tails(1000, Long.MAX_VALUE).checkpoint(source, 40);
        assertThat(restore("all").notes()).anyMatch(note -> note.contains("is not a checkpoint"));
        assertThat(checkpoint("all")).isEmpty();
    }

    @Test
    void damagedCheckpointIsAnErrorIfItCoversRecordsBeforeTheArchive() throws IOException {
        try (Wal wal = SmallLog.open(source)) {
            SmallLog.append(wal, 300);
            wal.writeCheckpoint(200, out -> out.write(1));
            wal.writeCheckpoint(250, out -> out.write(1));
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
        }
        var begin = WalRecovery.inspect(ReadOptions.of(source));
        new TestArchive(store, source, begin.segments().get(0).number(), begin.expectedFirstSequence())
                .tails(1000, Long.MAX_VALUE)
                .checkpoint(source, 200);
        damage(200);
        WalRestoreException refused = catchThrowableOfType(WalRestoreException.class, () -> restore("all"));
        assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
        assertThat(refused.key()).contains(ArchiveKeys.checkpoint(200, 1));
        restore("gaps", RestoreOptions.into(dir.resolve("all")).acceptGaps());
        assertThat(SmallLog.read(dir.resolve("all"))).isEqualTo(SmallLog.read(source));
        assertThat(LogFiles.of(dir.resolve("all")).isRestoring()).isFalse();
    }
}
