package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Kind;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A restore that takes longer than the grace period after which a shipper drops the tails of committed segments. */
@Timeout(60)
class RestoreDuringShippingTest {
    private static final int RECORDS = 300;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private Path source;
    private TestArchive archive;

    @BeforeEach
    void ship() throws IOException {
        source = dir.resolve("source");
        SmallLog.idle(source, wal -> SmallLog.append(wal, RECORDS));
        archive = new TestArchive(store, source).tails(1, Long.MAX_VALUE);
    }

    private RestoreReport restore(HeapStore client) {
        RestoreOptions options = RestoreOptions.into(dir.resolve("target")).parallelism(2);
        return ArchiveRestore.run(
                client, options, new Restore(client, options, new Retries(n -> {}), Directories.REAL)::run);
    }

    /** Runs an action before the n-th read of a slot. The proof reads it once, then the fetch reads it again. */
    private HeapStore beforeRead(String key, int n, Runnable action) {
        AtomicInteger reads = new AtomicInteger();
        return store.client(request -> {
            if (request.kind() == Kind.GET && request.key().equals(key) && reads.incrementAndGet() == n) {
                action.run();
            }
            return null;
        });
    }

    private void commitAndDrop(long segment) {
        try {
            archive.segment(segment).dropTails();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void assertRestored(RestoreReport report) {
        assertThat(report.lastSequence()).isEqualTo(RECORDS);
        assertThat(SmallLog.read(dir.resolve("target"))).isEqualTo(SmallLog.read(source));
    }

    @Test
    void tailsDroppedBetweenProofAndFetchAreProvenAgainAsASegment() {
        String tail = ArchiveKeys.slot(archive.tailSlots().get(10));
        RestoreReport report = restore(beforeRead(tail, 2, () -> commitAndDrop(1)));
        assertRestored(report);
        assertThat(report.plan().segments()).isEqualTo(1);
        assertThat(report.notes()).anyMatch(note -> note.contains("proven again"));
    }

    @Test
    void tailsDroppedRepeatedlyAreProvenAgain() {
        String first = ArchiveKeys.slot(archive.tailSlots().get(10));
        String later =
                ArchiveKeys.slot(archive.tailSlots().get(archive.tailSlots().size() - 1));
        AtomicInteger reads = new AtomicInteger();
        HeapStore client = store.client(request -> {
            if (request.kind() == Kind.GET && request.key().equals(first) && reads.incrementAndGet() == 2) {
                commitAndDrop(1);
            } else if (request.kind() == Kind.GET && request.key().equals(ArchiveKeys.segment("orders", 1, 1))) {
                commitAndDrop(2);
            }
            return null;
        });
        assertThat(store.objects()).containsKey(later);
        assertRestored(restore(client));
    }

    @Test
    void tailThatIsDeletedPermanentlyIsAnError() {
        String tail = ArchiveKeys.slot(archive.tailSlots().get(10));
        HeapStore client = beforeRead(tail, 2, () -> {
            try {
                store.delete(List.of(tail));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        WalRestoreException refused = catchThrowableOfType(WalRestoreException.class, () -> restore(client));
        assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
        assertThat(refused.key()).contains(tail);
    }
}
