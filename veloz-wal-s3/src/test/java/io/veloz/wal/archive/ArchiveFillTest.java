package io.veloz.wal.archive;

import static io.veloz.wal.archive.internal.restore.ManySegments.RECORDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveFillReport.Outcome;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.DirectRestore;
import io.veloz.wal.archive.internal.restore.ManySegments;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.s3.S3ProxyServer;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The second phase of a restore in two times, as an application uses it. */
@Timeout(120)
class ArchiveFillTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final ArchiveFillOptions OPTIONS =
            ArchiveFillOptions.defaults().keepFreeBytes(0).parallelism(2);

    @TempDir
    Path dir;

    private final HeapStore heap = new HeapStore();
    private Path target;

    private RestoreReport restore(ObjectStore store) throws IOException {
        ManySegments.make(store, dir.resolve("source"));
        target = dir.resolve("target");
        return DirectRestore.restore(store, RestoreOptions.into(target).fromCheckpoint());
    }

    private ArchiveFillReport fill(ObjectStore store) {
        return ArchiveFill.fill(store, target, OPTIONS, new Retries(n -> {}));
    }

    private static void assertSound(Path log) {
        assertThat(WalRecovery.verify(ReadOptions.of(log), WalProgress.NONE).isSound())
                .isTrue();
    }

    @Test
    void closedLogIsFilledIn() throws IOException {
        RestoreReport restored = restore(heap);
        ArchiveFillStatus pending = ArchiveFill.pending(LogFiles.of(target)).orElseThrow();
        assertThat(pending.archive()).isEqualTo("heap:store");
        assertThat(pending.firstSequence()).isEqualTo(restored.firstSequence());
        assertThat(pending.oldestSequence()).isEqualTo(1);
        assertThat(pending.leftSegments()).isEqualTo(restored.plan().leftSegments());
        ArchiveFillReport report = fill(heap);
        assertThat(report.outcome()).isEqualTo(Outcome.COMPLETE);
        assertThat(report.filledSegments()).isEqualTo(restored.plan().leftSegments());
        assertThat(report.firstSequence()).isEqualTo(1);
        assertThat(report.leftSegments()).isZero();
        assertThat(ArchiveFill.pending(LogFiles.of(target))).isEmpty();
        assertThat(SmallLog.read(target)).isEqualTo(SmallLog.read(dir.resolve("source")));
        assertSound(target);
        assertThat(fill(heap).outcome()).isEqualTo(Outcome.NOT_PENDING);
    }

    @Test
    void openLogIsFilledInWhileItAppendsAndShips() throws IOException {
        try (ObjectStore store =
                ObjectStores.open(dir.resolve("archive").toUri().toString())) {
            RestoreReport restored = restore(store);
            ShipperConfig config = ShipperConfig.builder(store)
                    .flushInterval(Duration.ofMillis(10))
                    .takeOver(restored.plan().epoch())
                    .build();
            try (Wal wal = SmallLog.open(target);
                    WalShipper shipper = WalShipper.start(wal, config);
                    ArchiveFill fill = ArchiveFill.start(store, wal, OPTIONS)) {
                ManySegments.append(wal, 100);
                assertThat(fill.await().outcome()).isEqualTo(Outcome.COMPLETE);
                assertThat(fill.isDone()).isTrue();
                ManySegments.append(wal, 100);
                assertThat(shipper.awaitArchived(wal.lastSequence(), LONG)).isTrue();
            }
            assertThat(SmallLog.read(target)).hasSize(RECORDS + 200);
            assertSound(target);
            Path again = dir.resolve("again");
            DirectRestore.restore(store, RestoreOptions.into(again));
            assertThat(SmallLog.read(again)).isEqualTo(SmallLog.read(target));
        }
    }

    /** The uploads of the last segments were slow. No later writer could commit a segment that is not in its log. */
    @Test
    void logWhoseLastSegmentsAreInTailsOnlyShipsAndIsFilledIn() throws IOException {
        Path source = dir.resolve("source");
        SmallLog.idle(source, wal -> {
            SmallLog.append(wal, 500);
            wal.writeCheckpoint(500, out -> out.write(1));
        });
        int sealed = LogFiles.of(source).sealed().size();
        assertThat(sealed).isGreaterThan(3);
        new TestArchive(heap, source)
                .segments(1, sealed - 2)
                .tails(2000, Long.MAX_VALUE)
                .checkpoint(source, 500);
        target = dir.resolve("target");
        RestoreReport restored =
                DirectRestore.restore(heap, RestoreOptions.into(target).fromCheckpoint());
        assertThat(restored.plan().leftSegments()).isEqualTo(sealed - 2);
        ShipperConfig config = ShipperConfig.builder(heap)
                .flushInterval(Duration.ofMillis(10))
                .takeOver(restored.plan().epoch())
                .build();
        try (Wal wal = SmallLog.open(target);
                WalShipper shipper = WalShipper.start(wal, config)) {
            SmallLog.append(wal, 5);
            assertThat(shipper.awaitArchived(505, LONG)).isTrue();
        }
        assertThat(fill(heap).outcome()).isEqualTo(Outcome.COMPLETE);
        assertThat(SmallLog.read(target))
                .hasSize(505)
                .startsWith(SmallLog.read(source).toArray(SmallLog.Entry[]::new));
        assertSound(target);
    }

    @Test
    void logInABucketIsRestoredInTwoTimes() throws IOException, InterruptedException {
        try (ObjectStore store = S3ProxyServer.shared().open(S3ProxyServer.newUri())) {
            RestoreReport restored = restore(store);
            assertThat(restored.firstSequence()).isGreaterThan(1);
            assertThat(fill(store).outcome()).isEqualTo(Outcome.COMPLETE);
            assertThat(SmallLog.read(target)).isEqualTo(SmallLog.read(dir.resolve("source")));
        }
    }

    @Test
    void trimEndsAFillThatWasStopped() throws IOException {
        restore(heap);
        try (Wal wal = SmallLog.open(target)) {
            ArchiveFill stopped = ArchiveFill.start(heap, wal, OPTIONS.parallelism(1));
            stopped.close();
            assertThat(stopped.await().outcome()).isIn(Outcome.STOPPED, Outcome.COMPLETE);
            wal.writeCheckpoint(RECORDS, out -> out.write(1));
            wal.writeCheckpoint(RECORDS, out -> out.write(1));
            wal.roll();
            assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
            assertThat(ArchiveFill.pending(wal.files())).isEmpty();
            try (ArchiveFill later = ArchiveFill.start(heap, wal, OPTIONS)) {
                assertThat(later.await().outcome()).isEqualTo(Outcome.NOT_PENDING);
            }
        }
        assertSound(target);
    }

    @Test
    void trimDuringAFillEndsIt() throws IOException {
        restore(heap);
        try (Wal wal = SmallLog.open(target)) {
            wal.writeCheckpoint(RECORDS, out -> out.write(1));
            wal.writeCheckpoint(RECORDS, out -> out.write(1));
            wal.roll();
            boolean[] trimmed = {false};
            HeapStore client = heap.client(request -> {
                if (request.key().startsWith("segments/") && request.key().contains("_0000000000000002.")) {
                    trimmed[0] = !wal.trim(0).deletedSegments().isEmpty();
                }
                return null;
            });
            try (ArchiveFill fill = ArchiveFill.start(client, wal, OPTIONS.parallelism(1))) {
                assertThat(fill.await().outcome()).isEqualTo(Outcome.TRIMMED);
            }
            assertThat(trimmed[0]).isTrue();
        }
        assertSound(target);
        assertThat(LogFiles.of(target).sealed()).isEmpty();
    }

    @Test
    void fillOfALogThatIsClosedMeanwhileContinuesLater() throws IOException {
        restore(heap);
        Wal wal = SmallLog.open(target);
        HeapStore client = heap.client(request -> {
            if (request.key().startsWith("segments/") && request.key().contains("_0000000000000003.")) {
                wal.close();
            }
            return null;
        });
        try (ArchiveFill fill = ArchiveFill.start(client, wal, OPTIONS.parallelism(1))) {
            ArchiveFillReport report = fill.await();
            assertThat(report.outcome()).isEqualTo(Outcome.STOPPED);
            assertThat(report.leftSegments()).isEqualTo(3);
            assertThat(report.leftObjectBytes()).isPositive();
        }
        assertSound(target);
        assertThat(fill(heap).outcome()).isEqualTo(Outcome.COMPLETE);
        assertThat(SmallLog.read(target)).hasSize(RECORDS);
    }

    @Test
    void failureIsReportedByAwaitAndTheLogStaysOpen() throws IOException {
        restore(heap);
        HeapStore denied = heap.client(request -> request.key().startsWith("segments/") ? Fault.DENY : null);
        try (Wal wal = SmallLog.open(target);
                ArchiveFill fill = ArchiveFill.start(denied, wal, OPTIONS)) {
            WalRestoreException refused = catchThrowableOfType(WalRestoreException.class, fill::await);
            assertThat(refused.reason()).isEqualTo(Reason.STORE_REFUSED);
            assertThat(wal.appendDurable(1, SmallLog.bytes("next"))).isEqualTo(RECORDS + 1);
        }
    }

    @Test
    void logThatAnotherProcessHasOpenIsRefused() throws IOException {
        restore(heap);
        try (Wal wal = SmallLog.open(target)) {
            assertThatThrownBy(() -> fill(heap)).isInstanceOf(WalLockedException.class);
            assertThat(wal.olderSegments().isPending()).isTrue();
        }
    }

    @Test
    void segmentsThatRetentionHasRemovedEndTheFill() throws IOException {
        CaredArchive archive = CaredArchive.make(dir.resolve("log")).verified();
        HeapStore store = archive.newStore();
        target = dir.resolve("target");
        RestoreReport restored =
                DirectRestore.restore(store, RestoreOptions.into(target).fromCheckpoint());
        ArchiveRetentionOptions options = CaredArchive.options()
                .keepFor(Duration.ofDays(42))
                .grace(Duration.ZERO)
                .build();
        long floor = ArchiveRetention.apply(archive.care(store), options).firstSequence();
        assertThat(floor).isBetween(2L, restored.firstSequence() - 1);
        ArchiveFillReport report = fill(store);
        assertThat(report.outcome()).isEqualTo(Outcome.RETIRED);
        assertThat(report.firstSequence()).isEqualTo(floor);
        assertThat(SmallLog.read(target))
                .isEqualTo(SmallLog.read(dir.resolve("log")).subList((int) floor - 1, CaredArchive.RECORDS));
        assertSound(target);
        assertThat(ArchiveFill.pending(LogFiles.of(target))).isEmpty();
    }

    @Test
    void secondFillOfAnOpenLogIsRefusedUntilTheFirstEnds() throws IOException {
        restore(heap);
        try (Wal wal = SmallLog.open(target)) {
            List<Throwable> refused = new ArrayList<>();
            HeapStore client = heap.client(request -> {
                if (request.key().startsWith("segments/") && refused.isEmpty()) {
                    refused.add(catchThrowable(() -> ArchiveFill.start(heap, wal, OPTIONS)));
                }
                return null;
            });
            try (ArchiveFill fill = ArchiveFill.start(client, wal, OPTIONS.parallelism(1))) {
                assertThat(fill.await().outcome()).isEqualTo(Outcome.COMPLETE);
            }
            assertThat(refused.get(0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("another fill of this log runs");
            try (ArchiveFill later = ArchiveFill.start(heap, wal, OPTIONS)) {
                assertThat(later.await().outcome()).isEqualTo(Outcome.NOT_PENDING);
            }
        }
        assertSound(target);
    }

    @Test
    void fillOfALogThatWasClosedCreatesNoFile() throws IOException {
        restore(heap);
        Wal wal = SmallLog.open(target);
        List<String> atClose = new ArrayList<>();
        HeapStore client = heap.client(request -> {
            if (!request.key().startsWith("segments/") || !atClose.isEmpty()) {
                return null;
            }
            wal.close();
            try {
                for (String name : names()) {
                    if (name.endsWith(".tmp")) {
                        Files.delete(target.resolve(name));
                    }
                }
                atClose.addAll(names());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return Fault.FAIL;
        });
        try (ArchiveFill fill = ArchiveFill.start(client, wal, OPTIONS.parallelism(1))) {
            assertThat(fill.await().outcome()).isEqualTo(Outcome.STOPPED);
        }
        assertThat(names()).containsExactlyElementsOf(atClose);
        assertThat(fill(heap).outcome()).isEqualTo(Outcome.COMPLETE);
        assertSound(target);
    }

    @Test
    void filledFilesHaveTheOwnerAndThePermissionsOfTheDirectory() throws IOException {
        restore(heap);
        assumeTrue(Files.getOwner(dir).getName().equals("root"), "only root can give files away");
        UserPrincipal nobody =
                dir.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-x---"));
        Files.setOwner(target, nobody);
        try (Stream<Path> files = Files.list(target)) {
            for (Path file : files.toList()) {
                Files.setOwner(file, nobody);
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
            }
        }
        assertThat(fill(heap).outcome()).isEqualTo(Outcome.COMPLETE);
        try (Stream<Path> files = Files.list(target)) {
            for (Path file : files.toList()) {
                assertThat(Files.getOwner(file)).as("%s", file).isEqualTo(nobody);
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .as("%s", file)
                        .isEqualTo("rw-r-----");
            }
        }
    }

    @Test
    void fillThatHasLostItsLockChangesNothingMore() throws IOException {
        restore(heap);
        List<String> left = new ArrayList<>();
        HeapStore client = heap.client(request -> {
            if (request.key().startsWith("segments/") && left.isEmpty()) {
                try {
                    Files.delete(target.resolve("orders.lock"));
                    left.addAll(names());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            return null;
        });
        assertThatThrownBy(() -> ArchiveFill.fill(client, target, OPTIONS.parallelism(1), new Retries(n -> {})))
                .isInstanceOf(WalRestoreException.class)
                .hasMessageContaining("lock");
        assertThat(names()).containsExactlyElementsOf(left);
        assertThat(fill(heap).outcome()).isEqualTo(Outcome.COMPLETE);
        assertSound(target);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(target)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
