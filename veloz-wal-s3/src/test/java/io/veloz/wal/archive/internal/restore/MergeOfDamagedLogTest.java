package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.Wal;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A merge with a log that has damaged records after the end of the archive. */
@Timeout(60)
class MergeOfDamagedLogTest {
    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();

    private RestoreReport restore(RestoreOptions options) {
        return ArchiveRestore.run(
                store, options, new Restore(store, options, new Retries(n -> {}), Directories.REAL)::run);
    }

    @Test
    void mergeThatWouldDropRecordsAfterTheArchiveIsRejected() throws IOException {
        Path log = dir.resolve("log");
        try (Wal wal = SmallLog.open(log)) {
            SmallLog.append(wal, 900);
        }
        TestArchive archive = new TestArchive(store, log).segment(1).segment(2);
        long archived = archive.archived().sequence();
        Path fourth = log.resolve("orders_0000000000000004.wal");
        byte[] bytes = Files.readAllBytes(fourth);
        bytes[6000] ^= 1;
        Files.write(fourth, bytes);
        assertThatThrownBy(() -> restore(RestoreOptions.into(log).merge()))
                .isInstanceOfSatisfying(WalRestoreException.class, refused -> {
                    assertThat(refused.reason()).isEqualTo(WalRestoreException.Reason.DIVERGED);
                    assertThat(refused).hasMessageContainingAll("the archive up to " + archived, "salvage");
                });
        assertThat(Files.readAllBytes(fourth)).isEqualTo(bytes);
    }
}
